"""How logs look: a list of them, and their text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from jughpc.app.status.logs import Log
from jughpc.app.status.outputs import Outputs, Part
from jughpc.app.status.texts import Text, whole
from jughpc.batch.submissions import Submission
from jughpc.cli.output.terminal import near
from jughpc.units import show_memory

_MOST = 30  # logs that are listed
_LOOKED_AT = 5  # lines at the end of a log, of which the last that is not empty tells of it
_SHOWN = 1 << 20  # [bytes] of one text


def listed(submission: Submission, logs: Sequence[Log], jugfile: str, width: int) -> Iterator[str]:
    """Yield which logs there are, each with its size and its last line."""
    folder = near(submission.folder / "logs")
    yield f"submission {submission.number} ({submission.scheduler}), logs in {folder}:"
    for log in logs[:_MOST]:
        text = whole(log.path)
        last = [line for line in map(words, text.since(_LOOKED_AT).lines()) if line.strip()]
        line = f"{log!s:<14} {_size(text):>8}  {last[-1] if last else ''}".rstrip()
        yield line if len(line) <= width else f"{line[: width - 3]}..."
    if len(logs) > _MOST:
        yield f"and {len(logs) - _MOST} more"
    first = logs[0]
    one = f"--element {first.element}" if first.element >= 0 else f"--{first.role.value}"
    yield f"next: jughpc logs {jugfile} {one} (or --failed, --task TASK, --follow)"


def shown(text: Text, tail: int | None) -> Iterator[str]:
    """Yield the lines of a text: so many of the last, or what there is of it in the last MiB."""
    recent = text.recent(_SHOWN) if tail is None else text.since(tail)
    if (left := recent.start - text.start) and tail is None:
        yield f"[{show_memory(left)} before this are left out; all of it: {near(text.path)}]"
    yield from map(words, recent.lines())


def of_logs(logs: Sequence[Log], tail: int | None, *, with_lines: bool) -> list[dict[str, Any]]:
    """Return logs as JSON shows them; see docs/failures.md."""
    return [{**_place(log), **(_content(whole(log.path), tail) if with_lines else {})} for log in logs]


def of_parts(found: Outputs, tail: int | None) -> list[dict[str, Any]]:
    """Return as JSON what tries of tasks put out; last, without a log, the tasks of which nothing is kept."""
    parts = [
        {
            "digest": part.digest, "call": found.calls.get(part.digest), "how": part.how, "host": part.host,
            "worker": part.worker, **_place(part.log), "start": part.start, "end": part.end,
            **_content(part.text, tail),
        }
        for part in found.parts
    ]  # fmt: skip
    silent = [{"digest": digest, "call": found.calls.get(digest), "log": None} for digest in found.silent]
    return [*parts, *silent]


def _place(log: Log) -> dict[str, Any]:
    where = {"submission": log.submission, "role": log.role.value, "element": log.element, "log": str(log.path)}
    return {**where, "bytes": whole(log.path).end}


def _content(text: Text, tail: int | None) -> dict[str, Any]:
    recent = text.recent(_SHOWN) if tail is None else text.since(tail)
    return {"skipped": recent.start - text.start, "lines": list(map(words, recent.lines()))}


def words(line: bytes) -> str:
    """Return a line as a terminal shows it in the end: a progress bar goes back to its beginning time and again."""
    return line.decode(errors="replace").rstrip("\r\n").rpartition("\r")[2]


def head(log: Log) -> str:
    """Return what stands above a log."""
    return f"==> {log} of submission {log.submission}: {near(log.path)} <=="


def head_of(part: Part, calls: Mapping[str, str]) -> str:
    """Return what stands above the output of a task.

    Args:
        calls: How tasks were called, by digest.
    """
    where = f"{part.log} of submission {part.log.submission}" + (f", worker {part.worker}" if part.worker else "")
    return f"==> {_call(part.digest, calls)}: {part.how}, on {part.host}, {where} <=="


def marked(log: Log, line: bytes) -> str:
    """Return a line as it is followed."""
    return f"[{log.element if log.element >= 0 else log}] {words(line)}"


def of_silent(digests: Sequence[str], calls: Mapping[str, str]) -> str:
    """Return what to say of tasks of which there is nothing to show."""
    first = _call(digests[0], calls)
    what = first if len(digests) == 1 else f"{len(digests)} tasks, {first} first,"
    return f"{what} put out nothing that is kept; what is put out by hand is not. `jughpc explain` tells more."


def _call(digest: str, calls: Mapping[str, str]) -> str:
    return f"{calls[digest]} {digest[:8]}" if digest in calls else digest[:8]


def _size(text: Text) -> str:
    return show_memory(text.end) if text.end >= 1 << 10 else f"{text.end} B"
