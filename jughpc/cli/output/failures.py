"""How failures look: alike ones together, on one screen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import dropwhile
from pathlib import Path
from typing import Any

from jughpc.app.status.alike import STACK, Alike, alike, cut, gist, last_frame
from jughpc.store.failure import Failure
from jughpc.units import moment

_SCREEN, _MOST = 35, 17  # lines, and kinds, that are shown unless all is asked for
_HEAD = 5  # lines of a kind, but for its traceback
_LONGEST = 20  # lines of one traceback
_TOLD = 3  # kinds that a worker tells of
_MARKS = frozenset("^~ ")  # what a line holds that points at a part of the one above

Logs = Mapping[bytes, Path]
"""Where the output of a failed task is, by its digest, as far as it is anywhere."""


def lines(kinds: Sequence[Alike], logs: Logs, at: str, width: int) -> Iterator[str]:
    """Yield failures by kind, each with as much of it as there is room for on one screen, and what to do next.

    Args:
        at: As `target.named` has it.
        width: Of a line [characters]; what is longer is cut, but for tracebacks.
    """
    shown, count = kinds[:_MOST], sum(map(len, kinds))
    if count > 1:
        yield f"{count} failed tasks, of {_number(len(kinds), 'kind')}" + (":" if len(kinds) == 1 else ", most first:")
    room = _SCREEN // max(1, len(shown))
    for kind in shown:
        yield from _few(kind, width) if room < _HEAD else _many(kind, logs, room - _HEAD, width)
    if rest := kinds[_MOST:]:
        yield f"and {_number(len(rest), 'kind')} more, of {_number(sum(map(len, rest)), 'task')}: --full lists them all"
    if kinds:
        yield from _next(kinds[0].first, at)


def at_the_end(failures: Sequence[Failure]) -> Iterator[str]:
    """Yield what a worker says at its end of what failed: of the largest kinds the first failure."""
    kinds = alike(failures)
    for kind in kinds[:_TOLD]:
        first = kind.first
        how = "failed" if len(kind) == 1 else f"and {len(kind) - 1} like it failed"
        yield f"\n{first.call or first.name} {how}:\n{first.trace or first.exception}"
    if len(kinds) > _TOLD:
        yield f"\nand {_number(len(kinds) - _TOLD, 'kind')} of failures more: `jughpc failures` shows all."


def in_full(failures: Sequence[Failure], calls: Mapping[bytes, str], logs: Logs) -> Iterator[str]:
    """Yield each failure with its whole traceback.

    Args:
        calls: Each task's call with all arguments, as far as that is known.
    """
    for failure in failures:
        yield f"{failure.name} {_short(failure)}: {failure.exception}"
        if call := calls.get(failure.digest, failure.call):
            yield f"  {call}"
        yield f"  on {_where(failure)}"
        if log := logs.get(failure.digest):
            yield f"  log: {log}"
        yield "" if failure.trace.strip() == failure.exception else failure.trace


def rows(kinds: Sequence[Alike], logs: Logs) -> list[dict[str, Any]]:
    """Return all failures as JSON has them, those of a kind one after the other."""
    return [_row(number, failure, logs) for number, kind in enumerate(kinds) for failure in kind.failures]


def _row(kind: int, failure: Failure, logs: Logs) -> dict[str, Any]:
    frame, log = last_frame(failure.trace), logs.get(failure.digest)
    more = {"kind": kind, "place": asdict(frame) if frame else None, "log": str(log) if log else None}
    return {**asdict(failure), "digest": failure.digest.hex(), **more}


def _few(kind: Alike, width: int) -> Iterator[str]:
    place = f"{kind.frame}; " if kind.frame else ""
    yield _fitting(_head(kind), width)
    yield _fitting(f"    {place}first {_call(kind.first)}", width)


def _many(kind: Alike, logs: Logs, room: int, width: int) -> Iterator[str]:
    yield _head(kind) if room > _HEAD else _fitting(_head(kind), width)
    yield from _trace(kind, min(room, _LONGEST)) if room > 1 else _place(kind)
    if len(kind.functions) > 1:
        yield _list("of", [f"{name} ({count})" for name, count in kind.functions.most_common()], width)
    yield _list("", [_call(failure) for failure in kind.failures], width)
    hosts = {failure.host for failure in kind.failures} - {kind.first.host}
    others = f", and on {_number(len(hosts), 'host')} more" if hosts else ""
    yield _fitting(f"    {'first ' if len(kind) > 1 else ''}on {_where(kind.first)}{others}", width)
    if log := logs.get(kind.first.digest):
        yield f"    log: {log}"


def _place(kind: Alike) -> Iterator[str]:
    if kind.frame:
        yield f"    {kind.frame}"


def _trace(kind: Alike, most: int) -> Iterator[str]:
    """Yield the end of the first traceback, with nothing in it but the user's lines, and what the head does not say."""
    exception = kind.first.exception
    if kind.first.trace.strip() == exception:
        return
    text = cut(kind.first.trace.rstrip().removesuffix(exception)).removeprefix(f"{STACK}\n").rstrip()
    stack, said = (
        [line for line in part.splitlines() if not set(line) <= _MARKS] for part in (text, exception.partition("\n")[2])
    )
    said = [line for line in said if line.strip() and not gist(exception).endswith(f" {line.strip()}")]
    room = max(most - len(said), most // 2)  # of a long text the end tells most, but never without a line of the user's
    if len(stack) > room:
        yield "      ..."
        stack = list(dropwhile(lambda line: not line.startswith("  File"), stack[-room:])) or stack[-room:]
    yield from (f"    {line}" for line in stack)
    if len(said) > (left := most - len(stack)):
        yield "      ..."
        said = said[-left:] if left else []
    yield from (f"    {line}" for line in said)


def _next(failure: Failure, at: str) -> Iterator[str]:
    short = _short(failure)
    kept = {f"logs{at} --task {short}": "what it put out"} if failure.submission else {}  # by hand nothing is
    steps = kept | {
        f"failures{at} --debug {short}": "run it here, with pdb",
        f"failures{at} --retry-failed": "let all run again; --full lists each",
    }
    longest = max(map(len, steps))
    for number, (step, what) in enumerate(steps.items()):
        yield f"{'next:' if not number else '':5} jughpc {step:{longest}}  {what}"


def _head(kind: Alike) -> str:
    what = gist(kind.first.exception)
    return f"{len(kind)} x {what}" if len(kind) > 1 else what


def _call(failure: Failure) -> str:
    return f"{failure.call or failure.name} {_short(failure)}"


def _short(failure: Failure) -> str:
    return failure.digest.hex()[:8]


def _where(failure: Failure) -> str:
    return f"{failure.host} ({failure.owner or 'by hand'}) at {moment(failure.when)}, tries {failure.tries}"


def _list(head: str, words: Sequence[str], width: int) -> str:
    """Return a line with as many of `words` as fit, one at least."""
    shown = 1
    for number in range(2, len(words) + 1):
        if len(_listed(head, words, number)) <= width:
            shown = number
        else:
            break
    return _fitting(_listed(head, words, shown), width)


def _listed(head: str, words: Sequence[str], count: int) -> str:
    more = f" and {len(words) - count} more" if len(words) > count else ""
    return f"    {head + ' ' if head else ''}{', '.join(words[:count])}{more}"


def _number(count: int, thing: str) -> str:
    return f"{count} {thing}" + ("" if count == 1 else "s")


def _fitting(line: str, width: int) -> str:
    return line if len(line) <= width else f"{line[: width - 3]}..."
