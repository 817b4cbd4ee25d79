"""Find, make and open the file store in a jugdir."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from jughpc.errors import JugdirError
from jughpc.fs import Clock, Files, LinksRefusedError, OsClock, OsFiles
from jughpc.inode import OddFileError
from jughpc.store.base import Pace
from jughpc.store.files.layout import MOST_BITS, Layout, bits_for
from jughpc.store.files.store import FileStore
from jughpc.store.lease.identity import is_gone

FORMAT = 1
_OURS = frozenset({"workers", "shards", "complete", "manifest", "sources", "jugfiles", "submissions"})
_LARGEST = 1 << 16  # [bytes] of a charter
STORE = "store.yaml"  # JSON, which is YAML: so that a worker need not load a YAML parser to start


@dataclass(frozen=True)
class Charter:
    """What all who use a store agree on; written once, when it is made."""

    bits: int
    pace: Pace


def open_store(jugdir: Path, clock: Clock | None = None) -> FileStore | None:
    """Open the store in `jugdir`, None if there is none yet. Raises JugdirError if it cannot be used."""
    files, clock = OsFiles(jugdir), clock or OsClock()
    with _usable(jugdir):
        charter = find_charter(files, clock, jugdir)
    return _store(files, clock, charter) if charter else None


def make_store(jugdir: Path, tasks: int, version: str, pace: Pace, clock: Clock | None = None) -> FileStore:
    """Open the store in `jugdir`; make one fit for `tasks` tasks if there is none. Raises JugdirError."""
    files, clock = OsFiles(jugdir), clock or OsClock()
    with _usable(jugdir):
        charter = find_charter(files, clock, jugdir)
        if charter is None:
            publish_charter(files, Charter(bits_for(tasks), pace), version)
            charter = find_charter(files, clock, jugdir)  # if somebody was faster, theirs holds
    if charter is None:
        raise JugdirError(f"{jugdir} was removed while it was being made; run the command again.")
    return _store(files, clock, charter)


def remove_store(jugdir: Path) -> None:
    """Remove the store in `jugdir` with all results; what else lies there stays, and the folder with it."""
    for path in jugdir.iterdir():
        if path.name in _OURS:
            shutil.rmtree(path)
    (jugdir / STORE).unlink()  # last: if this ends half-way, what is left is still known as ours
    with suppress(OSError):  # not empty
        jugdir.rmdir()


def unmake_store(jugdir: Path) -> None:
    """Remove a store that was just made and that nobody uses; one that holds more than a manifest stays."""
    with suppress(OSError):  # not made after all, or a folder that is not empty: somebody's
        if {path.name for path in jugdir.iterdir()} - {STORE, "manifest", "jugfiles", "submissions"}:
            return
        if (jugdir / "submissions").is_dir():
            (jugdir / "submissions").rmdir()
        shutil.rmtree(jugdir)


def find_charter(files: Files, clock: Clock, jugdir: Path) -> Charter | None:
    """Return what the store in `jugdir` was made with, None if it is empty or absent."""
    names = files.names("")
    if STORE not in names:
        if foreign := sorted(name for name in names if not name.startswith((".", STORE))):
            raise _not_ours(jugdir, foreign)
        return None
    try:
        return _read_charter(_whole(files, clock))
    except OddFileError:
        raise JugdirError(f"{jugdir / STORE} is no regular file; restore it, or use another --jugdir.") from None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise JugdirError(f"{jugdir / STORE} is damaged ({error}); restore it, or use another --jugdir.") from error


def _read_charter(text: bytes) -> Charter:
    fields = json.loads(text)
    if fields["format"] != FORMAT:
        raise JugdirError(
            f"this jugdir has format {fields['format']}, and this version of jughpc reads format {FORMAT}. "
            f"Use jughpc {fields.get('version', 'of that time')}, or another --jugdir."
        )
    bits = int(fields["shard_bits"])
    if not 0 <= bits <= MOST_BITS:
        raise ValueError(f"shard_bits is {bits}")
    return Charter(bits, Pace(float(fields["beat"]), float(fields["lag"]), float(fields["ttl"])))


def publish_charter(files: Files, charter: Charter, version: str, token: str = "") -> None:
    """Write what a new store is made with, unless somebody was faster.

    Args:
        token: Tells this process's files from all others'; made up if empty.
    """
    fields = {"format": FORMAT, "version": version, "shard_bits": charter.bits, **asdict(charter.pace)}
    text = (json.dumps(fields, indent=1) + "\n").encode()
    temporary = f"{STORE}.{token or secrets.token_hex(4)}.tmp"
    files.make_folder("")
    files.write(temporary, [text])
    try:
        with suppress(FileExistsError):
            _link_or_write(files, temporary, text)
    finally:
        files.remove(temporary)


def _link_or_write(files: Files, temporary: str, text: bytes) -> None:
    """Have the charter in its place, whole at once if hard links allow. Raises FileExistsError if there is one."""
    try:
        files.link(temporary, STORE)
    except FileExistsError:
        raise
    except LinksRefusedError:
        files.write(STORE, [text])  # readers wait until the text is whole
    except OSError:
        files.link(temporary, STORE)  # if only the reply was lost, that is told now


def _whole(files: Files, clock: Clock) -> bytes:
    """Return the charter's text; where it could not be linked into place it may still be on its way."""
    for _ in range(50):
        if (text := files.read(STORE, _LARGEST)).endswith(b"}\n"):
            return text
        clock.sleep(0.1)
    return text


def _store(files: Files, clock: Clock, charter: Charter) -> FileStore:
    return FileStore(files, clock, Layout(charter.bits), charter.pace, is_gone)


def _not_ours(jugdir: Path, names: list[str]) -> JugdirError:
    seen = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
    kind = "was written by jug" if {"locks", "tempfiles"} & set(names) else "belongs to something else"
    return JugdirError(f"{jugdir} {kind}: it holds {seen} and no {STORE}. Name another folder with --jugdir.")


@contextmanager
def _usable(jugdir: Path) -> Iterator[None]:
    try:
        yield
    except NotADirectoryError:
        words = f"{jugdir} is a file, or lies below one, not a folder. Name another folder with --jugdir."
        raise JugdirError(words) from None
    except OSError as error:
        words = f"{error.strerror}: {error.filename or jugdir}"
        raise JugdirError(f"the jugdir {jugdir} cannot be used: {words}. Name another with --jugdir.") from error
