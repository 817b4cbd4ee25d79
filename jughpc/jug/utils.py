"""The names of jug.utils."""

from jughpc.tasks.matching import by_both as prepare_matcher_from_options
from jughpc.tasks.matching import by_name as prepare_name_matcher
from jughpc.tasks.matching import by_pattern as prepare_task_matcher
from jughpc.tasks.utils import (
    CustomHash,
    cached_glob,
    glob_sort,
    hash_with_mtime_size,
    identity,
    jug_execute,
    sync_move,
    timed_path,
)

__all__ = [
    "CustomHash",
    "cached_glob",
    "glob_sort",
    "hash_with_mtime_size",
    "identity",
    "jug_execute",
    "prepare_matcher_from_options",
    "prepare_name_matcher",
    "prepare_task_matcher",
    "sync_move",
    "timed_path",
]
