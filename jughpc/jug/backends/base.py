"""The names of jug.backends.base: what a store of one's own derives from, and its locks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

from jughpc.app.context.jugstore import NamedStore
from jughpc.errors import ResultMissingError
from jughpc.tasks.results import Lock, Results

__all__ = ["base_lock", "base_store"]


class base_lock(ABC):  # noqa: N801  # jug's name
    """A lock of one's own; see tasks.results.Lock."""

    @abstractmethod
    def get(self) -> bool: ...

    @abstractmethod
    def release(self) -> None: ...

    @abstractmethod
    def is_locked(self) -> bool: ...

    @abstractmethod
    def fail(self) -> bool: ...

    @abstractmethod
    def is_failed(self) -> bool: ...


class base_store(ABC):  # noqa: N801  # jug's name
    """A store of one's own, for scripts: `jughpc.init(jugfile, store=...)`. Names are those of `Task.hash()`."""

    def __init__(self, name: str) -> None:
        self.name = name

    @property
    def results(self) -> Results:
        """This store, as tasks use it."""
        return _ByDigest(self)

    @abstractmethod
    def dump(self, object: Any, name: bytes) -> None: ...  # noqa: A002  # jug's name

    @abstractmethod
    def load(self, name: bytes) -> Any: ...

    @abstractmethod
    def can_load(self, name: bytes) -> bool: ...

    @abstractmethod
    def remove(self, name: bytes) -> bool: ...

    @abstractmethod
    def list(self) -> Iterable[bytes]: ...

    @abstractmethod
    def listlocks(self) -> Iterable[bytes]: ...

    @abstractmethod
    def getlock(self, name: bytes) -> Lock: ...

    @abstractmethod
    def cleanup(self, active: Iterable[Any], keeplocks: bool = False) -> int: ...

    @abstractmethod
    def remove_locks(self) -> int: ...

    @abstractmethod
    def close(self) -> None: ...

    def remove_many(self, names: Iterable[bytes]) -> int:
        """Remove results and return how many there were."""
        return sum(bool(self.remove(name)) for name in names)

    def metadata(self, t: Any) -> dict[str, Any]:
        """Return what is known of a task's result."""
        return {"computed": self.can_load(t.hash())}


base_store.register(NamedStore)


class _ByDigest:
    """Meets tasks.results.Results on a store whose results have names."""

    def __init__(self, store: base_store) -> None:
        self._store = store

    def get(self, digest: bytes) -> object:
        if self.missing([digest]):
            raise ResultMissingError(f"there is no result for task {digest.hex()}")
        return self._store.load(_name(digest))

    def missing(self, digests: Iterable[bytes]) -> set[bytes]:
        return {digest for digest in digests if not self._store.can_load(_name(digest))}

    def put(self, digest: bytes, value: object) -> None:
        self._store.dump(value, _name(digest))

    def remove(self, digests: Iterable[bytes]) -> int:
        return self._store.remove_many(map(_name, digests))


def _name(digest: bytes) -> bytes:
    return digest.hex().encode()
