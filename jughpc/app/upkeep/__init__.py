"""Change a store by hand beside live workers: free, remove, merge."""
