"""Results that their store did not take: kept on a disk of this host until somebody takes them up.

One folder a worker, `jughpc-rescue-...`, that nobody but its owner can enter: `results.pack`, a result file as in the
store, and `rescue.json`, which says whose they are.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from jughpc import host
from jughpc.errors import UsageError
from jughpc.fs import OsFiles, environment
from jughpc.store import resultfile
from jughpc.store.base import Store, by_shard
from jughpc.store.resultfile import DamagedError, Encoded

PREFIX = "jughpc-rescue-"
_RESULTS, _WHOSE = "results.pack", "rescue.json"
_LIFE = "rescued"  # under which they are published


def keep(results: Mapping[bytes, Encoded], life: str, jugdir: str) -> Path:
    """Keep `results`, which `life` computed for the store at `jugdir`; return the folder. Raises OSError."""
    refusal: OSError | None = None
    for place in _places():
        try:
            return _keep_in(place, results, {"jugdir": jugdir, "life": life})
        except OSError as error:  # noqa: PERF203  # there are three
            refusal = error
    raise refusal or OSError("there is no folder for temporary files")


def folders(jugdir: str) -> list[Path]:
    """Return where this user's results for the store at `jugdir` are kept on this host."""
    found = []
    for place in _places():
        with suppress(OSError):
            found += [path for path in place.glob(PREFIX + "*") if host.is_own_folder(path) and _whose(path) == jugdir]
    return sorted(set(found))


def whose(folder: Path) -> str:
    """Return for which jugdir the results in `folder` are. Raises UsageError: it holds none."""
    if not host.is_own_folder(folder):
        raise UsageError(f"{folder} is no folder of yours that others cannot write; name the one that the worker told.")
    if not (jugdir := _whose(folder)):
        raise UsageError(f"{folder} holds no rescued results: {_WHOSE} is absent or damaged.")
    return jugdir


def take_up(folder: Path, store: Store) -> int:
    """Publish what `folder` holds and the store lacks, then remove it; return how many results that were.

    Raises OSError: all of it is there still. Raises UsageError: it is damaged.
    """
    try:
        data = OsFiles(folder).map(_RESULTS)
        index = resultfile.read_index(data)
    except (DamagedError, FileNotFoundError) as error:
        raise UsageError(f"{folder / _RESULTS} is damaged: {error}. Its tasks are to be run again.") from error
    whole = dict(resultfile.intact(data, index))
    lacking = store.missing(whole)
    for shard, digests in by_shard(store.shard_of, lacking).items():
        store.publish(shard, {digest: whole[digest] for digest in digests}, _LIFE)
    _remove(folder)
    return len(lacking)


def _keep_in(place: Path, results: Mapping[bytes, Encoded], fields: Mapping[str, str]) -> Path:
    import tempfile  # only now: each worker looks for what is kept

    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
    try:
        files = OsFiles(folder)
        files.write(_RESULTS, resultfile.pack(results))
        files.write(_WHOSE, [json.dumps(fields).encode()])  # last: what has it is whole
    except OSError:
        with suppress(OSError):
            _remove(folder)
        raise
    return folder


def _places() -> Iterable[Path]:
    told = environment().get("TMPDIR", "")
    return dict.fromkeys(map(Path, filter(None, (told, "/tmp", "/var/tmp"))))  # noqa: S108  # mkdtemp, mode 0700


def _whose(folder: Path) -> str:
    try:
        fields = json.loads(OsFiles(folder).read(_WHOSE, 1 << 16))
        return str(fields["jugdir"])
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return ""


def _remove(folder: Path) -> None:
    for name in (_WHOSE, _RESULTS):  # and nothing that is not ours
        OsFiles(folder).remove(name)
    folder.rmdir()
