"""Which files of an environment go to nodes, and what tells two states of it apart."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Literal

from jughpc.batch.staging import walk
from jughpc.batch.staging.interpreter import Interpreter
from jughpc.batch.staging.nearby import names, up_from
from jughpc.batch.staging.walk import Item
from jughpc.inode import open_regular

_SITES = ("site-packages", "dist-packages")
_LIBRARY_ONLY = frozenset({"test", "idlelib", "turtledemo", "ensurepip", *_SITES})  # large, and no task's
_BLOCK = 4096  # [bytes] what a file takes is a multiple of it


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
        key: Another one once any file was added, removed or changed, and for each user, who alone may read the bundle.
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


def survey(interpreter: Interpreter, beside: Sequence[Path], owner: int | None = None) -> Survey:
    """Return what of an interpreter's imports is to be packed.

    What lies on the system's own disk stays there, and so do these folders `beside` the jugfile: they come first
    wherever it runs, and what is in them finds its data beside itself. Of a folder in which nothing is installed only
    modules and packages are taken: it may be somebody's home. Of an environment the shared libraries are taken, too,
    which packages find by where they lie themselves: conda's, and those of some wheels.

    Args:
        owner: Whose bundle it is to be, by number; None for this process's user.
    """
    kept = {path.resolve() for path in beside}
    places = tuple(place for place in _places(interpreter) if place.path.resolve() not in kept)
    folders = _by_true_path(places)
    found: dict[str, Item] = {}
    for place in (alike[0] for alike in folders.values()):
        for item in _of_place(place, interpreter):
            found.setdefault(item.path, item)
    for item in walk.libraries(interpreter.prefixes):
        found.setdefault(item.path, item)
    for first, *others in folders.values():
        found |= {str(place.path): _alias(place.path, first.path) for place in others}
    items = _behind_no_link(found)
    linked = tuple(dict.fromkeys(_beside(places, items, interpreter)))
    return Survey(places, items, linked, _key((os.geteuid() if owner is None else owner, places, linked), items))


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
    folders: dict[Path, list[Place]] = {}
    for place in places:
        folders.setdefault(place.path.resolve(), []).append(place)
    return folders


def _alias(path: Path, other: Path) -> Item:
    return Item(str(path), 0, 0, 0, os.path.relpath(other, path.parent))


def _behind_no_link(found: Mapping[str, Item]) -> tuple[Item, ...]:
    """Return what is found, in order, without what lies by the name of a link: that is found by another name, too."""
    links = {path for path, item in found.items() if item.link}
    return tuple(sorted(item for path, item in found.items() if links.isdisjoint(_above(path))))


def _above(path: str) -> Iterator[str]:
    while path := path.rpartition("/")[0]:
        yield path


def _can_be_told(path: Path) -> bool:
    """Return whether nodes lack it, and a line of the table holds it."""
    return not walk.is_systems(path) and "\n" not in str(path)


def _beside(places: Sequence[Place], items: Sequence[Item], interpreter: Interpreter) -> Iterator[Path]:
    """Return the folders of which a part is packed, up to where the environment or project that they are of begins.

    Nothing is linked into what is packed whole, for it may have been installed since; what is the system's need not be.
    """
    whole = {one.path for one in places if one.kind == "whole"} - {interpreter.library}
    found = [
        folder
        for place in places
        for folder in up_from(
            place.path.parent if place.path in whole or place.kind == "hooked" else place.path,
            interpreter.prefixes,
            least=int(place.path not in whole),
        )
    ]
    for target in filter(None, map(_elsewhere, items)):
        found += up_from(target.parent, interpreter.prefixes, least=1)
    return (one for one in found if whole.isdisjoint((one, *one.parents)) and not walk.is_systems(one))


def _elsewhere(item: Item) -> Path | None:
    """Return the folder outside that a link leads to, which is packed where it lies."""
    return Path(os.path.normpath(f"{item.path}/../{item.link}")) if item.link and item.mode else None


def _is_whole(path: Path, library: Path) -> bool:
    """Return whether all of a folder is Python's: a place that things are installed in, or the standard library."""
    if path.name in _SITES or path.suffix == ".egg" or path.is_relative_to(library):
        return True
    return any(name.endswith(".dist-info") for name in names(path))  # of `pip install --target`


def _of_place(place: Place, interpreter: Interpreter) -> Iterator[Item]:
    path = str(place.path)
    if place.path.is_file():
        yield from walk.entry(path, "", ())
    elif place.path == interpreter.library:
        yield from walk.chosen(path, lambda name: name not in _LIBRARY_ONLY and not name.startswith("config-"))
    elif place.kind == "part":
        yield from walk.chosen(path, lambda name: _is_importable(f"{path}/{name}"))
    else:
        yield from walk.folder(path, os.path.realpath(path), ())


def _is_importable(path: str) -> bool:
    return path.endswith((".py", ".so", ".egg-info")) or os.path.isfile(f"{path}/__init__.py")


def _key(table: object, items: Sequence[Item]) -> str:
    state = hashlib.blake2b(repr(table).encode(), digest_size=8)
    for item in items:
        state.update(repr(item).encode("utf-8", "surrogateescape"))
    return state.hexdigest()
