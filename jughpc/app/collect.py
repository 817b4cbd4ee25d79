"""Wait until all tasks are done, repair what crashed, and tell the truth about the end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from jughpc.app import jobs as submitted
from jughpc.app.cleanup import cleanup_claims
from jughpc.app.jobs import Jobs
from jughpc.app.recent import Target
from jughpc.app.report import report
from jughpc.app.status import FAILED, WAITING, Standing, in_words
from jughpc.app.stores import find_store, folder_path
from jughpc.batch import shell, submissions
from jughpc.batch.scheduler import Role, State
from jughpc.batch.submit import Desk, submit_more
from jughpc.errors import JugError
from jughpc.fs import Clock, OsFiles
from jughpc.store.base import Failure
from jughpc.worker.tally import Say
from jughpc.worker.usage import jitter

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0  # [s]
_SHOWN = 5  # failures told in full


class End(Enum):
    """Why waiting ended."""

    DONE = "all tasks are done"
    BLOCKED = "what is left failed, or waits for what failed"
    ALONE = "tasks are left and nobody works on them"


@dataclass(frozen=True)
class Verdict:
    """What a wait ended with."""

    end: End
    standing: Standing


def sleep_until(target: Target, clock: Clock, say: Say, number: int | None = None) -> Verdict:
    """Wait until all tasks are done or none can go on.

    Args:
        number: The submission whose workers are waited for; when these are gone the wait ends. Without one
            it goes on while nobody works: somebody may come.
    """
    pause, told = FIRST_PAUSE, ""
    while True:
        now = report(target, number)
        verdict = _verdict(now.standing, _hope(now.jobs, now.standing))
        if verdict is not None and (verdict is not End.ALONE or number is not None):
            return Verdict(verdict, now.standing)
        words = f"{in_words(now.standing)} {len(now.standing.workers)} workers live."
        pause = FIRST_PAUSE if words != told else min(pause * 1.5, LONGEST_PAUSE)
        if words != told:
            say(words)
        told = words
        clock.sleep(pause * jitter())


def collect(target: Target, number: int, rounds: int, clock: Clock, say: Say) -> Verdict:
    """Wait, and submit a further array for what crashed workers left, up to `rounds` times.

    A round that finishes no task is the last: what kills every worker is not repaired by more of them.
    """
    verdict = sleep_until(target, clock, say, number)
    for turn in range(rounds):
        if verdict.end is not End.ALONE:
            break
        before = verdict.standing.unfinished
        if not _repair(target, number, before, clock, say, f"round {turn + 1} of {rounds}"):
            break
        verdict = sleep_until(target, clock, say, number)
        if verdict.standing.unfinished == before:
            say("the repair array finished no task; no further one is submitted")
            break
    return verdict


def story(target: Target, verdict: Verdict) -> Iterator[str]:
    """Yield what is missing and why, a line each."""
    standing = verdict.standing
    yield f"{verdict.end.value}: {in_words(standing)}"
    if verdict.end is End.DONE:
        return
    failures = list(_failures(target, standing))
    for failure in failures[:_SHOWN]:
        yield f"  {failure.name} ({failure.digest.hex()[:8]}) failed on {failure.host}: {failure.exception}"
    if standing.count(FAILED) > _SHOWN:
        yield f"  ... and {standing.count(FAILED) - _SHOWN} more"
    if waiting := standing.count(WAITING):
        yield f"  {waiting} tasks wait for these"
    for record in standing.dead[:_SHOWN]:
        reason = record.reason or "without a word"
        yield f"  a worker on {record.host} died: {reason}; it ran {record.task or 'nothing'}"
    yield "Submit again to run what is left: what is done stays done."


def _failures(target: Target, standing: Standing) -> Iterator[Failure]:
    store = find_store(target.jugdir)
    for digest in standing.failed()[:_SHOWN]:
        if store is not None and (failure := store.failure(digest)):
            yield failure


def _verdict(standing: Standing, hope: bool) -> End | None:
    """Return why there is nothing to wait for, None if there is."""
    if not standing.unfinished and not standing.manifest.barrier:
        return End.DONE
    if standing.workers or hope:
        return None
    return End.ALONE if standing.can_go_on() or standing.manifest.barrier else End.BLOCKED


def _hope(jobs: Jobs | None, standing: Standing) -> bool:
    """Return whether the scheduler may still start a worker, so that it is too early to despair."""
    if jobs is None or jobs.cancelled:
        return False
    if jobs.trouble:  # a scheduler that does not answer is no proof of anything
        return bool(standing.unfinished)
    waiting = (State.QUEUED, State.RUNNING, State.UNKNOWN)
    return any(status.state in waiting for status in jobs.poll.elements.values())


def _repair(target: Target, number: int, left: int, clock: Clock, say: Say, turn: str) -> bool:
    """Free what the dead held and submit an array for what is left; return whether that worked."""
    freed = sum(row.removed for row in cleanup_claims(target, clock))
    folder = folder_path(target.jugdir)
    files = OsFiles(folder)
    submission = submissions.load(files, folder, number)
    if submissions.is_cancelled(files, submission):
        return False
    jobs = submitted.find(target.jugdir, number, ask=False)
    if jobs is None:
        return False
    size = min(left, submission.workload.size)
    say(f"{turn}: freed {freed} claims of the dead; submitting {size} more elements for {left} tasks")
    try:
        accepted = submit_more(Desk(files, clock, jobs.scheduler, shell.run, say), submission, size)
    except JugError as error:
        say(f"the repair array was refused: {error}")
        return False
    say("submitted " + ", ".join(job.id for job in accepted if job.role is Role.ARRAY))
    return True
