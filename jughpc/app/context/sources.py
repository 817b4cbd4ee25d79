"""Which source of a function computed which results: kept beside them, a small file a version of a function.

sources/<function>.<k>.<source>   the k-th version: its text, and which results were there before it

A result is by the latest version at whose beginning it was not there yet. So nothing is written, and nothing asked,
for each task; what workers of two versions do at the same time is told roughly. Of results that were there before the
first version nothing is known, and nothing is said.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from jughpc.app.context.target import Target
from jughpc.blake import blake2b
from jughpc.fs import Files
from jughpc.jsonfile import read_json
from jughpc.store.base import Store
from jughpc.tasks.graph import Graph
from jughpc.tasks.source import Source, functions

if TYPE_CHECKING:  # workers import this module, and few of them need NumPy for it
    import numpy as np
    import numpy.typing as npt

    from jughpc.app.context.manifest import Manifest

FOLDER = "sources"

_NAME = re.compile(r"([0-9a-f]{16})\.([0-9]{1,9})\.([0-9a-f]{16})")
_MOST = 1 << 27  # [bytes] of a file: ten million results
_PART = 4  # [bytes] of a digest, by which results are known again: of a million, one in 4000 is taken for another


class Project:
    """The functions that a jugfile, and the modules beside it, define.

    Args:
        text: The jugfile's own.
        folder: Where commands are typed: its modules count, too.
    """

    def __init__(self, target: Target, text: bytes, folder: Path) -> None:
        self._name = target.jugfile.name.removesuffix(".py")
        self._folders = (target.jugfile.absolute().parent, folder.absolute())
        self._modules: dict[str, dict[str, Source]] = {}
        self.loaded(text)

    def loaded(self, text: bytes) -> None:
        """Take note that the jugfile was loaded again; a process loads its modules but once."""
        self._modules[self._name] = functions(text)

    def source(self, name: str) -> Source | None:
        """Return the source of a function as tasks are named by it; None if it is of another project."""
        module, _, function = name.rpartition(".")
        if module not in self._modules:
            parts = module.split(".")
            self._modules[module] = self._read("/".join(parts)) if all(map(str.isidentifier, parts)) else {}
        return self._modules[module].get(function)

    def _read(self, path: str) -> dict[str, Source]:
        for folder in self._folders:
            for file in (folder / f"{path}.py", folder / path / "__init__.py"):
                with suppress(OSError, ValueError):
                    return functions(file.read_bytes())
        return {}


@dataclass(frozen=True)
class Changed:
    """A function that is not what computed some of its results.

    Attributes:
        name: As its tasks are called.
        results: How many results are there.
        old: How many of these another source computed.
    """

    name: str
    results: int
    old: int


@dataclass(frozen=True)
class _Version:
    name: str
    number: int
    digest: str

    @property
    def path(self) -> str:
        return f"{FOLDER}/{_key(self.name)}.{self.number}.{self.digest}"


def note(files: Files, store: Store, graph: Graph, project: Project) -> None:
    """Keep the source of each function that tasks call, unless it is that of its latest version.

    Call it before any of them runs; it costs one listing, and a look at the results of those functions that changed.
    """
    kept = _kept(files, graph.names)
    sources = {name: source for name in graph.names if (source := project.source(name))}
    fresh = {name for name, source in sources.items() if not kept[name] or kept[name][-1].digest != source.digest}
    if not fresh:
        return
    there = _there(store, graph, fresh)
    for name in fresh:
        number = kept[name][-1].number + 1 if kept[name] else 1
        _write(files, _Version(name, number, sources[name].digest), sources[name].text, there[name])


def forget(files: Files, removed: Mapping[str, Iterable[bytes]]) -> None:
    """Take note that results, by the names of their functions, are there no more: another source may bring them."""
    for name, (*_, latest) in ((name, found) for name, found in _kept(files, removed).items() if found):
        before = _read(files, latest)
        gone = {digest[:_PART] for digest in removed[name]}
        if before is not None and gone & before.parts:
            _write(files, _Version(name, latest.number + 1, latest.digest), before.text, before.parts - gone)


def outdated(files: Files, store: Store, graph: Graph) -> list[str]:
    """Return the paths of versions that tell nothing of any result in use: the latest of each function stays."""
    kept = _kept(files, graph.names)
    wanted = {version.path for versions in kept.values() for version in versions}
    paths = (f"{FOLDER}/{name}" for name in files.names(FOLDER) if _NAME.fullmatch(name))
    gone = [path for path in paths if path not in wanted]
    there = _there(store, graph, {name for name, versions in kept.items() if len(versions) > 1})
    for name, results in there.items():
        gone += _without_results(files, kept[name], results)
    return gone


def changes(files: Files, manifest: Manifest, done: npt.NDArray[np.bool_], project: Project) -> list[Changed]:
    """Return the functions whose source is not that which computed results in use.

    Args:
        done: (N,) which tasks of `manifest` have results.
    """
    if not (kept := {name: found for name, found in _kept(files, manifest.names).items() if found}):
        return []
    found = []
    for kind, name in enumerate(manifest.names):
        source = project.source(name) if name in kept else None
        if source is None or all(version.digest == source.digest for version in kept[name]):
            continue
        results = manifest.digests[(manifest.kinds == kind) & done]
        if old := _old(files, kept[name], source.digest, results):
            found.append(Changed(name, len(results), old))
    return found


def _without_results(files: Files, versions: list[_Version], results: set[bytes]) -> Iterator[str]:
    """Yield the paths of those of these versions, but the latest, that none of `results` is by."""
    left = results
    for version in reversed(versions):
        before = _read(files, version)
        if before is None:
            return
        if version is not versions[-1] and not left - before.parts:
            yield version.path
        left = left & before.parts


def _old(files: Files, versions: list[_Version], digest: str, results: npt.NDArray[np.uint8]) -> int:
    """Return how many of `results` are by versions of another source than that of `digest`."""
    import numpy as np

    left, old = np.ascontiguousarray(results[:, :_PART]).view("<u4").ravel(), 0
    for version in reversed(versions):
        before = _read(files, version)
        if before is None:  # of all that is left nothing is known
            break
        earlier = np.isin(left, np.frombuffer(b"".join(before.parts), "<u4"))
        old += 0 if version.digest == digest else int(np.count_nonzero(~earlier))
        left = left[earlier]
    return old


def _there(store: Store, graph: Graph, names: set[str]) -> dict[str, set[bytes]]:
    """Return the parts of the digests of those tasks that have results, by the names of their functions."""
    found: dict[str, set[bytes]] = {name: set() for name in names}
    if not store.shards_in_use():  # as mostly: the first run
        return found
    kinds = {kind for kind, name in enumerate(graph.names) if name in names}
    chosen = [index for index, kind in enumerate(graph.kinds) if kind in kinds]
    missing = store.missing([graph.digests[index] for index in chosen])
    for index in chosen:
        if graph.digests[index] not in missing:
            found[graph.names[graph.kinds[index]]].add(graph.digests[index][:_PART])
    return found


def _key(name: str) -> str:
    return blake2b(name.encode(errors="surrogatepass"), digest_size=8).hexdigest()


def _kept(files: Files, names: Iterable[str]) -> dict[str, list[_Version]]:
    """Return the versions of each function, in the order in which they began."""
    matches = [match for name in files.names(FOLDER) if (match := _NAME.fullmatch(name))]
    by_key: dict[str, list[tuple[int, str]]] = {}
    for match in matches:
        by_key.setdefault(match[1], []).append((int(match[2]), match[3]))
    return {name: [_Version(name, *rest) for rest in sorted(by_key.get(_key(name), ()))] for name in names}


@dataclass(frozen=True)
class _Content:
    text: str
    parts: set[bytes]


def _write(files: Files, version: _Version, text: str, before: Iterable[bytes]) -> None:
    fields = {"function": version.name, "source": text, "before": b"".join(sorted(before)).hex()}
    with suppress(FileExistsError):  # another worker of the same source was faster
        files.write(version.path, [json.dumps(fields).encode()])


def _read(files: Files, version: _Version) -> _Content | None:
    """Return what a file of a version says, None if it is not whole."""
    try:
        fields = read_json(files, version.path, _MOST)
        parts = bytes.fromhex(fields["before"])
        return _Content(str(fields["source"]), {parts[at : at + _PART] for at in range(0, len(parts), _PART)})
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
