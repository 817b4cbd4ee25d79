"""What the store relies on, tried out on a folder through the same port as the store: one finding each."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from statistics import median

from jughpc.app.doctor.finding import Finding, failure, fine, warning
from jughpc.fs import Clock, Files, LinksRefusedError

_OLD, _NEW = b"old!" * 256, b"new!" * 256  # as long as a record
_WRITES = 5
_SLOW = 0.1  # [s] a durable write that takes longer is worth a word

_OTHER_PLACE = "Keep jugdirs on another file system: --jugdir DIR."


def examine(files: Files, clock: Clock) -> Iterator[Finding]:
    """Try all promises in an empty folder, which is left full of small files; the caller removes it."""
    for topic, check in _CHECKS.items():
        try:
            yield check(topic, files, clock)
        except OSError as error:  # noqa: PERF203  # each check for itself
            yield failure(topic, f"{error.strerror or error}", _advice(error))


def _writing(topic: str, files: Files, clock: Clock) -> Finding:
    times = []
    for number in range(_WRITES):
        started = clock.now()
        files.write(f"write/{number}.tmp", [_NEW * 4])
        files.rename(f"write/{number}.tmp", f"write/{number}")
        times.append(clock.now() - started)
    fact = f"4 KiB are safe on disk and have their name after {median(times) * 1000:.1f} ms"
    if median(times) > _SLOW:
        advice = "Every long task and every batch of short ones pays this once; a faster file system is worth a try."
        return warning(topic, fact, advice)
    return fine(topic, fact)


def _exclusive(topic: str, files: Files, clock: Clock) -> Finding:
    files.write("exclusive", [_OLD])
    try:
        files.write("exclusive", [_NEW])
    except FileExistsError:
        return fine(topic, "a name that is taken is refused")
    return failure(topic, "a second file was made under a name that was taken", _unsafe())


def _links(topic: str, files: Files, clock: Clock) -> Finding:
    files.write("record", [_OLD])
    try:
        files.link("record", "claim")
    except LinksRefusedError as error:
        fact = f"they are refused ({error.strerror or error}): claims will be files of their own, made exclusively"
        return warning(topic, fact, "Nothing need be done: it costs two more calls a claim.")
    try:
        files.link("record", "claim")
    except FileExistsError:
        return _shared_content(topic, files)
    return failure(topic, "a second link was made under a name that was taken", _unsafe())


def _shared_content(topic: str, files: Files) -> Finding:
    files.rewrite("record", _NEW)
    if files.read("claim") == _NEW:
        return fine(topic, "a name that is taken is refused, and both names show one content")
    return failure(topic, "what is written under one name of a file does not show under the other", _unsafe())


def _rewriting(topic: str, files: Files, clock: Clock) -> Finding:
    files.write("beat", [_OLD])
    for data in (_NEW, _OLD, _NEW):
        files.rewrite("beat", data)
        if files.read("beat") != data:
            return failure(topic, "a file that was rewritten shows its old content", _unsafe())
    return fine(topic, "what is written is read back at once")


def _renaming(topic: str, files: Files, clock: Clock) -> Finding:
    files.write("moved/one", [_OLD])
    files.write("moved/two", [_NEW])
    files.rename("moved/two", "moved/one")
    if files.names("moved") == ["one"] and files.read("moved/one") == _NEW:
        return fine(topic, "a file takes another's name in one step")
    return failure(topic, "a renamed file did not take the other's place", _unsafe())


def _listing(topic: str, files: Files, clock: Clock) -> Finding:
    expected: set[str] = set()
    for number in range(20):
        files.write(f"list/{number}", [])
        expected.add(str(number))
        if number % 3 == 2:
            files.remove(f"list/{number - 1}")
            expected.remove(str(number - 1))
        if set(files.names("list")) != expected:
            return failure(topic, "a listing does not show what was just made or removed", _unsafe())
    return fine(topic, "they show what was just made and removed")


def _mapping(topic: str, files: Files, clock: Clock) -> Finding:
    files.write("mapped", [_NEW])
    if files.map("mapped") == _NEW:
        return fine(topic, "results can be read in place")
    return failure(topic, "a mapped file does not show its content", _unsafe())


_Check = Callable[[str, Files, Clock], Finding]

_CHECKS: dict[str, _Check] = {
    "durable writes": _writing,
    "exclusive files": _exclusive,
    "hard links": _links,
    "rewriting": _rewriting,
    "renaming": _renaming,
    "listings": _listing,
    "mapped files": _mapping,
}


def _unsafe() -> str:
    return f"Workers here could do each other's tasks, or lose results. {_OTHER_PLACE}"


def _advice(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "Make room, or ask for a larger quota (of files, too); workers wait while the disk is full."
    return _OTHER_PLACE
