"""The names of jug.mapreduce."""

from jughpc.tasks.mapreduce import (
    block_access,
    block_access_slice,
    currymap,
    map,  # noqa: A004  # jug's name
    mapreduce,
    reduce,
)

__all__ = ["block_access", "block_access_slice", "currymap", "map", "mapreduce", "reduce"]
