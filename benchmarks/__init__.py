"""What jughpc costs, beside jug and beside the file system alone: `python -m benchmarks`."""
