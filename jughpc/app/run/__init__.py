"""Be a worker, or the reduce: what runs on compute nodes. Knows nothing of jobs."""
