"""The files in and below folders, as they are packed."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from jughpc.batch.staging.nearby import names

_SYSTEM = ("/usr", "/lib", "/lib64")  # these are the nodes' own; /usr/local often is not
_NOT_IMPORTED = frozenset({".git", ".hg", ".svn"})
_OTHERS = re.compile(r"\.opt-[12]\.pyc$|\.pyc\.\d+$")  # compiled for -O and -OO, or being written just now


class Item(NamedTuple):
    """A file that is packed.

    Attributes:
        path: Where it lies, and will lie below the root.
        mode: Of a link that of the folder outside that it leads to, else 0.
        link: The content of a link, "" for a file.
    """

    path: str
    size: int
    changed: int
    mode: int
    link: str = ""


def is_systems(path: Path) -> bool:
    """Return whether each node has it on a disk of its own."""
    return path.is_relative_to("/usr/local") < any(path.is_relative_to(place) for place in _SYSTEM)


def chosen(path: str, is_chosen: Callable[[str], bool]) -> Iterator[Item]:
    """Yield the files in and below the entries of a folder that are chosen; each of these stands for itself."""
    true = os.path.realpath(path)
    for name in filter(is_chosen, names(path)):
        yield from entry(f"{path}/{name}", f"{true}/{name}", (true,))


def folder(path: str, root: str, above: tuple[str, ...]) -> Iterator[Item]:
    """Yield the files in and below a folder.

    Args:
        root: A true path. Links out of it are followed, to files as if these lay there; others stay links: a library
            has one inode by all its names.
        above: The folders that it lies in, by their true paths: one of them is not entered again.
    """
    true = os.path.realpath(path)
    if true in above:
        return
    for name in names(path):
        if name not in _NOT_IMPORTED and not _OTHERS.search(name):
            yield from entry(f"{path}/{name}", root, (*above, true))


def entry(path: str, root: str, above: tuple[str, ...]) -> Iterator[Item]:
    """Yield what is to be packed of what has that path: a file, a link, or all in a folder; see `folder`."""
    with suppress(OSError):  # removed meanwhile, or a link to nowhere
        found = os.lstat(path)
        if stat.S_ISLNK(found.st_mode):
            target = os.readlink(path)
            if not target.startswith("/") and root and Path(os.path.realpath(path)).is_relative_to(root):
                yield Item(path, 0, 0, 0, target)
                return
            found = os.stat(path)
            if root and stat.S_ISDIR(found.st_mode):
                yield from _outside(path, os.path.realpath(path), found.st_mode, above)
                return
        if stat.S_ISDIR(found.st_mode):
            yield from folder(path, root, above)
        elif stat.S_ISREG(found.st_mode):
            yield Item(path, found.st_size, found.st_mtime_ns, found.st_mode)


def _outside(path: str, true: str, mode: int, above: tuple[str, ...]) -> Iterator[Item]:
    """Yield the files of a folder that a link leads to, where they lie and look for their data, and the link.

    The system's own are not packed: nodes have them.
    """
    if is_systems(Path(true)):
        yield Item(path, 0, 0, 0, true)
    elif files := list(folder(true, true, above)):
        yield Item(path, 0, 0, mode, os.path.relpath(true, os.path.dirname(path)))
        yield from files


def libraries(prefixes: Sequence[Path]) -> Iterator[Item]:
    """Yield the shared libraries of environments; their links are to one another."""
    for place in [f"{prefix}/lib" for prefix in prefixes if not is_systems(prefix)]:
        for name in names(place):
            if ".so" in name:
                yield from entry(f"{place}/{name}", os.path.realpath(place), ())
