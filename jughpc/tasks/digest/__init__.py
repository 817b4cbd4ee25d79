"""The digest of a task: a canonical encoding of its function and arguments."""
