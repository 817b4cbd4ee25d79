"""Write results where people want them."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import yaml

from jughpc.library.describe import describe
from jughpc.tasks.digest import arrays
from jughpc.tasks.generator import TaskGenerator
from jughpc.tasks.task import Task
from jughpc.tasks.tasklet import NoLoad


def write_task_out(
    result: Any, oname: str, metadata_fname: str | None = None, metadata_format: str = "yaml"
) -> Task[None]:
    """Return a task that writes a result to the file `oname`: as NumPy's .npy if it is an array, else as a pickle.

    Args:
        metadata_fname: Where to write how the result was computed.
        metadata_format: "yaml" or "json".
    """
    return _do_write_task_out(result, NoLoad(result), oname, metadata_fname, metadata_format)


def write_metadata(result: Any, metadata_fname: str, metadata_format: str = "yaml") -> None:
    """Write how a result was computed: its task, its arguments, and all that it depends on.

    Args:
        metadata_format: "yaml" or "json".
    """
    words = json.dumps(describe(result), default=repr, indent=2)
    if metadata_format == "yaml":
        words = yaml.safe_dump(json.loads(words))
    elif metadata_format != "json":
        raise ValueError(f"metadata as {metadata_format!r}; it can be 'yaml' or 'json'")
    Path(metadata_fname).write_text(words)


def _write(value: Any, source: NoLoad, oname: str, metadata_fname: str | None, metadata_format: str) -> None:
    with Path(oname).open("wb") as file:
        if arrays.is_array(value):
            arrays.save(file, value)
        else:
            pickle.dump(value, file, protocol=4)
    if metadata_fname is not None:
        write_metadata(source.base, metadata_fname, metadata_format)


_write.__name__ = _write.__qualname__ = "_do_write_task_out"
for _f in (_write, write_task_out, write_metadata):
    _f.__module__ = "jug.io"  # as its tasks' names tell
_do_write_task_out = TaskGenerator(_write)
