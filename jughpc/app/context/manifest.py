"""The tasks of a loaded jugfile as arrays, kept in the jugdir so that status need not run the jugfile."""

from __future__ import annotations

import hashlib
import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jughpc.app.context.target import Target
from jughpc.aside import publish
from jughpc.fs import Files
from jughpc.tasks.graph import Graph
from jughpc.tasks.jugfile import read

if TYPE_CHECKING:  # each worker imports this module, and few of them need NumPy for it
    import numpy as np
    import numpy.typing as npt

FOLDER = "manifest"

_LARGEST = 4 << 30  # [bytes] ten times the manifest of 10^7 tasks
_NAME = re.compile(r"([0-9a-f]{32})\.([0-9]+)\.npz")


@dataclass(frozen=True)
class Manifest:
    """N tasks and their M dependencies, B containers of tasks among them that several tasks were given.

    Attributes:
        names: The functions' names.
        kinds: (N,) index into `names`.
        digests: (N, 16) bytes.
        starts: (N + B + 1,) where the dependencies of each task begin in `needs`, and the tasks of each container.
        needs: (M,) the tasks depended on, by index; from N on, the containers.
        barrier: Whether the load ended at a barrier: more tasks will come.
    """

    names: list[str]
    kinds: npt.NDArray[np.uint32]
    digests: npt.NDArray[np.uint8]
    starts: npt.NDArray[np.int64]
    needs: npt.NDArray[np.int64]
    barrier: bool

    def __len__(self) -> int:
        return len(self.kinds)

    def by_kind(self) -> list[int]:
        """Return how many tasks there are of each name."""
        import numpy as np

        return [int(count) for count in np.bincount(self.kinds, minlength=len(self.names))]

    def waiting(self, done: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """Return which tasks wait for one that is not done.

        Args:
            done: (N,) which tasks have results.
        """
        import numpy as np

        whole = np.ones(len(self.starts) - 1, bool)
        whole[: len(self)] = done
        whole[len(self) :] = ~self._lacking(whole)[len(self) :]  # first, for tasks depend on them
        return self._lacking(whole)[: len(self)]

    def name_pairs(self) -> set[tuple[int, int]]:
        """Return which names need which, as pairs (needed, needing) of indices into `names`."""
        import numpy as np

        kinds = np.concatenate([self.kinds, len(self.names) + np.arange(len(self.starts) - 1 - len(self))])
        needing = np.repeat(kinds, np.diff(self.starts))
        found = [(int(a), int(b)) for a, b in np.unique(np.stack([kinds[self.needs], needing], axis=1), axis=0)]
        inside: dict[int, list[int]] = {}
        for needed, container in found:
            inside.setdefault(container, []).append(needed)
        count = len(self.names)
        through = ((inner, b) for a, b in found for inner in ([a] if a < count else inside[a]))
        return {(a, b) for a, b in through if b < count}

    def _lacking(self, whole: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """Return which tasks and containers need one that is not whole."""
        import numpy as np

        missing = np.zeros(len(self.needs) + 1, np.int64)
        np.cumsum(~whole[self.needs], out=missing[1:])
        lacking: npt.NDArray[np.bool_] = missing[self.starts[1:]] > missing[self.starts[:-1]]
        return lacking

    def name(self, index: int) -> str:
        """Return the name of a task."""
        return self.names[int(self.kinds[index])]


def of_graph(graph: Graph, barrier: bool) -> Manifest:
    """Return the manifest of a graph."""
    import numpy as np

    digests = np.frombuffer(b"".join(graph.digests), np.uint8).reshape(-1, 16)
    kinds = np.array(graph.kinds, np.uint32)
    starts, needs = np.array(graph.edges.starts, np.int64), np.array(graph.edges.targets, np.int64)
    return Manifest(graph.names, kinds, digests, starts, needs, barrier)


def key_of(target: Target, text: bytes) -> str:
    """Return the name of what a load of the jugfile depends on: its `text` and arguments."""
    parts = [text, target.jugfile.name.encode(), *(argument.encode() for argument in target.args)]
    whole = b"".join(len(part).to_bytes(8, "little") + part for part in parts)
    return hashlib.blake2b(whole, digest_size=16).hexdigest()


def save(files: Files, key: str, manifest: Manifest, token: str) -> None:
    """Keep `manifest`.

    Args:
        token: Nobody else's: in the name of what is written aside.
    """
    import numpy as np

    name = _path(key, len(manifest))
    buffer = io.BytesIO()
    names = np.frombuffer("\0".join(manifest.names).encode(), np.uint8)
    arrays: dict[str, Any] = {key: value for key, value in vars(manifest).items() if key not in ("names", "barrier")}
    if len(manifest.starts) - 1 > len(manifest):  # under another name: who knows of no containers is to load instead
        arrays["bundled"] = arrays.pop("needs")
    np.savez(buffer, names=names, barrier=np.array(manifest.barrier), **arrays)
    publish(files, name, f"{name}.{token}.tmp", [buffer.getbuffer()])


def is_saved(files: Files, key: str, count: int) -> bool:
    """Return whether the manifest of this load is kept already."""
    return _path(key, count).rpartition("/")[2] in files.names(FOLDER)


def find(files: Files, key: str) -> Manifest | None:
    """Return the manifest of the load that came furthest, None if none was kept."""
    counts = [count for found, count in _kept(files) if found == key]
    return _load(files, _path(key, max(counts))) if counts else None


def find_any(files: Files) -> Manifest | None:
    """Return the largest manifest of any load, for names to show; None if none was kept."""
    kept = _kept(files)
    if not kept:
        return None
    key, count = max(kept, key=lambda found: found[1])
    return _load(files, _path(key, count))


def outdated(files: Files, target: Target) -> list[str]:
    """Return the file names of manifests that a load of the jugfile as it is now will not be told by."""
    key, kept = key_of(target, read(target.place)), _kept(files)
    furthest = max((count for found, count in kept if found == key), default=0)
    return [f"{found}.{count}.npz" for found, count in kept if (found, count) != (key, furthest)]


def _kept(files: Files) -> list[tuple[str, int]]:
    return [(match[1], int(match[2])) for name in files.names(FOLDER) if (match := _NAME.fullmatch(name))]


def _load(files: Files, path: str) -> Manifest | None:
    """Return a kept manifest; one that is damaged is removed, so that whoever loads the jugfile next keeps it anew."""
    from zipfile import BadZipFile

    try:
        return _decoded(files.read(path, _LARGEST))
    except FileNotFoundError:  # a cleanup has removed it just now
        return None
    except (ValueError, KeyError, EOFError, BadZipFile):
        files.remove(path)
        return None


def _decoded(data: bytes) -> Manifest:
    from zipfile import ZIP_STORED, ZipFile

    import numpy as np

    with ZipFile(io.BytesIO(data)) as members:
        if any(one.compress_type != ZIP_STORED or one.file_size > len(data) for one in members.infolist()):
            raise ValueError("it claims to hold more than there is")
    with np.load(io.BytesIO(data)) as arrays:
        names = arrays["names"].tobytes().decode().split("\0")
        numbers = {key: arrays[key] for key in ("kinds", "digests", "starts")}
        needs = arrays["bundled" if "bundled" in arrays else "needs"]
        return Manifest(names=names, barrier=bool(arrays["barrier"]), needs=needs, **numbers)


def _path(key: str, count: int) -> str:
    return f"{FOLDER}/{key}.{count}.npz"
