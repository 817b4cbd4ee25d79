"""Read a small file of JSON that anybody may have written: no more than it can hold."""

from __future__ import annotations

import json
from typing import Any

from jughpc.fs import Files

MOST = 1 << 24
"""No file of ours that is read so is larger [bytes]: a submission's record, the ends of 10^5 elements."""


def read_json(files: Files, path: str, most: int = MOST) -> Any:
    """Return what `path` holds. Raises FileNotFoundError, ValueError that says what is wrong with it."""
    data = files.read(path, most + 1)
    if len(data) > most:
        raise ValueError(f"{path} is larger than any such file")
    try:
        return json.loads(data)
    except RecursionError:
        raise ValueError(f"{path} is nested deeper than any such file") from None
