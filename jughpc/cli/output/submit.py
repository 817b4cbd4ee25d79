"""How a submission looks: planned, rehearsed, queued and ended."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Sequence
from io import SEEK_END
from itertools import groupby
from pathlib import Path

from jughpc.app.context.site import Site
from jughpc.app.status.elements import Jobs
from jughpc.app.submit.more import More
from jughpc.app.submit.submit import Planned, Submitted
from jughpc.app.submit.wait import Waited
from jughpc.batch.scheduler import Role, State
from jughpc.batch.submissions import ROOT, Accepted, Submission
from jughpc.cli.output.changed import changed_function
from jughpc.cli.output.choices import chosen

_FEW = 8  # ids of one kind, each on a line of its own
_MOST_LINES = 30  # of a log
_MOST_BYTES = 1 << 16
_HOW_TO_GO_ON = "see `jughpc status`, end it with `jughpc cancel`"


def planned(plan: Planned) -> Iterator[str]:
    """Yield all that was chosen, applied defaults included, a line each."""
    yield from _tasks(plan)
    yield from _changes(plan)
    if not plan.jobs:
        yield "nothing is queued: all tasks are done" + (", and so is the reduce" if plan.request.reduce else "")
        return
    yield from chosen(plan)
    size, asked = plan.submission.workload.size, plan.request.size
    if 0 < size < asked:
        yield f"fewer      {size} elements, not {asked}: more would find nothing to run"


def rehearsed(plan: Planned) -> Iterator[str]:
    """Yield the scripts, and the commands that would submit them."""
    for job in plan.jobs:
        yield f"\n--- {job.script}\n{plan.script(job).rstrip()}"
        yield f"--- would run: {shlex.join(plan.command(job))}"


def queued(done: Submitted) -> Iterator[str]:
    """Yield the ids of the jobs, and how to go on."""
    if done.packing and (bundle := done.submission.options.stage):
        yield f"packed     to {bundle.packed / 1e6:.0f} MB in {done.packing:.1f} s"
    yield from _ids(done.accepted)
    yield f"\nsubmission {done.submission.number}; {_HOW_TO_GO_ON}"


def _ids(accepted: Sequence[Accepted], elsewhere: str = "") -> Iterator[str]:
    """Yield what each job is, with its id, and what is special about it; of many for the same, the first and the last.

    Args:
        elsewhere: The name of the system that arrays are on, "" for the submission's own.
    """
    for (role, asks), jobs in groupby(accepted, key=lambda job: (job.role, job.asks)):
        first, *others = [job.id for job in jobs]
        many = [f"{first} to {others[-1]}: {len(others) + 1} jobs"] if len(others) > _FEW else [first, *others]
        where = f"on {elsewhere}" if elsewhere and role is Role.ARRAY else ""
        yield from (" ".join(filter(None, (f"{role.value:<10} {words}", where, asks))) for words in many)


def left_alone(submission: Submission) -> Iterator[str]:
    """Yield that all goes on though nobody waits for it any more, and how to come back."""
    yield f"\nSubmission {submission.number} goes on without this command."
    yield "`jughpc status --watch` shows how it stands, `jughpc wait` waits again;"
    yield "`jughpc cancel` ends it."


def as_json(site: Site, number: int | None, accepted: Sequence[Accepted]) -> str:
    """Return what was queued on a line for scripts: ids by role; no submission if nothing was to be queued."""
    ids: dict[str, list[str]] = {}
    for job in accepted:
        ids.setdefault(job.role.value, []).append(job.id)
    folder = site.location.folder()
    logs = None if number is None else str(folder / ROOT / str(number) / "logs")
    told = {"submission": number, "jobs": ids, "logs": logs, "jugdir": str(folder), "jugfile": str(site.target.jugfile)}
    return json.dumps(told)


def ended(end: Waited) -> Iterator[str]:
    """Yield what the jobs that tell of the end put out."""
    for job, path in end.logs:
        yield _log(job, path)
    if end.state in (State.UNKNOWN, State.ENDED):
        role = end.logs[-1][0].role.value
        yield f"\nHow the {role} ended nobody can tell: neither the scheduler nor a record of its own."


def added(more: More) -> Iterator[str]:
    """Yield the ids of the jobs that were added, and what became of those that they replace."""
    yield from _ids(more.accepted, more.scheduler)
    for host, words in more.kept_off.items():
        yield f"not on     {host}: {words}"
    if more.wrong:
        yield f"the former collector and reduce could not be withdrawn yet: {more.wrong}"
    yield f"\nadded to submission {more.number}; see `jughpc status`"


def revived(jobs: Jobs) -> Iterator[str]:
    """Yield what goes on again."""
    yield f"submission {jobs.submission.number} goes on: nobody supervised it, and now somebody does"
    yield f"\n{_HOW_TO_GO_ON}"


def _tasks(plan: Planned) -> Iterator[str]:
    session, standing = plan.session, plan.standing
    more = ", and more behind a barrier" if session.jugfile.barrier else ""
    yield f"jugfile    {session.target.jugfile}: {len(session.jugfile.tasks)} tasks{more}"
    yield f"jugdir     {session.site.location.folder()}"
    if again := plan.tried_again:
        yield f"again      {_tasks_of(len(again))} that failed before {'are' if len(again) > 1 else 'is'} tried again"
    if plan.given_up:
        words = "`jughpc failures --retry-failed` has workers try again"
        yield f"given up   {_tasks_of(len(plan.given_up))} that killed too many workers: {words}"
    if done := len(standing.manifest) - standing.unfinished:
        yield f"done       {_tasks_of(done)} {'have' if done > 1 else 'has'} a result already"


def _tasks_of(count: int) -> str:
    return f"{count} task" if count == 1 else f"{count} tasks"


def _changes(plan: Planned) -> Iterator[str]:
    for name in plan.changes.texts:
        yield f"changed    {name}, since submission {plan.changes.since}, whose jobs run what was submitted"
    for function in plan.changes.functions:
        yield f"changed    {changed_function(function)}"


def _log(job: Accepted, path: Path) -> str:
    return f"\n{job.role.value} ({job.id}), {path}:\n{_end_of(path)}"


def _end_of(path: Path) -> str:
    """Return the last lines of a log, however long it is."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, SEEK_END) - _MOST_BYTES))
            lines = file.read().decode(errors="replace").rstrip().splitlines()
            is_all = file.tell() <= _MOST_BYTES and len(lines) <= _MOST_LINES
    except FileNotFoundError:
        lines, is_all = [], True
    told = "\n".join(lines[-_MOST_LINES:]) or "(it wrote nothing)"
    return told if is_all else f"(its last {_MOST_LINES} lines)\n{told}"
