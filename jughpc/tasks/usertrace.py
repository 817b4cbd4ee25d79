"""Tracebacks as users want them: their own lines, and none of ours."""

from __future__ import annotations

from pathlib import Path
from traceback import StackSummary, TracebackException

_OURS = str(Path(__file__).parents[1]) + "/"


def of(error: BaseException) -> str:
    """Return the traceback of `error` and of what caused it, without the lines of jughpc."""
    trace = TracebackException.from_exception(error)
    _strip(trace)
    return "".join(trace.format())


def _strip(trace: TracebackException) -> None:
    waiting = [trace]
    while waiting:
        part = waiting.pop()
        part.stack = StackSummary.from_list([frame for frame in part.stack if not _is_ours(frame.filename)])
        waiting += [cause for cause in (part.__cause__, part.__context__) if cause]
        waiting += getattr(part, "exceptions", None) or []  # of a group, since 3.11


def _is_ours(filename: str) -> bool:
    return filename.startswith((_OURS, "<frozen importlib"))
