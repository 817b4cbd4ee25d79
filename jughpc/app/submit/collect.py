"""Wait until all tasks are done, repair what crashed, and tell the truth about the end."""

from __future__ import annotations

from dataclasses import dataclass, replace

from jughpc.app.context.manifest import Manifest
from jughpc.app.context.site import Site
from jughpc.app.status import elements as submitted
from jughpc.app.status.elements import Jobs
from jughpc.app.status.loads import HOLDS, Loads
from jughpc.app.status.report import Report, look
from jughpc.app.status.tasks import Standing, in_words, stand, sure, tell_loss
from jughpc.app.submit import handover, relay
from jughpc.app.submit.followed import latest_collector, wait_for_reduce
from jughpc.app.submit.last_reduce import ensure_reduce, is_reduced_by_another
from jughpc.app.submit.old_reduce import withdraw_reduce
from jughpc.app.submit.outage import outlast
from jughpc.app.submit.progress import Progress
from jughpc.app.submit.released import release
from jughpc.app.submit.silence import Silence
from jughpc.app.submit.verdict import End, Verdict
from jughpc.app.upkeep.claims import settle_deaths
from jughpc.backoff import Backoff
from jughpc.batch import submissions
from jughpc.batch.clusters import Clusters
from jughpc.batch.scheduler import State
from jughpc.errors import FullError, JugdirError, JugError
from jughpc.store.base import Observer

FIRST_PAUSE, LONGEST_PAUSE, BY_HAND = 0.5, 30.0, 60.0  # [s] the longest where jobs follow, and where people wait
MARGIN = 60.0  # [s] that a collector keeps back of its own time, to say how it ended


@dataclass(frozen=True)
class Charge:
    """What a collector was told by who queued it.

    Attributes:
        number: Of its submission.
        rounds: Further arrays in a row that may follow ones which brought nothing.
        progress: Where things stood when its array was queued, None if nobody said.
        deadline: When its scheduler ends it [Unix s], None for never.
        stem: Of its own files in the submission, "" for the latest collector.
        last: Whether no reduce waits for it: it queues that itself once all is done.
        reduce_on: "any" if the reduce takes what is there in the end, else "done".
    """

    number: int
    rounds: int
    progress: Progress | None = None
    deadline: float | None = None
    stem: str = ""
    last: bool = False
    reduce_on: str = "done"


def sleep_until(site: Site, clusters: Clusters, number: int | None = None, deadline: float | None = None) -> Verdict:
    """Wait until all tasks are done or none can go on, as a load tells that was done no earlier than all else was seen.

    Args:
        number: The submission whose workers are waited for; when these are gone the wait ends. Without one
            it goes on while nobody works: somebody may come.
        deadline: When the wait ends in any case [Unix s].
    """
    backoff = Backoff(FIRST_PAUSE, BY_HAND if number is None else LONGEST_PAUSE, growth=1.5)
    told, silence, began = "", Silence(site.clock), site.clock.wall()
    observer: Observer | None = None
    site.store()  # first: it tells best what is wrong with a jugdir
    loads, is_fresh, is_heard = Loads(site), True, number is None
    while True:
        observer = observer or (store.observer() if (store := site.store()) else None)
        now = None if is_heard else _seen_done(site, clusters, number, loads.manifest)
        now = now or _seen(site, clusters, number, observer, loads.manifest)
        is_heard = number is None or not (now.jobs and now.jobs.trouble)
        silence.heard(_signs(now))
        end = _end(now, is_silent=silence.lasts() > _patience(site, clusters, now.jobs))
        if end is not None and (end not in (End.ALONE, End.SILENT) or number is not None):
            if is_fresh or not loads.renew():
                return Verdict(end, now.standing, now.jobs, observer)
            is_fresh = True  # what is left is judged anew
            continue
        if deadline is not None and site.clock.wall() > deadline - _kept_back(clusters, now.jobs, deadline - began):
            return Verdict(End.LATE, now.standing, now.jobs, observer)
        words = f"{in_words(now.standing)} {len(now.standing.workers)} workers live."
        if words != told:
            backoff.reset()
            site.say(words)
        if loads.is_old(0.0 if _may_pass(now.standing, words != told) else HOLDS):
            loads.renew_if_it_works()
        told, is_fresh = words, False
        site.clock.sleep(backoff.next())


def _seen(site: Site, clusters: Clusters, number: int | None, observer: Observer | None, manifest: Manifest) -> Report:
    now = look(site, clusters, number, observer, manifest)
    return replace(now, standing=sure(site, now.standing))  # marks may promise what a purge took


def _seen_done(site: Site, clusters: Clusters, number: int | None, manifest: Manifest) -> Report | None:
    """Return what the store alone tells if that is that all is done, else None.

    A scheduler that is away holds up whoever asks it for as long as a command is tried again.
    """
    if manifest.barrier:
        return None
    found = sure(site, tell_loss(site, stand(manifest, site.store(), {})))
    return None if found.unfinished else Report(site.target, found, submitted.find(site, clusters, number, ask=False))


def _kept_back(clusters: Clusters, jobs: Jobs | None, lasts: float) -> float:
    """Return how long before its end a wait of `lasts` is over [s]: another job may have to be queued by then."""
    return MARGIN + (min(clusters.order, lasts / 2 - MARGIN) if jobs and jobs.elsewhere and lasts > 2 * MARGIN else 0.0)


def _may_pass(standing: Standing, is_news: bool) -> bool:
    """Return whether the barrier at which the load ended may be passed by now."""
    return standing.manifest.barrier and (is_news or not standing.unfinished)


def collect(site: Site, clusters: Clusters, charge: Charge) -> Verdict:
    """Wait for those who work; then hand what is left to a further array, with a collector and a reduce of its own.

    No job waits in another's place: this one's time may be as short as that of the workers it would wait for. However
    this ends, the reduce that waits for it to end well is withdrawn unless it is to run.
    """
    if (files := site.files) is None or outlast(site, site.store) is None:
        raise JugdirError(f"there is no store in {site.location}. Was it made elsewhere? --jugdir DIR")
    folder = site.location.folder()
    stem = charge.stem or outlast(site, lambda: latest_collector(files, submissions.load(files, folder, charge.number)))
    charge, is_for_reduce = replace(charge, stem=stem), False
    try:
        if not charge.last:
            last = None if charge.deadline is None else charge.deadline - MARGIN
            outlast(site, lambda: wait_for_reduce(site, clusters, charge.number, stem, last))
        verdict = outlast(site, lambda: _judged(site, clusters, charge))
        if verdict.is_for_reduce(charge.reduce_on):
            if verdict.end is not End.DONE:
                outlast(site, lambda: release(files, site, charge.number, stem))
            verdict = outlast(site, lambda: _reduced(site, clusters, charge, verdict))
        is_for_reduce = verdict.is_for_reduce(charge.reduce_on)
        is_for_reduce = is_for_reduce and not outlast(site, lambda: is_reduced_by_another(site, charge.number, stem))
    finally:
        if not is_for_reduce:
            withdraw_reduce(site, clusters, charge.number, stem)
    return verdict


def _reduced(site: Site, clusters: Clusters, charge: Charge, verdict: Verdict) -> Verdict:
    """See to it that a reduce is queued; return the verdict as it is then."""
    try:
        ensure_reduce(site, clusters, charge.number, charge.stem, _left(site, clusters, charge))
    except JugError as error:
        site.say(f"the reduce could not be queued: {error}")
        return replace(verdict, end=End.UNREDUCED)
    return verdict


def _left(site: Site, clusters: Clusters, charge: Charge) -> float:
    """Return how long a collector may wait for room [s], the last command included: some wait themselves."""
    return 0.0 if charge.deadline is None else charge.deadline - site.clock.wall() - MARGIN - clusters.order


def _judged(site: Site, clusters: Clusters, charge: Charge) -> Verdict:
    verdict = sleep_until(site, clusters, charge.number, charge.deadline)
    if verdict.end is End.LATE and verdict.jobs is not None:
        return _relayed(site, clusters, charge, verdict, verdict.jobs)
    if verdict.end not in (End.ALONE, End.BLOCKED) or verdict.jobs is None or verdict.jobs.cancelled:
        return verdict
    verdict = _settled(site, verdict, verdict.jobs)
    if verdict.end is End.BLOCKED or verdict.jobs is None:
        return verdict
    if handover.waited_in_vain(verdict.jobs):
        return replace(verdict, end=End.IN_VAIN)
    by_hand = handover.ended_by_hand(verdict.jobs)
    if size := handover.worth(site, verdict.jobs, by_hand):
        now, evaded = Progress.of(verdict.standing, site.store()), handover.finds_broken(site, verdict.jobs)
        rounds = handover.rounds_left(verdict.jobs, charge.rounds, charge.progress, now, is_evaded=evaded)
        if rounds is None:
            site.say("the latest array brought nothing; no further one is submitted")
        else:
            return _handed_over(site, clusters, charge, verdict, verdict.jobs, size, rounds)
        return verdict
    return replace(verdict, end=End.BY_HAND) if by_hand else verdict


def _handed_over(
    site: Site, clusters: Clusters, charge: Charge, verdict: Verdict, jobs: Jobs, size: int, rounds: int
) -> Verdict:
    """Hand over, waiting for room as long as this job's own time lasts; return the verdict as it is then."""
    patient = replace(jobs, cluster=jobs.cluster.waiting(_left(site, clusters, charge)))
    try:
        done = handover.hand_over(
            site, clusters, patient, verdict.standing, size, rounds, charge.stem, verdict.observer
        )
    except FullError:
        return replace(verdict, end=End.FULL)
    return replace(verdict, end=End.HANDED_OVER) if done else verdict


def _relayed(site: Site, clusters: Clusters, charge: Charge, verdict: Verdict, jobs: Jobs) -> Verdict:
    """Have another collector wait on for elements on other systems, if there are any; return the verdict then."""
    if (rounds := relay.rounds_then(jobs, verdict.standing, charge.rounds)) is None:
        return verdict
    patient = replace(jobs, cluster=jobs.cluster.waiting(_left(site, clusters, charge)))
    before = charge.progress or Progress.of(verdict.standing, site.store())
    done = relay.relay(site, clusters, patient, charge.stem, rounds, before)
    return replace(verdict, end=End.HANDED_OVER) if done else verdict


def _settled(site: Site, verdict: Verdict, jobs: Jobs) -> Verdict:
    """Write down who died of what, and judge anew: what failed for deaths that the scheduler explains may be tried."""
    settle_deaths(site, jobs, verdict.observer)
    now = stand(verdict.standing.manifest, site.store(), {})
    end = End.ALONE if now.can_go_on() or now.manifest.barrier else End.BLOCKED
    return replace(verdict, end=end, standing=replace(verdict.standing, state=now.state, suspects=now.suspects))


def _signs(now: Report) -> object:
    """Return what changes as long as anybody works."""
    return now.standing.unfinished, tuple(sorted((record.life, record.beats) for record in now.standing.workers))


def _patience(site: Site, clusters: Clusters, jobs: Jobs | None) -> float:
    """Return how long nobody need give a sign of life before nobody is believed to be there [s]."""
    store = site.store()
    pace = store.pace if store else site.pace
    answers = 0.0 if jobs is None or jobs.is_out_of_reach else clusters.patience
    return pace.ttl + pace.lag + answers


def _end(now: Report, *, is_silent: bool) -> End | None:
    """Return why there is nothing to wait for, None if there is."""
    standing = now.standing
    if not standing.unfinished and not standing.manifest.barrier:
        return End.DONE
    if standing.workers or _hope(now.jobs, standing, is_silent):
        return None
    if now.jobs is not None and now.jobs.trouble and not now.jobs.cancelled:
        return End.SILENT
    return End.ALONE if standing.can_go_on() or standing.manifest.barrier else End.BLOCKED


def _hope(jobs: Jobs | None, standing: Standing, is_silent: bool) -> bool:
    """Return whether the scheduler may still start a worker, so that it is too early to despair.

    Args:
        is_silent: Whether nobody gave a sign of life for so long that what is not known for certain is not waited for.
    """
    if jobs is None or jobs.cancelled:
        return False
    if jobs.trouble:  # a scheduler that does not answer is no proof of anything
        return bool(standing.unfinished) and not is_silent
    waiting = (State.QUEUED, State.RUNNING) if is_silent else (State.QUEUED, State.RUNNING, State.UNKNOWN)
    is_open = bool(jobs.poll.unheard) and not is_silent  # on a system that cannot be asked from here
    return is_open or any(status.state in waiting for status in jobs.poll.elements.values())
