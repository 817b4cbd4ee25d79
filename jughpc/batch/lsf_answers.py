"""What bjobs tells of jobs. Source: the Command Reference (bjobs -o) and Administering LSF (job states), 10.1."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jughpc.batch.causes import Cause, Entry, Why, why
from jughpc.batch.scheduler import JobId, State, Status

FORM = (
    "-a",
    "-noheader",
    "-o",
    "jobid jobindex stat exit_code exec_host job_name exit_reason pend_reason delimiter='|'",
)
"""How bjobs is asked to print: ended jobs, too, a line each."""

_STATES = {
    **dict.fromkeys(("PEND", "WAIT", "PROV"), State.QUEUED),
    **dict.fromkeys(("RUN", "USUSP", "SSUSP"), State.RUNNING),
    **dict.fromkeys(("DONE", "POST_DONE", "POST_ERR"), State.DONE),  # those tell of what runs after the job
    "PSUSP": State.STUCK,
    "EXIT": State.FAILED,
}  # UNKWN and ZOMBI are a host that nobody can reach: neither dead nor done
_ENDS = (
    Entry("TERM_(RUNLIMIT|DEADLINE|CPULIMIT).*", Cause.TIME_LIMIT, "met its time limit", "ask for more with --time"),
    Entry("TERM_(MEMLIMIT|SWAP).*", Cause.OUT_OF_MEMORY, "ran out of memory", "ask for more with --mem"),
    Entry("TERM_(OWNER|ADMIN|FORCE_OWNER|FORCE_ADMIN).*", Cause.USER, "was cancelled"),
    Entry("TERM_PREEMPT.*", Cause.PREEMPTED, "had to make room for a job that goes before it"),
)
_NEVER = re.compile("dependency condition (is )?invalid or never satisfied", re.IGNORECASE)


def rows(text: str) -> Iterator[tuple[JobId, int, str, Status]]:
    """Yield id, index, name and status of each element that is told of; a line of another form is none."""
    for line in text.splitlines():
        job, index, word, code, hosts, name, reason, waits, *_ = [*line.split("|", 7), *[""] * 8]
        if re.fullmatch(r"\d{1,10}", job) and re.fullmatch(r"\d{1,10}|-", index):
            status = _status(word, code, re.sub(r"^\d+\*", "", hosts.partition(":")[0]), reason, waits)
            yield job, 0 if index == "-" else int(index), re.sub(r"\[\d+\]$", "", name), status


def _status(word: str, code: str, host: str, reason: str, waits: str) -> Status:
    state, at = _STATES.get(word, State.UNKNOWN), "" if host == "-" else host
    if state is State.FAILED:
        cause = why(_ENDS, reason, {})
        ended = State.CANCELLED if cause and cause.cause is Cause.USER else State.FAILED
        return Status(ended, f"exit code {code}{'' if reason in ('', '-') else f', {reason}'}", at, cause)
    if state is State.QUEUED and _NEVER.search(waits):
        return Status(State.STUCK, waits, why=Why(Cause.NEVER, Cause.NEVER.value))
    if state is State.STUCK:
        return Status(state, word, why=Why(Cause.HELD, Cause.HELD.value, "bresume JOBID"))
    return Status(state, word if state is State.UNKNOWN or word.endswith("SUSP") else "", at)
