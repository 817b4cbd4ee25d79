"""The names of jug.backends."""

from jughpc.jug.backends import dict_store, file_store, redis_store
from jughpc.jug.backends.memoize_store import memoize_store
from jughpc.jug.backends.select import select

__all__ = ["dict_store", "file_store", "memoize_store", "redis_store", "select"]
