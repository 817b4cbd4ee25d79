"""What to type next, whatever a look shows."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from jughpc.app.context.target import named
from jughpc.app.status.elements import goes_on
from jughpc.app.status.followers import reduce_of
from jughpc.app.status.report import Report
from jughpc.app.status.tasks import FAILED
from jughpc.batch.scheduler import Role, State
from jughpc.units import ranges

_SHOWN = 3  # elements whose logs are to be read

_GOING_ON = (State.QUEUED, State.RUNNING)


@dataclass(frozen=True)
class Step:
    """The next step.

    Attributes:
        command: To be typed as it is.
        why: What it is good for, in words.
    """

    command: str
    why: str


def next_step(report: Report) -> Step:
    """Return what helps most: first what is wrong, then who is to work, then what can be seen."""
    at, standing, jobs = named(report.target), report.standing, report.jobs
    if jobs and jobs.submission.damage:
        return Step(f"jughpc cancel{at}", "ends what is left of a submission whose record is damaged")
    if failed := standing.count(FAILED):
        again = "resubmit" if jobs and jobs.accepted else "submit"
        return Step(f"jughpc failures{at}", f"tells why {failed} failed; `jughpc {again}` tries again")
    if not standing.unfinished and not standing.manifest.barrier:
        return _after_all(report, at)
    if standing.workers or (jobs and goes_on(jobs)):
        return Step(f"jughpc status{at} --watch", "shows this again and again")
    if bad := [number for group in report.groups if group.state is State.FAILED for number in group.numbers]:
        numbers = ranges(sorted(bad)[:_SHOWN])
        return Step(f"jughpc logs{at} --element {numbers}", "tells more; then `jughpc resubmit` runs what is left")
    if jobs and jobs.accepted:
        return Step(f"jughpc resubmit{at}", "runs what is left, on which nobody works")
    jugfile = at or f" {report.target.jugfile}"
    return Step(f"jughpc submit{jugfile} --array N", "runs it on N workers; `jughpc execute` is one, here")


def _after_all(report: Report, at: str) -> Step:
    """Return what to do once all tasks are done."""
    reduce = report.followers.get(Role.REDUCE)
    script = reduce_of(report.jobs.submission) if report.jobs else None
    if reduce and reduce.failed and script:
        jugfile = at or f" {report.target.jugfile}"
        return Step(f"jughpc reduce{jugfile} --script {shlex.quote(str(script))}", "runs the reduce by hand")
    if reduce and not reduce.failed and reduce.status.state in _GOING_ON:
        return Step(f"jughpc status{at} --watch", "shows when the reduce is done")
    if report.changes.functions:
        name = report.changes.functions[0].name.rpartition(".")[2]
        return Step(f"jughpc invalidate{at} --name {name}", "has computed anew what another source computed")
    return Step(f"jughpc shell{at}", "has the results at hand: value(...)")
