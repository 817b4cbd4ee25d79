"""Which files of an environment go to nodes, and what tells two states of it apart."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple

from jughpc.batch.staging.interpreter import Interpreter
from jughpc.inode import open_regular

_SYSTEM = ("/usr", "/lib", "/lib64")  # these are the nodes' own; /usr/local often is not
_SITES = ("site-packages", "dist-packages")
_LIBRARY_ONLY = frozenset({"test", "idlelib", "turtledemo", "ensurepip", *_SITES})  # large, and no task's
_NOT_IMPORTED = frozenset({".git", ".hg", ".svn"})
_OTHERS = re.compile(r"\.opt-[12]\.pyc$|\.pyc\.\d+$")  # compiled for -O and -OO, or being written just now
_PROJECT = frozenset({"pyproject.toml", "setup.py", "setup.cfg", ".git"})  # one of these lies where a project begins
_DEEPEST = 3  # folders, of which that is one, that the sources of a project lie in
_BLOCK = 4096  # [bytes] what a file takes is a multiple of it


class Item(NamedTuple):
    """A file that is packed.

    Attributes:
        path: Where it lies, and will lie below the root.
        link: The content of a link, "" for a file.
    """

    path: str
    size: int
    changed: int
    mode: int
    link: str = ""


class ChangedError(Exception):
    """A file changed, or was removed, since it was found: what is packed would be of no one moment."""


@dataclass(frozen=True)
class Place:
    """Where imports come from.

    Attributes:
        kind: An entry of the path of imports that is packed "whole", so that nobody looks at the original any more, or
            in "part"; or a package that an import hook finds, "hooked".
    """

    path: Path
    kind: Literal["whole", "part", "hooked"]


@dataclass(frozen=True)
class Survey:
    """All that is to be packed.

    Attributes:
        beside: Folders of which a part is packed: a node links the rest of each to where it lies.
        key: Another one once any file was added, removed or changed.
    """

    places: tuple[Place, ...]
    items: tuple[Item, ...] = field(repr=False)
    beside: tuple[Path, ...] = ()
    key: str = ""

    @property
    def room(self) -> int:
        """What it takes once it is unpacked [bytes]."""
        folders = len({item.path.rpartition("/")[0] for item in self.items})
        return sum(-(-item.size // _BLOCK) * _BLOCK for item in self.items) + folders * _BLOCK

    @property
    def heaviest(self) -> Path:
        """The file that is half of it and more, else the place that most of it lies in; there is one."""
        largest = max(self.items, key=lambda item: item.size)
        if 2 * largest.size >= self.room:
            return Path(largest.path)
        sizes = {
            one.path: sum(item.size for item in self.items if item.path.startswith(f"{one.path}/"))
            for one in self.places
        }
        return max(sizes, key=sizes.__getitem__)

    @property
    def table(self) -> bytes:
        """What worker and node read: a line each for what is packed, and for the folders of which a part is."""
        rows = [f"{one.kind} {one.path}\n" for one in self.places] + [f"beside {folder}\n" for folder in self.beside]
        return "".join(rows).encode("utf-8", "surrogateescape")


def survey(interpreter: Interpreter, beside: Sequence[Path]) -> Survey:
    """Return what of an interpreter's imports is to be packed.

    What lies on the system's own disk stays there, and so do these folders `beside` the jugfile: they come first
    wherever it runs, and what is in them finds its data beside itself. Of a folder in which nothing is installed only
    modules and packages are taken: it may be somebody's home. Of an environment the shared libraries are taken, too,
    which packages find by where they lie themselves: conda's, and those of some wheels.
    """
    kept = {path.resolve() for path in beside}
    places = tuple(place for place in _places(interpreter) if place.path.resolve() not in kept)
    names = _by_true_path(places)
    found: dict[str, Item] = {}
    for place in (alike[0] for alike in names.values()):
        for item in _of_place(place, interpreter):
            found.setdefault(item.path, item)
    for item in _libraries(interpreter.prefixes):
        found.setdefault(item.path, item)
    for first, *others in names.values():
        for place in others:
            if not any(path.startswith(f"{place.path}/") for path in found):  # as a part of another place
                found[str(place.path)] = _alias(place.path, first.path)
    items = tuple(sorted(found.values()))
    linked = tuple(dict.fromkeys(_beside(places, interpreter)))
    return Survey(places, items, linked, _key((places, linked), items))


@contextmanager
def unchanged(item: Item) -> Iterator[BinaryIO]:
    """Open a file that is as it was found, and is so still when the block has read it.

    Raises:
        ChangedError: It is not; its text is the path.
        PermissionError: It may not be read.
    """
    try:
        handle, _ = open_regular(item.path)
    except PermissionError:
        raise
    except OSError as error:
        raise ChangedError(item.path) from error
    with open(handle, "rb") as content:
        _compare(item, handle)
        try:
            yield content
        finally:  # first, also where it ended too early
            _compare(item, handle)


def _compare(item: Item, handle: int) -> None:
    now = os.fstat(handle)
    if (now.st_size, now.st_mtime_ns) != (item.size, item.changed):
        raise ChangedError(item.path)


def _places(interpreter: Interpreter) -> Iterator[Place]:
    for path in interpreter.path:
        if path.is_absolute() and path.exists() and _can_be_told(path):
            yield Place(path, "whole" if path.is_file() or _is_whole(path, interpreter.library) else "part")
    for path in dict.fromkeys(interpreter.editable.values()):
        if (path / "__init__.py").is_file() and path.parent not in interpreter.path and _can_be_told(path):
            yield Place(path, "hooked")


def _by_true_path(places: Sequence[Place]) -> Mapping[Path, Sequence[Place]]:
    """Return the places that are one folder by several names, as `lib` and `lib64` are, together."""
    names: dict[Path, list[Place]] = {}
    for place in places:
        names.setdefault(place.path.resolve(), []).append(place)
    return names


def _alias(path: Path, other: Path) -> Item:
    return Item(str(path), 0, 0, 0, os.path.relpath(other, path.parent))


def _can_be_told(path: Path) -> bool:
    """Return whether nodes lack it, and a line of the table holds it."""
    return not _is_systems(path) and "\n" not in str(path)


def _beside(places: Sequence[Place], interpreter: Interpreter) -> Iterator[Path]:
    """Yield the folders of which a part is packed, up to where the environment or project of a place begins.

    Nothing is linked into what is packed whole, for it may have been installed since.
    """
    whole = {one.path for one in places if one.kind == "whole"} - {interpreter.library}
    for place in places:
        is_all = place.path in whole or place.kind == "hooked"
        above = place.path.parents if is_all else (place.path, *place.path.parents)
        ends = [
            folder in interpreter.prefixes or (n < _DEEPEST and _is_project(folder)) for n, folder in enumerate(above)
        ]
        count = ends.index(True) + 1 if any(ends) else int(place.path not in whole)
        yield from (folder for folder in above[:count] if folder not in whole)


def _is_project(folder: Path) -> bool:
    return not _PROJECT.isdisjoint(_names(folder))


def _is_systems(path: Path) -> bool:
    return path.is_relative_to("/usr/local") < any(path.is_relative_to(place) for place in _SYSTEM)


def _is_whole(path: Path, library: Path) -> bool:
    """Return whether all of a folder is Python's: a place that things are installed in, or the standard library."""
    if path.name in _SITES or path.suffix == ".egg" or path.is_relative_to(library):
        return True
    return any(name.endswith(".dist-info") for name in _names(path))  # of `pip install --target`


def _of_place(place: Place, interpreter: Interpreter) -> Iterator[Item]:
    path = str(place.path)
    if place.path.is_file():
        yield from _entry(path, "", ())
    elif place.path == interpreter.library:
        yield from _chosen(path, lambda name: name not in _LIBRARY_ONLY and not name.startswith("config-"))
    elif place.kind == "part":
        yield from _chosen(path, lambda name: _is_importable(f"{path}/{name}"))
    else:
        yield from _folder(path, os.path.realpath(path), ())


def _is_importable(path: str) -> bool:
    return path.endswith((".py", ".so", ".egg-info")) or os.path.isfile(f"{path}/__init__.py")


def _chosen(path: str, is_chosen: Callable[[str], bool]) -> Iterator[Item]:
    """Yield the files in and below the entries of a folder that are chosen; each of these stands for itself."""
    true = os.path.realpath(path)
    for name in filter(is_chosen, _names(path)):
        yield from _entry(f"{path}/{name}", f"{true}/{name}", (true,))


def _folder(path: str, root: str, above: tuple[str, ...]) -> Iterator[Item]:
    """Yield the files in and below a folder.

    Args:
        root: A true path. Links out of it are followed, others stay links: a library has one inode by all its names.
        above: The folders that it lies in, by their true paths: one of them is not entered again.
    """
    true = os.path.realpath(path)
    if true in above:
        return
    for name in _names(path):
        if name not in _NOT_IMPORTED and not _OTHERS.search(name):
            yield from _entry(f"{path}/{name}", root, (*above, true))


def _names(path: str | Path) -> list[str]:
    """Return what is in a folder; what cannot be listed here cannot be imported there."""
    with suppress(OSError):
        return os.listdir(path)
    return []


def _entry(path: str, root: str, above: tuple[str, ...]) -> Iterator[Item]:
    with suppress(OSError):  # removed meanwhile, or a link to nowhere
        found = os.lstat(path)
        if stat.S_ISLNK(found.st_mode):
            target = os.readlink(path)
            if not target.startswith("/") and root and Path(os.path.realpath(path)).is_relative_to(root):
                yield Item(path, 0, 0, 0, target)
                return
            found = os.stat(path)
        if stat.S_ISDIR(found.st_mode):
            yield from _folder(path, root, above)
        elif stat.S_ISREG(found.st_mode):
            yield Item(path, found.st_size, found.st_mtime_ns, found.st_mode)


def _libraries(prefixes: Sequence[Path]) -> Iterator[Item]:
    """Yield the shared libraries of environments; their links are to one another."""
    for folder in [f"{prefix}/lib" for prefix in prefixes if not _is_systems(prefix)]:
        for name in _names(folder):
            if ".so" in name:
                yield from _entry(f"{folder}/{name}", os.path.realpath(folder), ())


def _key(table: object, items: Sequence[Item]) -> str:
    state = hashlib.blake2b(repr(table).encode(), digest_size=8)
    for item in items:
        state.update(repr(item).encode("utf-8", "surrogateescape"))
    return state.hexdigest()
