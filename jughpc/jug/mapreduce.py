"""The names of jug.mapreduce."""

from jughpc.library.mapreduce import block_access, block_access_slice, currymap, map, mapreduce, reduce

__all__ = ["block_access", "block_access_slice", "currymap", "map", "mapreduce", "reduce"]
