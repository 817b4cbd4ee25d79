"""Which store a jugdir names: a folder, a redis server, or this process's memory; parsed once a command."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol

from jughpc._version import __version__
from jughpc.errors import JugdirError
from jughpc.fs import Clock, Files, OsFiles, environment, home
from jughpc.host import at_my_end
from jughpc.store.base import Pace, Store
from jughpc.store.files.opening import make_store, open_store, remove_store

if TYPE_CHECKING:  # few stores lie on a server, and each worker imports this module
    from jughpc.store.redis.server import Address, Secret

IN_MEMORY = "dict_store"

_FEW = 10_000  # tasks that a store is made for whose jugfile was not loaded yet
_REDIS = ("redis:", "rediss:")
_KIND = re.compile(r"[A-Za-z_][\w+.@-]*:")  # what an address begins with, and the name of a folder hardly ever


class Location(Protocol):
    """Where a store lies, whether it was made yet or not. Two are equal if they are one place.

    `str()` names it for people, as it was given. Neither that nor anything else here shows a password.
    """

    @property
    def is_private(self) -> bool:
        """Whether the store lives in one process, so that nobody else works on it."""

    @property
    def largest(self) -> int | None:
        """What one result may take there [bytes], None if only the medium ends that."""

    def find(self, clock: Clock | None = None) -> Store | None:
        """Open the store, None if there is none yet. Raises JugdirError.

        Args:
            clock: By which it judges and waits; this host's by default.
        """

    def make(self, tasks: int, pace: Pace, clock: Clock | None = None) -> Store:
        """Make the store, fit for `tasks` tasks, or open the one that somebody made meanwhile. Raises JugdirError."""

    def remove(self) -> None:
        """Remove the store with all results, and nothing that is not ours. Raises JugdirError if there is none."""

    def files(self) -> Files | None:
        """Return the folder's files, None for a store that is no folder."""

    def folder(self) -> Path:
        """Return the folder (absolute). Raises JugdirError for another kind of store."""

    def spell(self) -> str:
        """Return what `parse` takes for this place, from the same folder; a password is left out."""


@dataclass(frozen=True)
class Folder:
    """A folder that all workers see.

    Attributes:
        path: Where (absolute).
        given: As it was named.
    """

    path: Path
    given: str = field(default="", compare=False)

    is_private: ClassVar[bool] = False
    largest: ClassVar[int | None] = None

    def __str__(self) -> str:
        return self.given or str(self.path)

    def find(self, clock: Clock | None = None) -> Store | None:
        return open_store(self.path, clock)

    def make(self, tasks: int, pace: Pace, clock: Clock | None = None) -> Store:
        return make_store(self.path, tasks, __version__, pace, clock)

    def remove(self) -> None:
        if self.find() is None:
            raise JugdirError(f"{self} holds no store, so nothing is removed. Was it made elsewhere?")
        remove_store(self.path)

    def files(self) -> Files:
        return OsFiles(self.path, make_root=False)  # what was removed is not to come back half made

    def folder(self) -> Path:
        return self.path

    def spell(self) -> str:
        return str(self)


@dataclass(frozen=True)
class Server:
    """A namespace on a redis server."""

    address: Address

    is_private: ClassVar[bool] = False

    def __str__(self) -> str:
        return self.address.words

    @property
    def largest(self) -> int | None:
        from jughpc.store.redis.store import LARGEST

        return LARGEST

    def find(self, clock: Clock | None = None) -> Store | None:
        from jughpc.store.redis.store import open_redis

        return open_redis(self.address, self._password())

    def make(self, tasks: int, pace: Pace, clock: Clock | None = None) -> Store:
        from jughpc.store.redis.store import make_redis

        return make_redis(self.address, self._password(), pace)

    def remove(self) -> None:
        raise JugdirError(f"{self} is a redis server; remove its keys there, they begin with {self.address.prefix}")

    def files(self) -> None:
        return None

    def folder(self) -> Path:
        raise _needs_a_folder("a redis server")

    def spell(self) -> str:
        return self.address.spell()

    def _password(self) -> Secret | None:
        from jughpc.store.redis.server import password_from

        return password_from(environment(), home())


@dataclass(frozen=True)
class Memory:
    """The memory of one process.

    Attributes:
        path: The file that is read first and written at the end (absolute), None for none.
        given: As that file was named.
    """

    path: Path | None = None
    given: str = field(default="", compare=False)

    is_private: ClassVar[bool] = True
    largest: ClassVar[int | None] = None

    def __str__(self) -> str:
        return IN_MEMORY if self.path is None else f"{IN_MEMORY}:{self.given or self.path}"

    def find(self, clock: Clock | None = None) -> Store | None:
        return None if self.path is None else self.make(_FEW, Pace(), clock)

    def make(self, tasks: int, pace: Pace, clock: Clock | None = None) -> Store:
        from jughpc.store.memory import MemoryStore  # only now: few stores lie in memory

        return MemoryStore() if self.path is None else MemoryStore.kept(OsFiles(self.path.parent), self.path.name)

    def remove(self) -> None:
        raise JugdirError(f"{self} lies in no folder, so nothing is removed.")

    def files(self) -> None:
        return None

    def folder(self) -> Path:
        raise _needs_a_folder(str(self))

    def spell(self) -> str:
        return str(self)


def parse(text: str) -> Location:
    """Return the place that `text` names, by jug's syntax; a relative path is one below the folder we are in now.

    Raises:
        JugdirError: It is of no kind that there is.
    """
    if text.partition("?")[0] == "redis:":  # jug's word for the usual one
        text = f"redis://localhost{text.removeprefix('redis:')}"
    if text.startswith(_REDIS):
        from jughpc.store.redis.server import parse as parse_address

        return Server(parse_address(text))
    if text == IN_MEMORY:
        return Memory()
    kind, _, rest = text.partition(":")
    if kind == IN_MEMORY and rest:
        return Memory(Path(rest).absolute(), rest)
    if found := _KIND.match(text):  # no more of it is shown: an address may hold a password
        raise JugdirError(
            f"no kind of jugdir begins with {found[0]!r}. There are a folder, redis://HOST, {IN_MEMORY} and "
            f"{IN_MEMORY}:FILE; if it is the name of a folder write ./ before it."
        )
    return Folder(Path(text).absolute(), text)


def open_or_make(location: Location) -> Store:
    """Open the store at `location`, or make one; what it keeps only at the end is kept when Python ends."""
    store = location.find() or location.make(_FEW, Pace())
    at_my_end(store.save)
    return store


def _needs_a_folder(kind: str) -> JugdirError:
    return JugdirError(f"the jugdir is {kind}, and this needs a folder. Name one: --jugdir DIR")
