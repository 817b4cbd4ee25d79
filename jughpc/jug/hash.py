"""The names of jug.hash."""

from jughpc.tasks.digest.hashing import hash_one, hash_update, new_hash_object

__all__ = ["hash_one", "hash_update", "new_hash_object"]
