"""A worker whose imports were unpacked on its node: it imports from there, and the last one there removes it.

A script tells two things, in variables: where it lies, and the descriptor of a lock that is held on it. Only what
Python has loaded anyhow is imported here, for all of it comes off the file server.
"""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Mapping, MutableMapping, Sequence
from contextlib import suppress

WHERE, LOCK = "_JUGHPC_STAGED", "_JUGHPC_STAGED_LOCK"
_TABLE = ".imports"
_held: list[tuple[str, int, int]] = []  # what this process unpacked: where, its lock, and who took it


def take(environ: MutableMapping[str, str] = os.environ) -> None:
    """Import from what was unpacked from now on, if anything was, and remove it at this process's end.

    It is left to another element of this node that uses it. What is gone, or not this user's alone, is passed over.
    """
    root = environ.get(WHERE, "")
    if not root or not _is_own(root):
        return
    with suppress(OSError, UnicodeError), open(f"{root}/{_TABLE}", errors="surrogateescape") as table:
        rows = (line.rstrip("\n").partition(" ") for line in table)
        places = {place: kind for kind, _, place in rows if kind != "beside"}
        sys.path[:] = redirected(sys.path, root, places)
        for name, module in list(sys.modules.items()):  # those that site loaded, and this package
            if isinstance(folders := getattr(module, "__path__", None), list):
                folders[:] = [_copy_of(folder, root, places) for folder in folders]
            if name.startswith("__editable__") and isinstance(found := getattr(module, "MAPPING", None), dict):
                paths = {package: folder for package, folder in found.items() if isinstance(folder, str)}
                found.update({package: _copy_of(folder, root, places) for package, folder in paths.items()})
    if (lock := environ.pop(LOCK, "")).isdecimal():  # nobody whom this process starts is told
        _held.append((root, int(lock), os.getpid()))
        atexit.register(leave)


def leave() -> None:
    """Remove what was unpacked, unless another process has it locked: for whoever ends without Python's own end."""
    while _held:
        _leave(*_held.pop())


def redirected(path: Sequence[str], root: str, places: Mapping[str, str]) -> list[str]:
    """Return a path of imports on which what was unpacked below `root` comes in the place of what it was packed from.

    Args:
        places: By folder or archive: "whole" if nothing else in it is to be found, "part" if what is not packed
            is, too.
    """
    return [one for entry in path for one in _in_place_of(entry, root, places)]


def _in_place_of(entry: str, root: str, places: Mapping[str, str]) -> list[str]:
    kind = places.get(entry)
    return [*([root + entry] if kind else []), *([entry] if kind != "whole" else [])]


def _copy_of(folder: str, root: str, places: Mapping[str, str]) -> str:
    """Return where a folder of a package was unpacked, itself if it was not."""
    is_packed = any(f"{folder}/".startswith(f"{place}/") for place in places)
    return root + folder if is_packed and os.path.isdir(root + folder) else folder


def _is_own(root: str) -> bool:
    """Return whether nobody but this user can have put anything there."""
    try:
        above = os.lstat(os.path.dirname(root))
        return above.st_uid == os.geteuid() and not above.st_mode & 0o077 and os.path.isdir(root)
    except OSError:
        return False


def _leave(root: str, lock: int, pid: int) -> None:
    if os.getpid() != pid:  # a child that a task forked
        return
    import fcntl
    import shutil

    with suppress(OSError):
        if os.path.samestat(os.fstat(lock), os.stat(f"{root}.lock")):  # a task may have closed it
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.rename(root, f"{root}.part")
            shutil.rmtree(f"{root}.part")
            os.unlink(f"{root}.lock")
