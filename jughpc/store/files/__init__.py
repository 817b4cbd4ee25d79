"""The store in a shared folder."""
