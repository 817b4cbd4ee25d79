"""Find, make and open the file store in a jugdir."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from jughpc.errors import JugdirError
from jughpc.fs import Clock, OsClock, OsFiles
from jughpc.store.base import Pace
from jughpc.store.checkpoints import Checkpoints
from jughpc.store.files.charter import (
    STORE,
    Charter,
    DamagedCharterError,
    LostCharterError,
    find_charter,
    publish_charter,
)
from jughpc.store.files.layout import Layout, bits_for
from jughpc.store.files.remains import FOLDERS, layout_of, pace_of
from jughpc.store.files.store import FileStore
from jughpc.store.lease.identity import is_gone


def open_store(jugdir: Path, clock: Clock | None = None) -> FileStore | None:
    """Open the store in `jugdir`, None if there is none yet. Raises JugdirError if it cannot be used."""
    files, clock = OsFiles(jugdir), clock or OsClock()
    with _usable(jugdir):
        charter = find_charter(files, clock, jugdir)
    return _store(jugdir, clock, charter) if charter else None


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
    return _store(jugdir, clock, charter)


def remove_store(jugdir: Path) -> None:
    """Remove the store in `jugdir` with all results; what else lies there stays, and the folder with it."""
    for path in jugdir.iterdir():
        if path.name in FOLDERS:
            _remove_tree(path)
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
        _remove_tree(jugdir)


def _remove_tree(path: Path) -> None:
    import shutil  # which no worker needs, nor the six modules behind it

    shutil.rmtree(path)


def repair_store(jugdir: Path, tasks: int, version: str, pace: Pace, clock: Clock | None = None) -> bool:
    """Make the charter of a half-deleted store again from what is left; return whether it had to be made.

    Args:
        tasks: As `make_store` takes it, and `pace`: what to take where nothing that is left tells.
    Raises:
        JugdirError: There is no store, or nothing fits what is left.
    """
    files, clock = OsFiles(jugdir), clock or OsClock()
    with _usable(jugdir):
        try:
            if find_charter(files, clock, jugdir) is None:
                raise JugdirError(f"{jugdir} is empty or absent, so there is nothing to repair.")
        except DamagedCharterError:
            files.rename(STORE, f"{STORE}.corrupt")
        except LostCharterError:
            pass
        else:
            return False
        publish_charter(files, Charter(layout_of(files, bits_for(tasks)).bits, pace_of(files, pace)), version)
    return True


def _store(jugdir: Path, clock: Clock, charter: Charter) -> FileStore:
    files = OsFiles(jugdir, make_root=False)  # what is removed while somebody works there is not brought back half made
    own = Checkpoints(jugdir, files)
    return FileStore(files, clock, Layout(charter.bits), charter.pace, is_gone, checkpoints=own)


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
