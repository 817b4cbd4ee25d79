"""A store in jug's words: results by name, and a lock a name. Scripts of jug's users speak to this one."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Iterator
from typing import Any

from jughpc.errors import UsageError
from jughpc.store.base import SHARD, Claim, Store
from jughpc.store.location import Location
from jughpc.tasks.results import Lock
from jughpc.tasks.task import Task

Name = bytes | str
"""What `Task.hash()` returns."""


class NamedStore:
    """The store of a jugdir, with the methods that jug's stores have.

    Attributes:
        location: What was opened.
        results: The store itself.
        is_new: Whether `results` only stands for a store that was not made yet.
        held: The claims that this process took by `getlock`, by digest.
    """

    def __init__(self, location: Location, results: Store, *, is_new: bool = False) -> None:
        self.location, self.results, self.is_new = location, results, is_new
        self.held: dict[bytes, Claim] = {}

    @property
    def jugdir(self) -> str:
        """What was opened, in words."""
        return str(self.location)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.location})"

    def dump(self, value: object, name: Name) -> None:
        """Store a result. Raises UnstorableError."""
        self.results.put(digest_of(name), value)

    def load(self, name: Name) -> Any:
        """Return a result. Raises ResultMissingError, CorruptResultError."""
        return self.results.get(digest_of(name))

    def can_load(self, name: Name) -> bool:
        """Tell whether there is a result."""
        return not self.results.missing([digest_of(name)])

    def remove(self, name: Name) -> bool:
        """Remove a result; tell whether there was one."""
        return bool(self.remove_many([name]))

    def remove_many(self, names: Iterable[Name]) -> int:
        """Remove results and return how many there were."""
        return self.results.remove([digest_of(name) for name in names])

    def list(self) -> builtins.list[bytes]:
        """Return the names of all results."""
        return [digest.hex().encode() for view in self._views() for digest in view.done]

    def listlocks(self) -> builtins.list[bytes]:
        """Return the names of all tasks that are claimed singly, by the living or the dead, or failed."""
        found = set(self.held).union(*(view.failed | (view.claims.keys() - {SHARD}) for view in self._views()))
        return [digest.hex().encode() for digest in found]

    def cleanup(self, active: Iterable[Task[Any]], keeplocks: bool = False) -> int:
        """Remove the results of all tasks but the `active` ones; return how many. Failures go unless `keeplocks`."""
        needed = {task.digest for task in active}
        if not keeplocks:
            self.remove_locks()
        return self.results.remove({digest for view in self._views() for digest in view.done - needed})

    def remove_locks(self) -> int:
        """Make failed tasks ready again; return how many. Claims are for `jughpc cleanup --locks-only`."""
        return self.results.forget_failures({digest for view in self._views() for digest in view.failed})

    def getlock(self, name: Name) -> Lock:
        """Return the lock of that name."""
        from jughpc.app.context.locks import TaskLock  # only now: few need it

        return TaskLock(self, digest_of(name))

    def metadata(self, task: Task[Any]) -> dict[str, Any]:
        """Return what is known of a result."""
        return {"computed": self.can_load(task.hash())}

    def close(self) -> None:
        """Save what is only saved at the end."""
        self.results.save()

    def _views(self) -> Iterator[Any]:
        return map(self.results.look, self.results.shards_in_use())


def digest_of(name: Name) -> bytes:
    """Return the digest that `Task.hash()` spells. Raises UsageError."""
    text = name.decode("ascii", "replace") if isinstance(name, bytes) else name
    try:
        digest = bytes.fromhex(text)
    except ValueError:
        digest = b""
    if len(digest) != 16:
        hint = "; results under jug's own hashes are taken over by `jughpc import-jug`" if len(text) == 40 else ""
        raise UsageError(f"{text!r} names no result: it takes the 32 hexadecimal characters of Task.hash(){hint}.")
    return digest
