"""The manifest of the latest load, kept in the jugdir for whoever wants to look without running the jugfile.

manifest/<key>.<tasks>.<when [Unix ms]>.<sum>.npz

What a load reads besides the jugfile's text and arguments (files, modules, the environment, the time) nobody can know
for certain, so what is kept tells of the past. It is shown as such, to those who ask for it, and decides nothing.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any, NamedTuple

from jughpc.app.context.columns import Columns
from jughpc.app.context.manifest import Manifest
from jughpc.app.context.session import Session
from jughpc.app.context.target import Target
from jughpc.aside import publish
from jughpc.blake import blake2b
from jughpc.fs import Files
from jughpc.tasks.jugfile import read

FOLDER = "manifest"

_LARGEST = 4 << 30  # [bytes] ten times the manifest of 10^7 tasks
_NAME = re.compile(r"([0-9a-f]{32})\.([0-9]{1,12})(?:\.([0-9]{1,15})\.([0-9a-f]{16}))?\.npz")
_MOST = 4  # of one text and arguments; a jugfile whose tasks differ at each load fills no disk


def key_of(target: Target, text: bytes) -> str:
    """Return the name of what is known of a load beforehand: the jugfile's `text`, its name and arguments."""
    words = (target.jugfile.name, *target.args)
    parts = [text, *(word.encode(errors="surrogatepass") for word in words)]  # a name need not be UTF-8
    whole = b"".join(len(part).to_bytes(8, "little") + part for part in parts)
    return blake2b(whole, digest_size=16).hexdigest()


class Load(NamedTuple):
    """What tells a load from others of the same key.

    Attributes:
        key: As `key_of` returns it.
        digests: Of its tasks, one behind the other.
        barrier: Whether it ended at a barrier.
        when: It was done [Unix s].
    """

    key: str
    digests: bytes
    barrier: bool
    when: float

    @property
    def sum(self) -> str:
        """What is equal for loads that brought the same."""
        return blake2b(self.digests + bytes([self.barrier]), digest_size=8).hexdigest()

    @property
    def name(self) -> str:
        """The file's name."""
        return f"{self.key}.{len(self.digests) // 16}.{int(1000 * self.when)}.{self.sum}.npz"


def load_of(session: Session, digests: bytes) -> Load:
    """Return what tells the load that `session` is just from."""
    key = key_of(session.target, session.jugfile.text)
    return Load(key, digests, session.jugfile.barrier, session.site.clock.wall())


def keep(files: Files, load: Load, make: Callable[[], Columns], token: str) -> None:
    """See to it that the latest manifest kept is that of `load`. Costs one listing if it is so already.

    A load that ended at a barrier where another did before is none: that one, or its heirs, may have come further.

    Args:
        make: Returns its manifest.
        token: Nobody else's: in the name of what is written aside.
    """
    found, own = _of_key(files, load.key), load.sum
    same = [kept for kept in found if kept.sum == own]
    if (found and found[-1].sum == own) or (same and load.barrier):
        return
    if same:
        with suppress(FileNotFoundError):  # somebody else did the same
            files.rename(f"{FOLDER}/{same[-1].name}", f"{FOLDER}/{load.name}")
        return
    _write(files, load.name, make(), token)
    for kept in found[: 1 - _MOST]:
        files.remove(f"{FOLDER}/{kept.name}")


def latest(files: Files, key: str) -> Manifest | None:
    """Return the manifest of the latest load, None if none was kept."""
    found = (_read(files, kept) for kept in reversed(_of_key(files, key)))
    return next((manifest for manifest in found if manifest), None)


def of_any(files: Files) -> Manifest | None:
    """Return the largest manifest of any load, for names to show; None if none was kept."""
    found = _kept(files)
    return _read(files, max(found, key=lambda kept: kept.tasks)) if found else None


def outdated(files: Files, target: Target) -> list[str]:
    """Return the file names of manifests that no look at the jugfile as it is now will be told by."""
    current = _of_key(files, key_of(target, read(target.place)))[-1:]
    return [kept.name for kept in _kept(files) if kept not in current]


class _Kept(NamedTuple):
    when: float
    tasks: int
    key: str
    sum: str
    name: str


def _kept(files: Files) -> list[_Kept]:
    matches = (_NAME.fullmatch(name) for name in files.names(FOLDER))
    return [_Kept(int(m[3] or 0) / 1000, int(m[2]), m[1], m[4] or "", m[0]) for m in matches if m]


def _of_key(files: Files, key: str) -> list[_Kept]:
    """Return what is kept of `key`, the latest last."""
    return sorted(kept for kept in _kept(files) if kept.key == key)


def _write(files: Files, name: str, columns: Columns, token: str) -> None:
    publish(files, f"{FOLDER}/{name}", f"{FOLDER}/{name}.{token}.tmp", columns.npz())


def _read(files: Files, kept: _Kept) -> Manifest | None:
    """Return a kept manifest; one that is damaged is removed, so that whoever loads the jugfile next keeps it anew."""
    from zipfile import BadZipFile

    path = f"{FOLDER}/{kept.name}"
    try:
        return replace(_decoded(files.read(path, _most_of(kept.tasks))), since=kept.when)
    except FileNotFoundError:  # a cleanup has removed it just now
        return None
    except (ValueError, KeyError, EOFError, BadZipFile):
        files.remove(path)
        return None


def _decoded(data: bytes) -> Manifest:
    from zipfile import ZIP_STORED, ZipFile

    with ZipFile(io.BytesIO(data)) as members:
        if any(one.compress_type != ZIP_STORED or one.file_size > len(data) for one in members.infolist()):
            raise ValueError("it claims to hold more than there is")
        arrays = {name.removesuffix(".npy"): _array(members.read(name)) for name in members.namelist()}
    names = arrays["names"].tobytes().decode(errors="surrogatepass").split("\0")
    numbers = {key: arrays[key] for key in ("kinds", "digests", "starts")}
    needs = arrays["bundled" if "bundled" in arrays else "needs"]
    return _checked(Manifest(names=names, barrier=bool(arrays["barrier"]), needs=needs, **numbers))


def _array(data: bytes) -> Any:
    """Return the array that a file of numpy's first version holds: no more than there is. Raises ValueError."""
    import numpy as np
    from numpy.lib import format as npy

    head = io.BytesIO(data)
    if npy.read_magic(head) != (1, 0):
        raise ValueError("no file of numpy's that is written here")
    shape, _, dtype = npy.read_array_header_1_0(head)
    return np.frombuffer(data, dtype, offset=head.tell()).reshape(shape)


def _checked(manifest: Manifest) -> Manifest:
    """Return `manifest` if each number in it counts something that is there. Raises ValueError."""
    tasks, starts, needs = manifest.kinds.size, manifest.starts, manifest.needs
    whole = (
        all(array.dtype.kind in "iu" and array.ndim == 1 for array in (manifest.kinds, starts, needs))
        and str(manifest.digests.dtype) == "uint8" and manifest.digests.shape == (tasks, 16)
        and len(starts) > tasks and starts[0] == 0 and starts[-1] == len(needs)
        and bool((starts[1:] >= starts[:-1]).all())
        and _below(manifest.kinds, len(manifest.names)) and _below(needs, len(starts) - 1)
    )  # fmt: skip
    if not whole:
        raise ValueError("its numbers count what is not there")
    return manifest


def _below(numbers: Any, end: int) -> bool:
    return not len(numbers) or 0 <= int(numbers.min()) <= int(numbers.max()) < end


def _most_of(tasks: int) -> int:
    """Return how large a manifest of so many tasks can be [bytes]: each may need each, and have a name of its own."""
    return min(_LARGEST, (16 << 20) + 4096 * tasks + 8 * tasks**2)
