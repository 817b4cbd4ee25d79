"""The result files of a store, as one process knows them: published whole, read in place, set aside if damaged."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence, Set
from contextlib import suppress
from typing import TypeVar

from jughpc.aside import publish
from jughpc.errors import CorruptResultError, ResultMissingError
from jughpc.fs import Buffer, Files
from jughpc.inode import new_token
from jughpc.store import resultfile
from jughpc.store.base import View
from jughpc.store.files.checks import LARGE, Checks, Payload
from jughpc.store.files.kept import Kept, Pack
from jughpc.store.files.layout import Layout, read_listing, result_name
from jughpc.store.resultfile import NPY, DamagedError, Encoded, Entry, Index

_K = TypeVar("_K")
_V = TypeVar("_V")

Digests = frozenset[bytes]
"""Which digests a pack holds."""

_MOST = 1024  # shards of which it is kept in memory what was listed
_MOST_INDEXED = 1 << 19  # results of which it is kept in memory in which pack they are
_PACK = 8  # and each pack counts as so many more
_ROUNDS = 8  # of looking again at a shard whose packs others rewrite at the same time


class PackedView(View):
    """A view whose packs are put together only for whoever asks for all that is done: most who look do not."""

    def __init__(self, view: View, packs: Sequence[Digests]) -> None:
        self.failed, self.claims, self.deaths = view.failed, view.claims, view.deaths
        self._singles, self._packs = view.done, packs
        self._whole: set[bytes] | None = None

    @property
    def done(self) -> set[bytes]:
        if self._whole is None:
            self._whole = self._singles.union(*self._packs)
        return self._whole

    @done.setter
    def done(self, digests: set[bytes]) -> None:
        self._singles, self._packs, self._whole = digests, (), digests

    def has(self, digest: bytes) -> bool:
        return digest in self._singles or any(digest in pack for pack in self._packs)

    def parts(self) -> Sequence[Set[bytes]]:
        return (self._singles, *self._packs) if self._singles else self._packs


class Results:
    """Results by digest, spread over the shards' folders.

    Args:
        now: This process's own clock [s].
        doubt: Called with a shard that lacks a result that was asked for, and before and after a damaged file of it
            is set aside.
        token: Tells this process's files from all others', ever; made up if empty.
    """

    def __init__(
        self, files: Files, layout: Layout, now: Callable[[], float], doubt: Callable[[int], None], token: str = ""
    ) -> None:
        self._files, self._layout, self._doubt = files, layout, doubt
        self._kept, self._checks = Kept(files, now), Checks(self._found_damaged)
        self._token = token or new_token()
        self._written = 0
        self._indices: OrderedDict[str, Digests] = OrderedDict()
        self._indexed = 0
        self._listed: OrderedDict[int, tuple[set[bytes], list[str]]] = OrderedDict()
        self._scattered: dict[int, int] = {}

    def look(self, shard: int) -> View:
        """Return what a listing of `shard` tells, packs included; see base.Store.

        Who claims looks afterwards: what is read under a claim is what was there when it was won, or later.
        """
        self._kept.clear()
        for _ in range(_ROUNDS):
            view, packs = self._list(shard)
            indices = [self._index(path) for path in packs]
            if None not in indices:
                break  # else a pack went as we came to read it: what it held is in another by now
        return PackedView(view, [index for index in indices if index])

    def get(self, digest: bytes) -> object:
        """Return a result. Raises ResultMissingError, CorruptResultError.

        A large array may be handed out before its checksum was looked at: `assure` tells whether it was whole.
        """
        shard = self._layout.shard_of(digest)
        if (place := self._kept.find(shard, digest)) and (found := self._take(shard, *place, digest)):
            return found[0]
        for look_again in (False, True):
            if look_again or shard not in self._listed:
                self._list(shard)
            for path in self._places(shard, digest):
                if found := self._load(shard, path, digest):
                    return found[0]
        with suppress(OSError):  # who may only read cannot mend it
            self._doubt(shard)  # somebody may have removed the file by hand, under a mark that promises it
        raise ResultMissingError(f"there is no result for task {digest.hex()}")

    def assure(self) -> None:
        """Return once all that was handed out is known to be whole; see base.Store."""
        self._checks.finish()

    def publish(self, shard: int, results: Mapping[bytes, Encoded], life: str) -> None:
        """Publish results of one shard: all or none, safe on disk on return."""
        name = f"{life}-{self.unique()}"
        folder, parts = self._layout.folder(shard), resultfile.pack(results)
        path = f"{folder}/{result_name(next(iter(results)))}" if len(results) == 1 else f"{folder}/{name}.pack"
        publish(self._files, path, f"{folder}/{name}.tmp", parts)
        if len(results) > 1:
            self._keep_index(path, frozenset(results))
        self._listed.pop(shard, None)
        self._scattered[shard] = self._scattered.get(shard, 0) + 1

    def scattered(self, shard: int) -> int:
        """Return in how many files the results of a shard were when it was last listed, with those published since."""
        return self._scattered.get(shard, 0)

    def forget(self, shard: int) -> None:
        """Let go of what is kept in memory of a shard: all of it is done, and it is hardly looked at again."""
        for path in self._listed.pop(shard, (set(), []))[1]:
            self._forget_index(path)

    def unique(self) -> str:
        """Return a text that no other process, and no other call, ever makes."""
        self._written += 1
        return f"{self._token}-{self._written}"

    def remove(self, shard: int, digests: Set[bytes]) -> int:
        """Remove results of one shard; return how many there were."""
        gone = found = self.look(shard).done & digests
        for _ in range(_ROUNDS):
            if not found:
                break
            self._remove_listed(shard, found)
            found = self.look(shard).done & digests  # a pack that was rewritten meanwhile may hold them still
        return len(gone)

    def _list(self, shard: int) -> tuple[View, list[str]]:
        folder = self._layout.folder(shard)
        listing = read_listing(self._files.names(folder))
        packs = sorted(f"{folder}/{name}" for name in listing.packs)
        _keep(self._listed, shard, (set(listing.view.done), packs))
        self._scattered[shard] = len(listing.view.done) + len(packs)
        return listing.view, packs

    def _index(self, path: str) -> Digests | None:
        """Return what a pack holds, None if it is gone, or was set aside for its damage."""
        index = self._indices.get(path)
        if index is None:
            try:
                index = self._read_index(path)
            except FileNotFoundError:
                return None
            except DamagedError:
                self._set_aside(path)
                return None
            self._keep_index(path, index)
        return index

    def _keep_index(self, path: str, index: Digests) -> None:
        self._forget_index(path)
        self._indices[path] = index
        self._indexed += len(index) + _PACK
        while self._indexed > _MOST_INDEXED and len(self._indices) > 1:
            self._forget_index(next(iter(self._indices)))

    def _forget_index(self, path: str) -> None:
        if (index := self._indices.pop(path, None)) is not None:
            self._indexed -= len(index) + _PACK

    def _read_index(self, path: str) -> Digests:
        head: Buffer = self._files.read(path, resultfile.HEAD)
        if resultfile.index_size(head) > len(head):
            head = self._files.map(path)
        return resultfile.read_digests(head)

    def _places(self, shard: int, digest: bytes) -> list[str]:
        """Return the files that may have held the result of `digest` when the shard was last listed."""
        singles, packs = self._listed.get(shard, (set(), []))
        single = [f"{self._layout.folder(shard)}/{result_name(digest)}"] if digest in singles else []
        return single + [path for path in packs if path not in self._indices or digest in self._indices[path]]

    def _load(self, shard: int, path: str, digest: bytes) -> tuple[object, ...]:
        """Return the result of `digest` alone, nothing if it is not in that file. Raises CorruptResultError."""
        try:
            if not path.endswith(".pack"):
                return (self._read_single(path, digest),)
            pack = self._kept.pack(shard, path)
            entry = pack.index.find(digest)
            return self._take(shard, pack, entry, digest) if entry else ()
        except FileNotFoundError:  # packed or set aside since it was listed
            return ()
        except DamagedError as error:
            raise self._damaged(path, error) from error

    def _take(self, shard: int, pack: Pack, entry: Entry, digest: bytes) -> tuple[object, ...]:
        """Return the result at `entry` of a pack alone, nothing if the pack is gone. Raises CorruptResultError."""
        try:
            if entry.length < LARGE and (payload := self._kept.payload(pack, entry)) is not None:
                return (resultfile.decode_copy(payload, entry),)
            return (self._decode(pack.path, self._files.map(pack.path), entry),)
        except FileNotFoundError:
            self._kept.drop(shard)
            return ()
        except DamagedError as error:
            raise self._damaged(pack.path, error) from error

    def _read_single(self, path: str, digest: bytes) -> object:
        data = self._files.map(path)
        entry = Index(data).find(digest)
        if entry is None:
            raise DamagedError("it holds another result than its name says")
        return self._decode(path, data, entry)

    def _decode(self, path: str, data: memoryview, entry: Entry) -> object:
        """Return the result at `entry` of the file `data`. Raises DamagedError, FileNotFoundError."""
        if entry.codec != NPY or entry.length < LARGE:
            return resultfile.decode(data, entry)
        witness = self._files.map(path)  # which nobody writes to, while the array may be changed
        head = resultfile.index_size(data)
        if witness[:head] != data[:head]:  # another file of that name: a rare case, not worth a second try
            return resultfile.decode(data, entry)
        self._checks.begin(Payload(path, entry), witness)
        try:
            return resultfile.unchecked(data, entry)
        except Exception:  # whatever a damaged header may lead to
            self._checks.finish()
            raise

    def _found_damaged(self, path: str) -> CorruptResultError:
        return self._damaged(path, DamagedError("its checksum does not fit its content"))

    def _damaged(self, path: str, error: DamagedError) -> CorruptResultError:
        """Set a damaged file aside; return the error that says so."""
        self._set_aside(path)
        return CorruptResultError(
            f"the result file {path} is damaged: {error}. It was set aside as {path}.corrupt, and its task "
            "is ready again: run `jughpc execute` or `jughpc submit` to compute it anew."
        )

    def _set_aside(self, path: str) -> None:
        """Move a damaged file out of the way; what is whole in it is kept."""
        shard = int(path.split("/")[1], 16)
        self._doubt(shard)
        with suppress(DamagedError, FileNotFoundError):
            data = self._files.map(path)
            whole = dict(resultfile.intact(data, resultfile.read_index(data)))
            if whole and path.endswith(".pack"):
                self.publish(shard, whole, "rescued")
        with suppress(FileNotFoundError):
            self._files.rename(path, f"{path}.corrupt")
        self._listed.pop(shard, None)
        self._forget_index(path)
        self._kept.drop(shard)
        self._doubt(shard)  # again: who marked the shard meanwhile may have looked before the rename

    def _remove_listed(self, shard: int, doomed: Set[bytes]) -> None:
        singles, packs = self._listed.get(shard, (set(), []))
        for path in packs:
            if doomed & (self._index(path) or frozenset()):
                self._rewrite_without(shard, path, doomed)
        for digest in sorted(doomed & singles):
            self._files.remove(f"{self._layout.folder(shard)}/{result_name(digest)}")

    def _rewrite_without(self, shard: int, path: str, doomed: Set[bytes]) -> None:
        try:
            data = self._files.map(path)
            whole = resultfile.intact(data, resultfile.read_index(data))
        except FileNotFoundError:
            return  # somebody else rewrote it just now
        except DamagedError:
            self._set_aside(path)
            return
        kept = {digest: encoded for digest, encoded in whole if digest not in doomed}
        if kept:
            self.publish(shard, kept, "kept")
        self._files.remove(path)


def _keep(memory: OrderedDict[_K, _V], key: _K, value: _V) -> None:
    memory[key] = value
    memory.move_to_end(key)
    if len(memory) > _MOST:
        memory.popitem(last=False)
