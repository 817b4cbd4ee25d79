"""All that `status` shows: tasks, workers, and the submission behind them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from jughpc.app.context.manifest import Manifest
from jughpc.app.context.site import Site
from jughpc.app.context.target import Target
from jughpc.app.status import elements as submitted
from jughpc.app.status import followers
from jughpc.app.status.broken import BrokenNode, broken
from jughpc.app.status.changes import Changes, changes
from jughpc.app.status.elements import Group, Jobs
from jughpc.app.status.followers import Told
from jughpc.app.status.outlook import Crew
from jughpc.app.status.served import Served
from jughpc.app.status.tasks import Standing, manifest_of, stand, tell_loss
from jughpc.batch.clusters import Clusters
from jughpc.batch.scheduler import Role, State
from jughpc.store.base import Observer, Seen
from jughpc.store.record import ALIVE


@dataclass(frozen=True)
class Report:
    """Where a jugfile stands.

    Attributes:
        jobs: The latest submission, None if there is none.
        elements: Its array elements by state.
        groups: The same by what is behind it.
        by_class: The same by what they run, as it is named; "" where all run anything.
        crews: Who runs the tasks of each function, {} where all run any.
        unserved: How many tasks are ready of each class that no live worker, nor any element to come, runs.
        followers: Its latest collector and reduce.
        broken: Nodes on which its elements end before they work.
        changes: What is no more what computed, or will compute, these results.
    """

    target: Target
    standing: Standing
    jobs: Jobs | None = None
    elements: Counter[State] = field(default_factory=Counter)
    groups: Sequence[Group] = ()
    by_class: Mapping[str, Counter[State]] = field(default_factory=dict)
    crews: Mapping[str, Crew] = field(default_factory=dict)
    unserved: Mapping[str, int] = field(default_factory=dict)
    followers: Mapping[Role, Told] = field(default_factory=dict)
    broken: Sequence[BrokenNode] = ()
    changes: Changes = field(default_factory=Changes)

    @property
    def is_well(self) -> bool:
        """Whether all tasks are done, and what was to follow them did not fail."""
        failed = any(told.failed for told in self.followers.values())
        return not (self.standing.unfinished or self.standing.manifest.barrier or failed)


def report(
    site: Site,
    clusters: Clusters,
    number: int | None = None,
    manifest: Manifest | None = None,
    before: Jobs | None = None,
) -> Report:
    """Look where `site` stands, as `look` does, and at what changed since results were computed."""
    found = look(site, clusters, number, manifest=manifest, before=before)
    return replace(found, changes=changes(site, found.standing, found.jobs))


def look(
    site: Site,
    clusters: Clusters,
    number: int | None = None,
    observer: Observer | None = None,
    manifest: Manifest | None = None,
    before: Jobs | None = None,
) -> Report:
    """Look where `site` stands: at the store, and once at the scheduler if there is a submission.

    Args:
        number: Of the submission, by default the latest.
        observer: Who has watched the workers, and knows who stood still for too long.
        manifest: The jugfile's tasks, if they are known.
        before: The submission as it was a short while ago: its scheduler is not asked again.
    """
    store = site.store()
    manifest = manifest_of(site) if manifest is None else manifest
    jobs = before or (submitted.find(site, clusters, number) if store else None)
    asked = site.clock.now()
    records = store.records() if store else []
    over = submitted.dead_by_scheduler(jobs, records, is_of_now=before is None) if jobs else {}
    over.update(_still(observer, [Seen(record, asked) for record in records], over) if observer else ())
    if jobs and before is None and (files := site.files) and (words := followers.withdraw_orphans(jobs, files)):
        jobs = replace(jobs, trouble=words)
    standing = tell_loss(site, stand(manifest, store, over, records=records))
    states = submitted.by_number(jobs, records, store.ended() if store else ()) if jobs else {}
    jobs = jobs and _without_news(jobs, states)
    found = Report(site.target, standing, jobs, Counter(states.values()))
    if jobs is None or (files := site.files) is None:
        return found
    served = Served(jobs, states, manifest.asks, manifest.names)
    return replace(
        found,
        groups=submitted.groups(jobs, states, standing.dead),
        by_class=served.by_class(),
        crews=served.crews(standing),
        unserved=served.unserved(standing) if submitted.goes_on(jobs) else {},
        followers=followers.told(jobs, files),
        broken=broken(jobs, files, store) if store else (),
    )


def _without_news(jobs: Jobs, states: Mapping[int, State]) -> Jobs:
    """Return `jobs` where those elements alone are unheard of which the store does not tell that they are over."""
    unheard = {number for number in jobs.poll.unheard if not states[number].ended}
    return replace(jobs, poll=replace(jobs.poll, unheard=unheard))


def _still(observer: Observer, seen: Sequence[Seen], over: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the lives that are dead by proof, each with it."""
    for one in seen:
        life = one.record.life
        if one.record.state == ALIVE and life not in over and (proof := observer.proof_of(life, one)):
            yield life, proof
