"""Arrays of any command, on SLURM, PBS or this machine. Knows nothing of tasks or results."""
