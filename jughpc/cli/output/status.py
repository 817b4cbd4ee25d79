"""All facts of a look as JSON; docs/status.md says what each is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from jughpc.app.status.alike import Alike
from jughpc.app.status.elements import Jobs
from jughpc.app.status.overview import Overview
from jughpc.app.status.report import Report
from jughpc.app.status.tasks import COLUMNS
from jughpc.batch.scheduler import State
from jughpc.cli.output.workers import by_place, element_of
from jughpc.store.measures import Sums
from jughpc.store.record import Record


def facts(seen: Overview) -> dict[str, Any]:
    """Return all of a look as JSON can show it."""
    ahead = seen.outlook
    return {
        "when": seen.when,
        **as_dict(seen.report),
        "outlook": {**asdict(ahead), "unknown": list(ahead.unknown), "rate": ahead.rate},
        "failures": {"read": seen.read, "alike": [_alike(one) for one in seen.worst]},
        "lost": seen.lost,
        "took": {name: _took(sums) for name, sums in seen.took.items()},
        "next": asdict(seen.step),
    }


def as_dict(report: Report) -> dict[str, Any]:
    """Return a report as JSON can show it."""
    standing = report.standing
    names = [column.lower() for column in COLUMNS]
    rows = {name: dict(zip(names, counts, strict=True)) for name, counts in standing.by_name().items()}
    return {
        "jugfile": str(report.target.jugfile),
        "jugdir": str(report.target.location),
        "tasks": {"total": len(standing.manifest), **{name: standing.count(i) for i, name in enumerate(names)}},
        "by_name": rows,
        "behind_barrier": standing.manifest.barrier,
        "loaded": standing.manifest.since,
        "gone": sum(standing.gone.values()),
        "workers": [asdict(record) for record in standing.workers],
        "workers_by_element": _by_element(standing.workers),
        "dead_workers": [asdict(record) for record in standing.dead],
        "changed": {
            "since_submission": report.changes.since,
            "texts": list(report.changes.texts),
            "functions": [asdict(function) for function in report.changes.functions],
        },
        "submission": _jobs_as_dict(report, report.jobs) if report.jobs else None,
    }


def _took(sums: Sums) -> dict[str, Any]:
    return {"count": sums.count, "mean": sums.mean, "cpu": sums.cpu, "peak": sums.peak}


def _alike(one: Alike) -> dict[str, Any]:
    first = one.first
    return {
        "count": len(one),
        "exception": first.exception,
        "first": first.call or first.name,
        "digest": first.digest.hex(),
        "functions": dict(one.functions),
        "frame": str(one.frame) if one.frame else "",
    }


def _by_element(workers: Sequence[Record]) -> list[dict[str, Any]]:
    """Return which lives are of one element, each of whom `workers` has in full."""
    found: dict[str, dict[str, Any]] = {}
    for record in by_place(workers):
        place = {"submission": record.submission, "element": record.element, "run": record.run, "host": record.host}
        found.setdefault(element_of(record), {**place, "lives": []})["lives"].append(record.life)
    return list(found.values())


def _jobs_as_dict(report: Report, jobs: Jobs) -> dict[str, Any]:
    return {
        "number": jobs.submission.number,
        "scheduler": jobs.submission.scheduler,
        "folder": str(jobs.submission.folder),
        "damage": jobs.submission.damage,
        "cancelled": jobs.cancelled,
        "withdrawn": jobs.withdrawn,
        "jobs": [{**asdict(job), "role": job.role.value} for job in jobs.accepted],
        "elements": {state.value: report.elements[state] for state in State},
        "by_class": {
            name: {state.value: counts[state] for state in State if counts[state]}
            for name, counts in report.by_class.items()
        },
        "unserved": dict(report.unserved),
        "groups": [{**asdict(group), "state": group.state.value} for group in report.groups],
        "broken_nodes": [asdict(node) for node in report.broken],
        "followers": {
            role.value: {
                "state": told.status.state.value,
                "reason": told.status.reason,
                "failed": told.failed,
                "withdrawn": told.withdrawn,
                "words": told.words,
                "advice": told.advice,
            }
            for role, told in report.followers.items()
        },
        "scheduler_trouble": jobs.trouble,
        "silent": dict(jobs.poll.silent),
    }
