"""What tasks put out: the parts of logs that are theirs, by what workers noted beside the logs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from jughpc.app.context import session as sessions
from jughpc.app.context.site import Site
from jughpc.app.status import failures
from jughpc.app.status.logs import Log, Which, logs_in, submission_of
from jughpc.app.status.tasks import manifest_of
from jughpc.app.status.texts import Text, size
from jughpc.batch import submissions
from jughpc.batch.scheduler import Role
from jughpc.batch.submissions import Submission
from jughpc.fs import Files
from jughpc.store.base import SHARD
from jughpc.store.record import ALIVE
from jughpc.tasks import brief
from jughpc.tasks.graph import Graph
from jughpc.tasks.meaning import meant, meant_of_calls
from jughpc.worker.marks import BEGAN, SUFFIX

DIED, RUNNING = "died", "running"

_FEW = 100  # tasks of which is asked who has them in hand

_LINE = re.compile(
    r"(?P<start>\d{1,18}) (?P<end>\d{1,18}) (?P<digest>-|[0-9a-f]{32}) (?P<how>[a-z-]{1,12}) (?P<worker>\d{1,4}) "
    r"(?P<host>[ -~]*) (?P<life>[A-Za-z0-9_-]{1,94})"
)


@dataclass(frozen=True)
class Part:
    """What one try of a task put out.

    Attributes:
        digest: The task, 32 hexadecimal characters.
        start, end: Which bytes of the log; lines of other workers may lie between.
        how: done, failed, broken-off, DIED or RUNNING.
        worker: Which of its element's workers ran it, 0 for the only one.
        host: Where.
    """

    log: Log
    digest: str
    start: int
    end: int
    how: str
    worker: int
    host: str

    @property
    def text(self) -> Text:
        """What it put out."""
        return Text(self.log.path, self.start, self.end, self.worker)


@dataclass(frozen=True)
class Outputs:
    """What tasks put out.

    Attributes:
        parts: Try by try, in the order of the logs.
        calls: How tasks were called, in short, by digest.
        silent: The tasks of which nothing is kept.
    """

    parts: Sequence[Part]
    calls: Mapping[str, str]
    silent: Sequence[str]


def outputs(site: Site, number: int | None, text: str | None, which: Which) -> Outputs:
    """Return what the tries of tasks put out in the elements that are meant.

    Args:
        number: Of the submission, None for all of them.
        text: Which tasks, see tasks.meaning; None for those that failed.
    Raises:
        UsageError: No task is meant, or nothing was submitted.
    """
    every = _submissions(site, number)
    calls = _failed(site) if text is None else _meant(site, text)
    unfinished = _unfinished(site, calls) if len(calls) <= _FEW else {}
    logs = [log for files, one in every for log in logs_in(files, one) if log.role is Role.ARRAY and log in which]
    found = [part for log in logs for part in parts(log, calls.__contains__, unfinished)]
    told = {part.digest for part in found}
    return Outputs(found, calls, [digest for digest in calls if digest not in told])


def _submissions(site: Site, number: int | None) -> list[tuple[Files, Submission]]:
    files, one = submission_of(site, number)
    if number is not None:
        return [(files, one)]
    return [(files, one) for one in submissions.every(files, site.location.folder())]


def _failed(site: Site) -> dict[str, str]:
    return {one.digest.hex(): one.call or one.name for one in failures.look(site, failures.Which()).failures}


def _meant(site: Site, text: str) -> dict[str, str]:
    if site.cached:
        manifest = manifest_of(site)
        names = [manifest.names[kind] for kind in manifest.kinds]
        digests = [digest.tobytes() for digest in manifest.digests]
        return {digests[i].hex(): names[i] for i in meant_of_calls(text, [(name, "") for name in names], digests)}
    jugfile = sessions.peek(site).jugfile
    graph = Graph(jugfile.tasks)
    found = [graph.tasks[index] for index in meant(text, graph.tasks, graph.digests, jugfile.space)]
    return {task.digest.hex(): brief.call(task.name, task.args, task.kwargs) for task in found}


def _unfinished(site: Site, calls: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Return which tasks lives have in hand, or had when they died; see `parts`."""
    found = dict[str, tuple[str, str]]()
    if (store := site.store()) is None:
        return found
    for digest in calls:
        deaths = store.deaths(bytes.fromhex(digest))
        found |= {death.life: (digest, DIED) for death in deaths}
        for claim, holder in store.inspect(bytes.fromhex(digest)).claims:
            if holder and (claim.key != SHARD or holder.digest == digest):
                found[holder.life] = (digest, RUNNING if holder.state == ALIVE else DIED)
    return found


def parts(log: Log, is_meant: Callable[[str], bool], unfinished: Mapping[str, tuple[str, str]] = {}) -> Iterator[Part]:
    """Yield what tries of tasks put out, in order; those that put out nothing are left out.

    Args:
        is_meant: Tells by its digest whether a task is.
        unfinished: The task that each of some lives had in hand when it died, or has now, and DIED or RUNNING.
    """
    last: dict[int, _Life] = {}
    for match in _noted(log.path):
        start, end, worker = int(match["start"]), int(match["end"]), int(match["worker"])
        if match["how"] == BEGAN:
            if worker in last:
                yield from last[worker].rest(log, start, unfinished)
        elif is_meant(match["digest"]):
            yield Part(log, match["digest"], start, end, match["how"], worker, match["host"])
        last[worker] = _Life(match["life"], worker, match["host"], end)
    for life in last.values():
        yield from life.rest(log, size(log.path), unfinished)


@dataclass(frozen=True)
class _Life:
    """How far the output of a worker is told whose it is."""

    name: str
    worker: int
    host: str
    end: int

    def rest(self, log: Log, end: int, unfinished: Mapping[str, tuple[str, str]]) -> Iterator[Part]:
        """Yield what it put out up to `end` with a task that it did not end."""
        if self.name in unfinished and end > self.end:
            digest, how = unfinished[self.name]
            yield Part(log, digest, self.end, end, how, self.worker, self.host)


def _noted(path: Path) -> Iterator[re.Match[str]]:
    with suppress(FileNotFoundError), Path(f"{path}{SUFFIX}").open(errors="replace") as file:
        for line in file:
            if match := _LINE.fullmatch(line.rstrip("\n")):
                yield match
