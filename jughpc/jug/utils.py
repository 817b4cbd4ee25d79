"""The names of jug.utils."""

from __future__ import annotations

import argparse

from jughpc.library.utils import (
    CustomHash,
    cached_glob,
    glob_sort,
    hash_with_mtime_size,
    identity,
    jug_execute,
    sync_move,
    timed_path,
)
from jughpc.tasks.matching import by_both as prepare_matcher_from_options
from jughpc.tasks.matching import by_name as prepare_name_matcher
from jughpc.tasks.matching import by_pattern as prepare_task_matcher

__all__ = [
    "CustomHash",
    "add_task_selection_options",
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


def add_task_selection_options(
    parser: argparse.ArgumentParser, name_dest: str, pattern_dest: str, required: bool, what: str
) -> None:
    """Add --name and --pattern, of which one may be given, to the parser of a script.

    Args:
        name_dest, pattern_dest: Where the values go; `prepare_matcher_from_options` takes them.
        required: Whether one must be given.
        what: What is done to the tasks, for the help.
    """
    either = parser.add_mutually_exclusive_group(required=required)
    either.add_argument("--name", dest=name_dest, help=f"{what} of this name, or its end behind a dot; * and ?")
    either.add_argument("--pattern", dest=pattern_dest, help=f"{what} whose name holds this, or matches /this/")
