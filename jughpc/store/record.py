"""The record of a life: 1 KiB of JSON that `cat` shows and that a beat rewrites in place."""

from __future__ import annotations

import dataclasses
import json
import re
import zlib
from dataclasses import dataclass
from functools import lru_cache

SIZE = 1024  # [bytes] less than a page, so a rewrite in place is one write to the server
LARGEST = 4 * SIZE  # [bytes] that are read of what should be one

ALIVE, ENDED, DIED = "alive", "ended", "died"
CRASH = "crash"  # by its own doing: a fault in compiled code, or it ended itself
MEMORY = "memory"  # it, or something beside it in its cgroup, used too much
TIME = "time"  # at its element's time limit
TOLD = "told"  # its job was being ended
UNKNOWN = "unknown"  # by SIGKILL, or nobody saw it
_LONGEST = {  # the fullest record fills SIZE
    "host": 64, "user": 32, "owner": 64, "submission": 8, "task": 50, "reason": 80, "space": 24,
}  # fmt: skip


_OF_ELEMENT = re.compile(r"([0-9a-f]{8})-(\d{1,9})-(\d{1,12})-[A-Za-z0-9_-]+")  # how the life of an element is called


@dataclass(frozen=True)
class ElementRef:
    """One run of one element of a submission's arrays, as its script says it and as jobs and workers are joined.

    Attributes:
        submission: The token of the submission, 8 hexadecimal characters.
        element: Its number within the submission.
        run: Tells one run of a requeued element from the next, which has a greater one.
    """

    submission: str
    element: int
    run: int = 0

    def __str__(self) -> str:
        return f"{self.submission}-{self.element}-{self.run}"

    @classmethod
    def of_life(cls, life: str) -> ElementRef | None:
        """Return what the name of a life tells, None if it is of no element."""
        match = _OF_ELEMENT.fullmatch(life)
        return cls(match[1], int(match[2]), int(match[3])) if match else None


@dataclass(frozen=True)
class Record:
    """One unbroken stretch of a worker's beats.

    Attributes:
        life: Its name, unique for ever.
        host, space, pid, started: The process: host and boot, PID namespace, pid, start time [ticks].
        user: Whose process.
        owner: Its job in the scheduler's words, for people; "" by hand.
        submission, element, run: Which element it is, see ElementRef; "", -1 and 0 by hand.
        worker: Which of its element's workers it is, from 1; 0 if it is the only one.
        state: alive, ended (left nothing behind) or died.
        reason: Why it ended or died.
        how: By what it died, one of these words; while it lives, TIME or TOLD where its end is near, else "".
        beats: Grows with each beat; that it changes is the proof of life.
        task, digest: What it runs now, "" if nothing.
        since: When that began [Unix s by its own clock, for people].
        begun: When the life began [the same].
        beaten: When it last beat [the same].
        done, failed: Tasks it finished.
        memory: Resident set [bytes].
        cpu: Processor time used [s].
        copied: Whether the text is a copy made as a claim, which does not change with the beats.
    """

    life: str
    host: str
    space: str
    pid: int
    started: int
    user: str
    owner: str = ""
    submission: str = ""
    element: int = -1
    run: int = 0
    worker: int = 0
    state: str = ALIVE
    reason: str = ""
    how: str = ""
    beats: int = 0
    task: str = ""
    digest: str = ""
    since: float = 0.0
    begun: float = 0.0
    beaten: float = 0.0
    done: int = 0
    failed: int = 0
    memory: int = 0
    cpu: float = 0.0
    copied: bool = False

    @property
    def ref(self) -> ElementRef | None:
        """The element that this is, None by hand."""
        return ElementRef(self.submission, self.element, self.run) if self.submission else None

    def last_words(self) -> str:
        """Return what it says of its own end, in words."""
        return f"its record says that it {self.state}" + (f": {self.reason}" if self.reason else "")


_NAME = re.compile(r"[A-Za-z0-9_-]{1,94}")
_TEXTS = {
    "life": _NAME,
    "submission": re.compile(r"([0-9a-f]{8})?"),
    "state": re.compile(f"{ALIVE}|{ENDED}|{DIED}"),
    "digest": re.compile(r"([0-9a-f]{32})?"),
    "how": re.compile(r"[a-z]{0,7}"),
} | {key: re.compile(rf"[ -~]{{0,{most}}}") for key, most in _LONGEST.items() if key != "submission"}
"""What the texts of a record match in full: anybody who may write to the jugdir may have written it."""

_MOST_PIDS = 1 << 22  # proc(5), pid_max
MOST_WORKERS = 9999  # of one element
_MOST = 1 << 64
_KINDS = {field.name: field.type for field in dataclasses.fields(Record)}


def encode(record: Record) -> bytes:
    """Return exactly SIZE bytes: a checksum, the fields as JSON, blanks, a newline.

    Texts are made plain and cut to fit; `life` is not, it must have 94 characters at most.
    """
    fields = {key: _clipped(key, value) for key, value in dataclasses.asdict(record).items()}
    text = json.dumps(fields, separators=(", ", ": ")).encode()
    line = b"%08x %s" % (zlib.crc32(text), text)
    if len(line) >= SIZE:
        raise ValueError(f"the record of {record.life} takes {len(line)} bytes, {SIZE - 1} at most")
    return line.ljust(SIZE - 1) + b"\n"


@lru_cache(maxsize=256)  # a claim is read time and again, and changes once a beat
def decode(data: bytes, life: str | None = None) -> Record | None:
    """Return the record, None if the text is torn, which reading again mends, or is none that a worker writes.

    Args:
        life: What the file that holds it is called: the record of another life in its place is none. None for a claim.
    """
    crc, _, text = data.rstrip().partition(b" ")
    try:
        if int(crc, 16) != zlib.crc32(text):
            return None
        fields = json.loads(text)
        known = {key: value for key, value in fields.items() if key in _KINDS}
        if all(_fits(key, value) for key, value in known.items()) and life in (None, known["life"]):
            return Record(**known)
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError):  # torn, or no record of ours
        return None
    return None


def _fits(key: str, value: object) -> bool:
    """Return whether a field has a value that a worker would write."""
    kind = _KINDS[key]
    if kind == "str":
        return isinstance(value, str) and bool(_TEXTS[key].fullmatch(value))
    if kind == "bool" or isinstance(value, bool):
        return kind == "bool" and isinstance(value, bool)
    if key == "pid":
        return isinstance(value, int) and 1 <= value <= _MOST_PIDS
    if key == "worker":
        return isinstance(value, int) and 0 <= value <= MOST_WORKERS
    if kind == "float":
        return isinstance(value, (int, float)) and -_MOST < value < _MOST
    return isinstance(value, int) and -_MOST < value < _MOST


def _clipped(key: str, value: object) -> object:
    longest = _LONGEST.get(key)
    if longest is None or not isinstance(value, str):
        return value
    plain = value.encode("ascii", "replace").decode().translate({34: 39, 92: 47})  # escapes would take more room
    plain = "".join(sign if sign.isprintable() else " " for sign in plain)
    return plain if len(plain) <= longest else plain[: longest - 3] + "..."
