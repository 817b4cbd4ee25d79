"""Calls in files: what an executor hands over, and workers load as the tasks of a jugfile.

<executor>/calls.py                 the jugfile
<executor>/calls/<number>.batch     calls, written once: MAGIC, a checksum, the pickle of plain values
<executor>/calls/<number>.submitted the number of the submission whose workers load the batch
"""

from __future__ import annotations

import pickle
import re
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from itertools import count
from pathlib import Path
from typing import Any, NoReturn

from jughpc import aside
from jughpc.app.calls import pickled
from jughpc.errors import UsageError
from jughpc.fs import Files, OsFiles
from jughpc.inode import OddFileError
from jughpc.tasks.callee import Callee
from jughpc.tasks.task import Task

JUGFILE, FOLDER = "calls.py", "calls"
TEXT = '''"""The calls of a jughpc.Executor, each a task: `jughpc status` and all other commands take this file."""

from jughpc.app.calls.batches import load

calls = load(__file__)
'''
MARK = "from jughpc.app.calls.batches import load"  # what tells such a jugfile from another

_MAGIC = b"jughpc calls 1\n"
_CHECK = 32  # [bytes]
_BATCH = re.compile(r"([1-9][0-9]{0,8})\.batch")
_TAKEN = re.compile(r"([1-9][0-9]{0,8})\.taken")


@dataclass(frozen=True)
class Function:
    """A function that is called.

    Attributes:
        name: Under which its calls are known.
        version: Tells its calls from those of others of that name; None where the name says all.
        pickled: The function.
    """

    name: str
    version: str | None
    pickled: bytes


@dataclass(frozen=True)
class Call:
    """A call of a function.

    Attributes:
        pickled: Its arguments, positional and by name.
    """

    digest: bytes
    function: Function
    pickled: bytes


@dataclass(frozen=True)
class Batch:
    """Calls that were handed over together.

    Attributes:
        paths: Folders in which modules may lie that the functions need.
    """

    paths: Sequence[str]
    calls: Sequence[Call]


def write(files: Files, batch: Batch) -> int:
    """Keep a batch, safe on disk on return; return its number. Raises OSError."""
    functions = list(dict.fromkeys(call.function for call in batch.calls))
    places = {function: place for place, function in enumerate(functions)}
    kept = {
        "paths": list(batch.paths),
        "functions": [(function.name, function.version, function.pickled) for function in functions],
        "calls": [(call.digest, places[call.function], call.pickled) for call in batch.calls],
    }
    body = pickle.dumps(kept, protocol=4)
    number = _free_number(files)
    path = f"{FOLDER}/{number}.batch"
    aside.publish(files, path, f"{path}.new", [_MAGIC, _checksum(body), body])
    return number


def _free_number(files: Files) -> int:
    """Return a number for a batch that nobody else takes."""
    taken = [int(match[1]) for name in files.names(FOLDER) if (match := _TAKEN.fullmatch(name))]
    for number in count(max(taken, default=0) + 1):
        with suppress(FileExistsError):
            files.write(f"{FOLDER}/{number}.taken", [])
            return number
    raise AssertionError


def numbers(files: Files) -> list[int]:
    """Return the numbers of all batches, ascending."""
    return sorted(int(match[1]) for name in files.names(FOLDER) if (match := _BATCH.fullmatch(name)))


def read(files: Files, number: int) -> Batch:
    """Return a batch. Raises UsageError if it is damaged, or no file; OSError."""
    path = f"{FOLDER}/{number}.batch"
    try:
        is_ours = files.read(path, len(_MAGIC)) == _MAGIC  # first: what is none may be of any size
        data = files.read(path) if is_ours else b""
    except OddFileError:
        data = b""
    head, body = data[: len(_MAGIC) + _CHECK], data[len(_MAGIC) + _CHECK :]
    if head != _MAGIC + _checksum(body):
        raise UsageError(f"{path} is damaged: move it away; calls that have no result yet are to be made again")
    kept = pickle.loads(body)
    functions = [Function(*fields) for fields in kept["functions"]]
    return Batch(kept["paths"], [Call(digest, functions[place], args) for digest, place, args in kept["calls"]])


def mark_submitted(files: Files, number: int, submission: int) -> None:
    """Take note which submission's workers load a batch."""
    files.save(f"{FOLDER}/{number}.submitted", [str(submission).encode()])


def submission_of(files: Files, number: int) -> int | None:
    """Return which submission's workers load a batch, None if none was queued for it, as far as is known."""
    try:
        text = files.read(f"{FOLDER}/{number}.submitted", 20)
    except FileNotFoundError:
        return None
    return int(text) if text.isdigit() else None


def load(jugfile: str) -> list[Task[Any]]:
    """Return all calls that were handed over, as tasks; one that cannot be made any more fails for that."""
    folder = Path(jugfile).parent
    files, found = OsFiles(folder), dict[bytes, Task[Any]]()
    for number in numbers(files):
        try:
            batch = read(files, number)
        except UsageError as error:
            print(f"jughpc: {folder}/{error}", file=sys.stderr)
            continue
        sys.path += [path for path in batch.paths if path not in sys.path]
        for call in batch.calls:
            if call.digest not in found:
                found[call.digest] = _task(call, found)
    return list(found.values())


def _task(call: Call, known: Mapping[bytes, Task[Any]]) -> Task[Any]:
    function = call.function
    try:
        f = pickle.loads(function.pickled)
        args, kwargs = pickled.loads(call.pickled, known)
    except Exception as error:  # whatever a module raises that cannot be imported any more
        f, args, kwargs = _refuse, (f"{function.name} cannot be loaded here: {error!r}",), {}
    task = Task.calling(Callee(f, function.name, function.version), args, kwargs)
    task.stand_for(call)  # who waits for it knows it by this digest
    return task


def _refuse(words: str) -> NoReturn:
    raise RuntimeError(words)


def _checksum(body: bytes) -> bytes:
    return blake2b(body, digest_size=_CHECK).digest()
