"""Logs as they grow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

from jughpc.app.context.site import Site
from jughpc.app.status import elements as submitted
from jughpc.app.status.logs import Log, Which, logs_in, submission_of
from jughpc.app.status.texts import whole
from jughpc.batch.clusters import Clusters
from jughpc.fs import Clock

PAUSE, _EACH = 1.0, 0.02  # [s] between two looks, at least, and for each log: who follows a thousand asks 50 a second
_LONGEST = 1 << 16  # [bytes] of a line that nobody ends
_ASKS, _ASKS_HERE = 15.0, 1.0  # [s] between two questions to a scheduler, and to that of this machine
_TAIL = 10  # lines of each log to begin with, unless so many are wanted


def follow(
    site: Site, clusters: Clusters, number: int | None, which: Which, tail: int | None
) -> Iterator[tuple[Log, bytes]]:
    """Yield the last lines of the logs that are meant, and what comes, until the submission has ended."""
    files, submission = submission_of(site, number)

    def logs() -> list[Log]:
        return [log for log in logs_in(files, submission) if log in which]

    follower = Follower(logs, lambda log: whole(log.path).since(_TAIL if tail is None else tail).start)
    return follower.follow(_Over(site, clusters, submission.number), site.clock)


class _Over:
    """Tells whether a submission has ended, and asks its scheduler seldom."""

    def __init__(self, site: Site, clusters: Clusters, number: int) -> None:
        self._site, self._clusters, self._number, self._due = site, clusters, number, site.clock.now()

    def __call__(self) -> bool:
        now = self._site.clock.now()
        if now < self._due:
            return False
        jobs = submitted.find(self._site, self._clusters, self._number)
        self._due = now + (_ASKS_HERE if jobs and jobs.cluster.runs_here else _ASKS)
        return jobs is None or not submitted.goes_on(jobs)


class Follower:
    """Tells what logs hold from the places on at which it is to begin; of those that appear later, all.

    Args:
        logs: Returns those that there are by now.
        start: Where to begin, in the logs that are there already [bytes].
    """

    def __init__(self, logs: Callable[[], Sequence[Log]], start: Callable[[Log], int]) -> None:
        self._logs = logs
        self._at = {log: start(log) for log in logs()}

    def follow(self, is_over: Callable[[], bool], clock: Clock) -> Iterator[tuple[Log, bytes]]:
        """Yield the lines of logs as they come, without line breaks, until nothing more can come.

        Args:
            is_over: Tells that; asked before each look but the first.
        """
        over = False
        while True:
            for log in self._logs():
                for line in self._new(log, over):
                    yield log, line
            if over:
                return
            clock.sleep(max(PAUSE, len(self._at) * _EACH))
            over = is_over()

    def _new(self, log: Log, is_last: bool) -> Iterator[bytes]:
        """Yield the lines that were ended since, and what was begun if nobody will end it."""
        with suppress(FileNotFoundError), log.path.open("rb") as file:
            file.seek(self._at.setdefault(log, 0))
            while line := file.readline(_LONGEST):
                if not line.endswith(b"\n") and len(line) < _LONGEST and not is_last:
                    return
                self._at[log] += len(line)
                yield line.rstrip(b"\r\n")
