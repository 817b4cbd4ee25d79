"""How PBS puts where jobs and elements stand: letters, substates, holds, exit codes and comments."""

from __future__ import annotations

from jughpc.testing.cluster.answers import ctime
from jughpc.testing.cluster.model import Element, End, SimJob
from jughpc.testing.cluster.pbs_ids import SERVER

_ENDED = {End.COMPLETED: 92, End.CANCELLED: 91}
_FAILED = 93


def state_of(job: SimJob) -> str:
    """Return the state letter of a job as a whole."""
    if job.over:
        return "F"
    if not job.ask.array:
        return _letter(job, job.elements[0])
    if job.begun:
        return "B"
    return _waiting(job)


def letter_of(job: SimJob, element: Element) -> str:
    """Return the state letter of one element."""
    if not job.ask.array:
        return state_of(job)
    if element.over:
        return "F" if job.over else "X"
    return "Q" if element.waits else _letter(job, element)


def _letter(job: SimJob, element: Element) -> str:
    if element.over:
        return "F"
    if element.waits:
        return _waiting(job)
    return "R"


def _waiting(job: SimJob) -> str:
    if job.holds or not job.free:
        return "H"
    return "W" if job.ask.begin > job.submitted else "Q"


def exit_status(element: Element) -> int:
    """Return the Exit_status of one that ran."""
    if element.end is End.TIMEOUT:
        return -29
    if element.end is End.NODE_FAIL:
        return -20
    if element.end is End.CANCELLED:
        return 271
    return 256 - element.code if element.code < 0 else element.code


def summary(job: SimJob) -> int:
    """Return the Exit_status of an array: 0 if all are 0, 1 if some are not, 2 if some are negative."""
    codes = [exit_status(element) if element.runs else 1 for element in job.elements.values() if element.over]
    return 2 if min(codes) < 0 else int(any(codes))


def substate(job: SimJob) -> int:
    """Return the substate of a job as a whole."""
    if job.over:
        return 92 if job.vanished else 91 if job.deleted or not job.begun else 92 if job.well else 93
    if job.begun:
        return 70
    if not job.free:
        return 22
    return 20 if job.holds else 30 if job.ask.begin > job.submitted else 10


def substate_of(element: Element) -> int:
    """Return the substate of an element that runs or ran."""
    if element.end is None:
        return 42
    return _ENDED.get(element.end, _FAILED)


def holds(job: SimJob) -> str:
    """Return who holds a job, `n` for nobody; a dependency counts as the system."""
    kinds = {kind for kind in job.holds if kind != "u"} | ({"s"} if not job.free and not job.begun else set())
    return "".join(sorted(kinds)) + ("u" if "u" in job.holds else "") or "n"


def comment(job: SimJob) -> str:
    """Return the comment of a job as a whole, "" for none."""
    if job.begun and job.ask.array:
        how = "terminated" if job.deleted else "finished" if job.well else "failed"
        return f"Job Array Began at {_day(job.submitted)}" + (f" and {how}" if job.over else "")
    if job.over or not job.free:
        return ""
    if job.holds:
        return f"Job held by {job.holder} on {ctime(job.submitted)}" if job.holder else ""
    return "Not Running: Not enough free nodes available" if job.reason in ("Resources", "Priority") else ""


def how_it_ran(chunk: str, element: Element) -> str:
    """Return the comment of an element that runs or ran."""
    text = f"Job run at {_day(element.started)} on {chunk}"
    if End.CANCELLED in (element.end, element.dying):
        return f"{text} and terminated by {element.by}@{SERVER}"
    if element.end is End.TIMEOUT:
        return f"{text} and exceeded resource walltime"
    if element.end is None:
        return text
    return f"{text} and {'finished' if element.end is End.COMPLETED else 'failed'}"


def _day(seconds: float) -> str:
    text = ctime(seconds)
    return f"{text[:10]} at {text[11:16]}"
