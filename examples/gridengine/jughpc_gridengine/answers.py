"""What qstat prints of jobs, as XML. Source: sge_status(5), qstat(1), and a real one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from xml.etree import ElementTree

from jughpc.batch.scheduler import Reply, State, Status
from jughpc.errors import SchedulerError

_RANGE = re.compile(r"(\d{1,10})(?:-(\d{1,10})(?::(\d{1,10}))?)?")
_STATES = (  # sge_status(5); the first that is all of the word
    (State.STUCK, re.compile("Eh?q?w?")),
    (State.RUNNING, re.compile("[dRrtsST]+")),
    (State.QUEUED, re.compile("h?R?q?w|h?R?qw")),
    (State.ENDED, re.compile("z")),
)


def rows(reply: Reply) -> Iterator[Mapping[str, str]]:
    """Yield the fields of each entry. Raises SchedulerError for an answer that is none."""
    if reply.code:
        raise SchedulerError(f"{reply.argv[0]} exited with {reply.code}: {reply.stderr.strip()}")
    try:
        root = ElementTree.fromstring(reply.stdout)
    except ElementTree.ParseError as error:
        raise SchedulerError(f"{reply.argv[0]} printed no XML: {error}") from error
    for entry in root.iter("job_list"):
        row = {field.tag: (field.text or "").strip() for field in entry}
        if row.get("JB_job_number", "").isdecimal():
            yield row


def indices(text: str) -> Iterator[int]:
    """Yield the elements that `1-4:1,7` names."""
    for match in filter(None, map(_RANGE.fullmatch, text.split(","))):
        first, last, step = match.groups()
        yield from range(int(first), min(int(last or first), int(first) + 10**6) + 1, max(int(step or 1), 1))


def status(row: Mapping[str, str]) -> Status:
    """Return how what an entry tells of stands."""
    word = row.get("state", "")
    state = next((state for state, pattern in _STATES if pattern.fullmatch(word)), State.UNKNOWN)
    told = word if state in (State.STUCK, State.UNKNOWN) else ""
    return Status(state, told, row.get("queue_name", "").rpartition("@")[2])
