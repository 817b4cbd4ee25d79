"""`Files` as one NFS client sees a simulated server: as stale as its cache may be, with faults on order.

The rules are measured (two Linux clients, NFS 3 and 4.2, default mount options): a listing is fresh;
an open is fresh, but a name once found absent may be found absent for 50 s more, unless its folder was
listed or changed by this client meanwhile; a file replaced by rename while some client has it open may
be found for 30 s more by who found it before. Whatever may be stale here is.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import NamedTuple, Protocol

from jughpc.fs import Buffer, HardLinks
from jughpc.testing.disk import Disk, Inode

ABSENT = 50.0  # [s] for which a name that was absent may be found absent again
REPLACED = 30.0  # [s] for which a file that is open somewhere may be found under a name that another has now


class Fate(Protocol):
    """What befalls the calls of one client."""

    def before(self, call: str, path: str) -> None:
        """Let the world move before the server does `call`; raise what keeps it from doing so."""

    def postpones(self, call: str, path: str, effect: Callable[[], None]) -> bool:
        """Return whether the server does `effect`, what `call` asks for, later than the client learns of it."""

    def after(self, call: str, path: str) -> None:
        """Let the world move before the client learns of it; raise what it learns instead."""


class Client:
    """One host's cache of the shared folder.

    Args:
        lag: For so long a file that was read may be read again as it was [s]; NFS has 0, for it
            looks at each open.
    """

    def __init__(self, disk: Disk, lag: float = 0.0) -> None:
        self.disk, self._lag = disk, lag
        self._absent: dict[str, dict[str, float]] = {}
        self._found: dict[str, Inode] = {}
        self._contents: dict[Inode, tuple[float, bytes]] = {}

    def refresh(self, folder: str) -> None:
        """Forget what was absent in `folder`: it was listed, or this client changed it."""
        self._absent.pop(folder, None)

    def open(self, path: str) -> Inode:
        """Return the file that an open finds. Raises FileNotFoundError."""
        inode = None if self.seems_absent(path) else self.disk.find(path)
        if inode is None:
            raise FileNotFoundError(errno.ENOENT, "no such file", path)
        before = self._found.get(path)
        if before and before.mapped and before.replaced[0] == path and self._age(before.replaced[1]) < REPLACED:
            return before
        self._found[path] = inode
        return inode

    def seems_absent(self, path: str) -> bool:
        """Return whether a look-up finds nothing; that is remembered."""
        folder, _, name = path.rpartition("/")
        known = self._absent.setdefault(folder, {})
        if self._age(known.get(name)) < ABSENT:
            return True
        known.pop(name, None)
        if self.disk.find(path) is None:
            known[name] = self.disk.time()
        return False

    def content(self, inode: Inode) -> bytes:
        """Return what a read finds."""
        fetched, data = self._contents.get(inode, (None, b""))
        if self._age(fetched) >= self._lag:
            data = inode.data
            self.keep(inode, data)
        return data

    def keep(self, inode: Inode, data: bytes) -> None:
        """Remember content that was read or written here."""
        if self._lag:
            self._contents[inode] = self.disk.time(), data

    def _age(self, since: float | None) -> float:
        return float("inf") if since is None else self.disk.time() - since


class SimFiles:
    """Meets `Files` on a simulated server.

    Args:
        client: The cache that all processes of one host share.
        links: Whether hard links are allowed here.
    """

    def __init__(self, client: Client, fate: Fate, links: bool = True) -> None:
        self._client, self._disk, self._fate, self._links = client, client.disk, fate, links
        self._known_links = HardLinks()

    def names(self, folder: str) -> list[str]:
        self._fate.before("names", folder)
        found = self._disk.names(folder)
        self._client.refresh(folder)
        self._fate.after("names", folder)
        return found

    def read(self, path: str, limit: int = -1) -> bytes:
        self._fate.before("read", path)
        data = self._client.content(self._client.open(path))
        self._fate.after("read", path)
        return data if limit < 0 else data[:limit]

    def map(self, path: str) -> memoryview:
        self._fate.before("map", path)
        inode = self._client.open(path)
        inode.mapped = True
        data = bytearray(self._client.content(inode))
        self._fate.after("map", path)
        return memoryview(data)

    def write(self, path: str, parts: Iterable[Buffer], mode: int | None = None) -> None:
        inode = Inode()  # for everybody: there is one user
        self._fate.before("create", path)
        self._finish("create", path, lambda: self._disk.add(path, inode))
        self._fill(path, inode, parts)

    def save(self, path: str, parts: Iterable[Buffer]) -> None:
        self._fate.before("create", path)
        inode = self._disk.find(path) or Inode()
        self._finish("create", path, lambda: self._empty(path, inode))
        self._fill(path, inode, parts)

    def _empty(self, path: str, inode: Inode) -> None:
        if inode.data:
            self._store(inode, b"")
        with suppress(FileExistsError):
            self._disk.add(path, inode)

    def _fill(self, path: str, inode: Inode, parts: Iterable[Buffer]) -> None:
        if not parts:
            return
        data = b"".join(bytes(part) for part in parts)
        self._fate.before("send", path)
        inode.data = data[: len(data) // 2]  # the server may write some of it out early, and then fail
        self._fate.before("sync", path)
        self._finish("sync", path, lambda: self._store(inode, data))

    def rewrite(self, path: str, data: Buffer) -> None:
        self._fate.before("rewrite", path)
        inode = self._client.open(path)
        self._finish("rewrite", path, lambda: self._store(inode, bytes(data) + inode.data[len(data) :]))

    def rename(self, old: str, new: str) -> None:
        self._fate.before("rename", new)
        self._client.open(old)
        self._change(old)
        self._finish("rename", new, lambda: self._disk.rename(old, new))

    def link(self, old: str, new: str) -> None:
        self._known_links.make(new, lambda: self._link(old, new))

    def _link(self, old: str, new: str) -> None:
        self._fate.before("link", new)
        inode = self._client.open(old)
        if not self._links:
            raise PermissionError(errno.EPERM, "hard links are refused here", new)
        self._finish("link", new, lambda: self._disk.add(new, inode))

    def remove(self, path: str) -> None:
        self._fate.before("remove", path)
        if self._client.seems_absent(path):
            self._fate.after("remove", path)
        else:
            self._finish("remove", path, lambda: self._disk.remove(path))

    def touch(self, path: str) -> None:
        self._fate.before("touch", path)
        self._client.open(path)
        self._fate.after("touch", path)

    def make_folder(self, folder: str) -> None:
        self._fate.before("make_folder", folder)
        self._finish("make_folder", folder, lambda: self._disk.make_folder(folder))

    def _finish(self, call: str, path: str, effect: Callable[[], None]) -> None:
        """Have the server do `effect`, now as a rule."""
        if call not in ("sync", "rewrite"):
            self._change(path)
        if not self._fate.postpones(call, path, effect):
            effect()
        self._fate.after(call, path)

    def _store(self, inode: Inode, data: bytes) -> None:
        inode.data = data
        self._client.keep(inode, data)

    def _change(self, path: str) -> None:
        self._client.refresh(path.rpartition("/")[0])


class Fault(NamedTuple):
    """One fault on order.

    Attributes:
        call: Which call it hits: a verb's name, or `create`, `send` and `sync` within `write`.
        done: Whether the server does it all the same, and only the reply is lost.
        error: What the client learns.
    """

    call: str
    done: bool
    error: OSError


class Orders:
    """A fate that a test dictates: nothing befalls a call but what was ordered."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self.calls: list[tuple[str, str]] = []

    def lose_request(self, call: str, number: int = errno.EIO) -> None:
        """Let the next `call` fail with this error, undone."""
        self._faults.append(Fault(call, False, OSError(number, "ordered", call)))

    def lose_reply(self, call: str, number: int = errno.EIO) -> None:
        """Let the next `call` fail with this error although it was done."""
        self._faults.append(Fault(call, True, OSError(number, "ordered", call)))

    def before(self, call: str, path: str) -> None:
        self.calls.append((call, path))
        self._strike(call, done=False)

    def postpones(self, call: str, path: str, effect: Callable[[], None]) -> bool:
        return False

    def after(self, call: str, path: str) -> None:
        self._strike(call, done=True)

    def _strike(self, call: str, done: bool) -> None:
        fault = next((fault for fault in self._faults if fault[:2] == (call, done)), None)
        if fault:
            self._faults.remove(fault)
            raise fault.error
