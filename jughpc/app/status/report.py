"""All that `status` shows: tasks, workers, and the submission behind them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from jughpc.app.context.manifest import Manifest
from jughpc.app.context.site import Site
from jughpc.app.context.target import Target
from jughpc.app.status import elements as submitted
from jughpc.app.status.changes import Changes, changes
from jughpc.app.status.elements import Jobs
from jughpc.app.status.tasks import Standing, manifest_of, stand
from jughpc.batch.clusters import Clusters
from jughpc.batch.scheduler import State


@dataclass(frozen=True)
class Report:
    """Where a jugfile stands.

    Attributes:
        jobs: The latest submission, None if there is none.
        elements: Its array elements by state.
        changes: What is no more what computed, or will compute, these results.
    """

    target: Target
    standing: Standing
    jobs: Jobs | None = None
    elements: Counter[State] = field(default_factory=Counter)
    changes: Changes = field(default_factory=Changes)


def report(site: Site, clusters: Clusters, number: int | None = None, manifest: Manifest | None = None) -> Report:
    """Look where `site` stands: at the store, and once at the scheduler if there is a submission.

    Args:
        number: Of the submission, by default the latest.
        manifest: The jugfile's tasks, if they are known.
    """
    store = site.store()
    manifest = manifest_of(site) if manifest is None else manifest
    jobs = submitted.find(site, clusters, number) if store else None
    records = store.records() if store else []
    over = submitted.dead_by_scheduler(jobs, records) if jobs else {}
    standing = stand(manifest, store, over)
    counts = submitted.elements(jobs, records, store.ended() if store else ()) if jobs else Counter[State]()
    return Report(site.target, standing, jobs, counts, changes(site, standing, jobs))
