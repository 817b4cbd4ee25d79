"""Wait until all tasks are done, repair what crashed, and tell the truth about the end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from jughpc.app.context.site import Say, Site
from jughpc.app.status import elements as submitted
from jughpc.app.status.elements import Jobs
from jughpc.app.status.report import report
from jughpc.app.status.tasks import FAILED, WAITING, Standing, in_words
from jughpc.app.submit import dependents
from jughpc.app.upkeep.claims import cleanup_claims
from jughpc.backoff import Backoff
from jughpc.batch import settling
from jughpc.batch.clusters import Clusters
from jughpc.batch.scheduler import Role, State
from jughpc.batch.submitter import Submitter
from jughpc.errors import JugError
from jughpc.fs import Files
from jughpc.store.base import Failure

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0  # [s]
_SHOWN = 5  # failures told in full


class End(Enum):
    """Why waiting ended."""

    DONE = "all tasks are done"
    BLOCKED = "what is left failed, or waits for what failed"
    ALONE = "tasks are left and nobody works on them"
    HANDED_OVER = "tasks are left, and further jobs go on with them"


@dataclass(frozen=True)
class Verdict:
    """What a wait ended with."""

    end: End
    standing: Standing


def sleep_until(site: Site, clusters: Clusters, number: int | None = None) -> Verdict:
    """Wait until all tasks are done or none can go on.

    Args:
        number: The submission whose workers are waited for; when these are gone the wait ends. Without one
            it goes on while nobody works: somebody may come.
    """
    backoff, told = Backoff(FIRST_PAUSE, LONGEST_PAUSE, growth=1.5), ""
    while True:
        now = report(site, clusters, number)
        verdict = _verdict(now.standing, _hope(now.jobs, now.standing))
        if verdict is not None and (verdict is not End.ALONE or number is not None):
            return Verdict(verdict, now.standing)
        words = f"{in_words(now.standing)} {len(now.standing.workers)} workers live."
        if words != told:
            backoff.reset()
            site.say(words)
        told = words
        site.clock.sleep(backoff.next())


def collect(site: Site, clusters: Clusters, number: int, rounds: int, left: int | None = None) -> Verdict:
    """Wait for those who work; then hand what is left to a further array, with a collector and a reduce of its own.

    No job waits in another's place: this one's time may be as short as that of the workers it would wait for.

    Args:
        rounds: Further arrays at most, one after the other.
        left: Tasks that the latest further array began with, None if there was none. One that finished no task is
            the last: what kills every worker is not repaired by more of them.
    """
    verdict = sleep_until(site, clusters, number)
    unfinished = verdict.standing.unfinished
    if verdict.end is not End.ALONE or not rounds:
        return verdict
    if unfinished == left:
        site.say("the latest array finished no task; no further one is submitted")
    elif _hand_over(site, clusters, number, rounds, unfinished):
        return Verdict(End.HANDED_OVER, verdict.standing)
    return verdict


def story(site: Site, verdict: Verdict) -> Iterator[str]:
    """Yield what is missing and why, a line each."""
    standing = verdict.standing
    yield f"{verdict.end.value}: {in_words(standing)}"
    if verdict.end in (End.DONE, End.HANDED_OVER):
        return
    failures = list(_failures(site, standing))
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


def _failures(site: Site, standing: Standing) -> Iterator[Failure]:
    store = site.store()
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


def _hand_over(site: Site, clusters: Clusters, number: int, rounds: int, left: int) -> bool:
    """Free what the dead held and submit an array for what is left, and what follows it; return whether that worked."""
    freed = sum(row.removed for row in cleanup_claims(site, clusters))
    jobs, files, say = submitted.find(site, clusters, number, ask=False), site.files, site.say
    if jobs is None or files is None or jobs.cancelled:
        return False
    submission = jobs.submission
    size, reduce = min(left, submission.workload.size), submission.meta.get("reduce")
    after = dependents.of_array(site.target, submission, rounds - 1, Path(reduce) if reduce else None, f"--left={left}")
    say(f"freed {freed} claims of the dead; submitting {size} more elements for {left} tasks")
    try:
        accepted = Submitter(jobs.cluster, files, say).submit_more(submission, size, after)
    except JugError as error:
        say(f"they were refused: {error}")
        return False
    say("submitted " + ", ".join(f"{job.role.value} {job.id}" for job in accepted))
    _cancel_reduce(jobs, files, say)
    return True


def _cancel_reduce(jobs: Jobs, files: Files, say: Say) -> None:
    """End the reduce that waits for this very job to end well, which it will not."""
    old = [job for job in jobs.accepted if job.role is Role.REDUCE][-1:]
    if words := settling.withdraw(jobs.cluster, files, jobs.submission, old):
        say(words)
