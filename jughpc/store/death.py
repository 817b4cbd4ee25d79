"""Deaths of tasks: that a worker died while it ran one, for a reason that may be the task's; a small file beside it.

A claim tells of a death only until somebody frees it. Whoever takes over from the dead, or removes the claim of one,
first writes the death down by its own name, which nothing removes but a user who wants that very task to start anew.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jughpc.store.record import ALIVE, CRASH, DIED, MEMORY, TIME, UNKNOWN, Record

LARGEST = 4096  # [bytes] of a death as it is kept
_TEXT = re.compile(r"[ -~]{0,200}")
_COUNTED = {CRASH, MEMORY, TIME, UNKNOWN}


@dataclass(frozen=True)
class Death:
    """One worker's death while it had a task in hand.

    Attributes:
        digest: The task.
        life: Who died; a life dies once.
        how: By what, as far as is known: CRASH, MEMORY, TIME or UNKNOWN. Only what is UNKNOWN may be taken back.
        words: The same for people.
        host, owner: Where: the host, and the job in the scheduler's words, "" by hand.
        submission, element, run: Which element it was, see record.ElementRef; "", -1 and 0 by hand.
        before: How many tasks it had finished before this one.
        memory: Its resident set when it last beat [bytes].
        when: Its last sign of life [Unix s by that host's clock, for people].
    """

    digest: bytes
    life: str
    how: str = UNKNOWN
    words: str = ""
    host: str = ""
    owner: str = ""
    submission: str = ""
    element: int = -1
    run: int = 0
    before: int = 0
    memory: int = 0
    when: float = 0.0

    def __str__(self) -> str:
        where = ", ".join(filter(None, (self.owner or "by hand", f"element {self.element}" if self.submission else "")))
        memory = f", with {self.memory >> 20} MiB in use" if self.memory else ""
        return f"{self.words or 'nobody knows how'}{memory}; on {self.host or 'an unknown host'} ({where})"


def of_holder(record: Record, key: bytes) -> Death | None:
    """Return the death that the last record of a dead holder tells of a task, None if none is to be counted.

    What ended the job, and not the task, is no death of the task's: a signal to end that was seen before, and the
    element's own time limit, unless the task had all of the element's time.

    Args:
        key: What is claimed: the digest, or SHARD, whose holder knows of itself which task it ran.
    """
    digest, how = _in_hand(record, key), record.how or UNKNOWN
    if not digest or how not in _COUNTED or (how == TIME and record.done + record.failed):
        return None
    if how == TIME:
        return of_task(record, digest, record.beaten)
    return _of(record, digest, how, record.reason or "it gave no sign of life any more", record.beaten)


def of_task(record: Record, digest: bytes, when: float) -> Death:
    """Return the death of a task whose element met its time limit, all of which the task had."""
    return _of(record, digest, TIME, "met its time limit, all of which this task had", when)


def _of(record: Record, digest: bytes, how: str, words: str, when: float) -> Death:
    return Death(
        digest,
        record.life,
        how,
        words,
        record.host,
        record.owner,
        record.submission,
        record.element,
        record.run,
        record.done + record.failed,
        record.memory,
        when,
    )


def encode(death: Death) -> bytes:
    """Return `death` as it is kept, LARGEST bytes at most."""
    return json.dumps({**vars(death), "digest": death.digest.hex()}, indent=1).encode()


def decode(data: bytes, digest: bytes, life: str) -> Death:
    """Return what was kept of the death of `life`; of damaged data, that it died is all that is known."""
    try:
        fields = json.loads(data)
        known = {key: value for key, value in fields.items() if key in _KINDS}
        if known["how"] in _COUNTED and all(_fits(key, value) for key, value in known.items()):
            return Death(digest, life, **known)
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
        pass
    return Death(digest, life, words="what was written of it is damaged")


def _in_hand(record: Record, key: bytes) -> bytes:
    """Return the task that a dead holder had in hand, b"" if it had none, or nobody knows."""
    if record.state == ALIVE:  # it could not tell: what it said last may be older than its claim
        return key
    if record.state != DIED or not record.digest:
        return b""
    last = bytes.fromhex(record.digest)
    return last if key in (b"", last) else b""


_KINDS: Mapping[str, Any] = {
    field.name: field.type for field in dataclasses.fields(Death) if field.name not in ("digest", "life")
}


def _fits(key: str, value: object) -> bool:
    """Return whether a field has a value that we would write."""
    kind = _KINDS[key]
    if kind == "str":
        return isinstance(value, str) and bool(_TEXT.fullmatch(value))
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < 1 << 63:
        return False
    return kind == "float" or (isinstance(value, int) and value >= -1)
