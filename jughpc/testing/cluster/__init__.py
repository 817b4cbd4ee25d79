"""A simulated cluster behind the `Run` port: Slurm or PBS by its texts, stepped on a simulated clock by one seed."""
