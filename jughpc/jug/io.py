"""The names of jug.io."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from typing import Any

from jughpc.library.io import write_metadata, write_task_out
from jughpc.library.table import table
from jughpc.tasks.tasklet import NoLoad

__all__ = ["NoLoad", "get_terminal_size", "print_task_summary_table", "write_metadata", "write_task_out"]


def get_terminal_size() -> tuple[int, int]:
    """Return the columns and lines of the terminal."""
    return shutil.get_terminal_size((80, 25))


def print_task_summary_table(options: Any, groups: Sequence[tuple[str, Mapping[str, int]]]) -> None:
    """Print counts by task name.

    Args:
        options: Its `print_out` prints, if it has one.
        groups: The heading and the counts of each column.
    """
    names = {name for _, counts in groups for name in counts}
    rows = {name: [counts.get(name, 0) for _, counts in groups] for name in names}
    text = table([heading for heading, _ in groups], rows, get_terminal_size()[0])
    getattr(options, "print_out", print)(text)
