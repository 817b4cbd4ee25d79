"""Run Python tasks on HPC clusters: jugfiles, workers on a shared folder, SLURM and PBS arrays."""

__version__ = "0.1.0"
