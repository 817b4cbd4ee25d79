"""What flux prints of jobs. Source: flux-jobs(1) (--json, JOB STATUS), RFC 19 (ids)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from jughpc.batch.causes import Cause, Why
from jughpc.batch.scheduler import JobId, State, Status
from jughpc.errors import SchedulerError

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_STATES = {
    **dict.fromkeys(("DEPEND", "PRIORITY", "SCHED"), State.QUEUED),
    **dict.fromkeys(("RUN", "CLEANUP"), State.RUNNING),
    **dict.fromkeys(("FAILED", "TIMEOUT"), State.FAILED),
    "COMPLETED": State.DONE,
    "CANCELED": State.CANCELLED,
}


def decimal(text: str) -> JobId:
    """Return an id as a number in digits, "" for what is none: of digits, or ƒ (or f) and the number in base 58."""
    if re.fullmatch(r"[0-9]{1,20}", text):
        return text
    if not re.fullmatch(f"[ƒf][{_BASE58}]{{1,12}}", text):
        return ""
    number = 0
    for letter in text[1:]:
        number = 58 * number + _BASE58.index(letter)
    return str(number)


def rows(text: str) -> Iterator[tuple[JobId, str, Status]]:
    """Yield id, name and status of each job that is told of. Raises SchedulerError for what is no answer."""
    if not text.strip():
        return  # of a job that it does not know, which it says elsewhere
    try:
        found = json.loads(text)
    except ValueError as error:
        raise SchedulerError(f"flux printed no JSON: {error}") from error
    jobs = found.get("jobs", [found] if "id" in found else None) if isinstance(found, dict) else None
    if not isinstance(jobs, list):
        raise SchedulerError("flux printed JSON without jobs")
    for job in jobs:  # a single one that was asked for stands alone
        number = job.get("id") if isinstance(job, dict) else None
        if type(number) is int and decimal(str(number)):
            yield str(number), str(job.get("name", "")), _status(job)


def _status(job: Mapping[str, Any]) -> Status:
    word, host = str(job.get("status", "")), str(job.get("nodelist", ""))
    state = _STATES.get(word, State.UNKNOWN)
    if state is State.QUEUED and job.get("urgency") == 0:
        return Status(State.STUCK, "urgency 0", why=Why(Cause.HELD, Cause.HELD.value, "flux job urgency JOBID default"))
    if word == "TIMEOUT":
        limit = Why(Cause.TIME_LIMIT, "met its time limit", "ask for more with --time")
        return Status(state, word, host, limit)
    if state is State.FAILED:
        return Status(state, f"returncode {job.get('returncode', 'unknown')}", host)
    why = Why(Cause.USER, "was cancelled") if state is State.CANCELLED else None
    return Status(state, word if state is State.UNKNOWN else "", host, why)
