"""What a load made is kept from the cycle collector; what files hold that were left open is written all the same.

Python does that as it takes everything apart in the end. It does not reach what its collector was told to leave alone
(`gc.freeze`), a script's own names among it, takes what is in a cycle apart in any order, and does nothing in a forked
worker, which ends at once.
"""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from io import BufferedRandom, BufferedWriter, IOBase, RawIOBase, TextIOBase
from typing import Any

from jughpc import descriptors, host

_NEED_NO_END = (
    TextIOBase,
    BufferedWriter,
    BufferedRandom,
)  # others, of gzip and the like, write something as they are closed


def made(is_meant: Callable[[type], bool]) -> list[Any]:
    """Return all objects of the types that are meant, what is frozen too, which is frozen no more then; 0.1 us each."""
    gc.unfreeze()  # what is frozen, the collector does not list
    there = gc.get_objects()
    kinds = {kind for kind in set(map(type, there)) if is_meant(kind)}
    return [one for one in there if type(one) in kinds]


def freeze() -> None:
    """Have the collector leave alone all that there is now, and what files hold written before this process ends."""
    _promise()
    gc.freeze()


def flush() -> list[IOBase]:
    """Write what files hold that are open, and return them: who is forked then has nothing of it to write once more."""
    files = _open_files()
    for file in files:
        _flush(file)
    return files


def finish(besides: Sequence[IOBase] = ()) -> None:
    """Write what files hold at the end of a process; those `besides`, its parent's, are not ended by it."""
    known = {id(file) for file in besides}
    for file in _open_files():
        if id(file) in known or isinstance(file, _NEED_NO_END):
            _flush(file)
        else:
            with suppress(Exception):
                file.close()


def finish_soon(besides: Sequence[IOBase] = (), seconds: float = 5.0) -> None:
    """Do as `finish`, for so many seconds [s] at most: a thread that a task left may hold a file for ever."""
    writer = threading.Thread(target=finish, args=(besides,), daemon=True)
    writer.start()
    writer.join(seconds)


def flush_streams() -> None:
    """Write what the standard streams hold; a task, or a parent, may have closed them."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()


@cache  # once a process
def _promise() -> None:
    host.at_my_end(finish)


def _open_files() -> list[IOBase]:
    """Return the open files, each before the one that it writes to; the standard streams are not among them.

    To look through all that was loaded takes 0.2 us a task, so that is done only where a file is open.
    """
    if not descriptors.has_files_open():
        return []
    found = made(lambda kind: issubclass(kind, IOBase) and not issubclass(kind, RawIOBase))
    return sorted(filter(_is_apart, found), key=_depth)


def _is_apart(file: IOBase) -> bool:
    try:
        return file.fileno() > 2
    except Exception:  # it is one of memory, or closed, or the user's own kind
        return False


def _depth(file: IOBase) -> int:
    return 0 if isinstance(file, TextIOBase) else 2 if isinstance(file, _NEED_NO_END) else 1


def _flush(file: IOBase) -> None:
    with suppress(Exception):  # a full disk, a reader that is gone: Python is as silent about it
        file.flush()
