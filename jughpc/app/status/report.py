"""All that `status` shows: tasks, workers, and the submission behind them."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

from jughpc.app.context.target import Target
from jughpc.app.status import elements as submitted
from jughpc.app.status.elements import Jobs
from jughpc.app.status.tasks import COLUMNS, Standing, manifest_of, stand
from jughpc.batch.clusters import Clusters
from jughpc.batch.scheduler import State


@dataclass(frozen=True)
class Report:
    """Where a jugfile stands.

    Attributes:
        jobs: The latest submission, None if there is none.
        elements: Its array elements by state.
    """

    target: Target
    standing: Standing
    jobs: Jobs | None = None
    elements: Counter[State] = field(default_factory=Counter)


def report(target: Target, clusters: Clusters, number: int | None = None) -> Report:
    """Look where `target` stands: at the store, and once at the scheduler if there is a submission.

    Args:
        number: Of the submission, by default the latest.
    """
    store = target.location.find()
    manifest = manifest_of(target)
    jobs = submitted.find(target.location, clusters, number) if store else None
    records = store.records() if store else []
    over = submitted.dead_by_scheduler(records, jobs.poll.owners) if jobs else {}
    standing = stand(manifest, store, over)
    counts = submitted.elements(jobs, records, store.ended() if store else ()) if jobs else Counter[State]()
    return Report(target, standing, jobs, counts)


def as_dict(report: Report) -> dict[str, Any]:
    """Return the report as JSON can show it."""
    standing = report.standing
    names = [column.lower() for column in COLUMNS]
    rows = {name: dict(zip(names, counts, strict=True)) for name, counts in standing.by_name().items()}
    return {
        "jugfile": str(report.target.jugfile),
        "jugdir": str(report.target.location),
        "tasks": {"total": len(standing.manifest), **{name: standing.count(i) for i, name in enumerate(names)}},
        "by_name": rows,
        "behind_barrier": standing.manifest.barrier,
        "workers": [asdict(record) for record in standing.workers],
        "dead_workers": [asdict(record) for record in standing.dead],
        "submission": _jobs_as_dict(report.jobs, report.elements) if report.jobs else None,
    }


def _jobs_as_dict(jobs: Jobs, elements: Counter[State]) -> dict[str, Any]:
    return {
        "number": jobs.submission.number,
        "scheduler": jobs.submission.scheduler,
        "folder": str(jobs.submission.folder),
        "cancelled": jobs.cancelled,
        "jobs": [{**asdict(job), "role": job.role.value} for job in jobs.accepted],
        "elements": {state.value: elements[state] for state in State},
        "followers": {
            role.value: {"state": status.state.value, "reason": status.reason}
            for role, status in jobs.poll.dependents.items()
        },
        "scheduler_trouble": jobs.trouble,
    }
