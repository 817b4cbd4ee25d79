"""The tar of an environment: written once beside the results, and used again as long as nothing changed."""

from __future__ import annotations

import gzip
import hashlib
import io
import re
import stat
import tarfile
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from jughpc.batch.bundle import FOLDER, Bundle
from jughpc.batch.staging.survey import ChangedError, Survey, unchanged
from jughpc.batch.staging.walk import Item
from jughpc.errors import UsageError
from jughpc.fs import Files, free_space
from jughpc.inode import Buffer
from jughpc.units import show_memory

_LEVEL = 1  # a third of the size at 10 ms a MB; 6 takes an eighth off that for twice the time, and nodes have no zstd

TABLE = ".imports"
"""The name of the table of what is packed; no path on a disk begins with it."""


def drafted(files: Files, jugdir: Path, found: Survey) -> Bundle:
    """Return the bundle of what was found, without a digest if it is still to be packed."""
    digest, size = _sum(files, found.key) if is_there(files, found.key) else ("", 0)
    return Bundle(jugdir.absolute() / _name(found.key), digest, size, found.room, len(found.items))


def is_there(files: Files, key: str) -> bool:
    """Return whether a bundle was packed, and not removed since."""
    return {f"{key}.tar.gz", f"{key}.sum"} <= {*files.names(FOLDER)}


def packed(files: Files, jugdir: Path, found: Survey, token: str) -> Bundle:
    """Return the bundle of what was found, packed now unless it is there.

    Args:
        token: Of who packs: nobody else makes a file of that name.
    Raises:
        ChangedError: A file changed since it was found, or another removed what was being packed; its text is the path.
        UsageError: There is no room.
    """
    bundle = drafted(files, jugdir, found)
    if bundle.digest:
        return bundle
    name = f"{FOLDER}/{found.key}.{token}.tmp"
    try:
        files.write(name, [], 0o600)  # what is packed may lie where nobody else may look
        _refuse_to_fill(jugdir, found)
        digest, size = _write(jugdir / name, found)
        files.rename(name, _name(found.key))
        files.save(f"{FOLDER}/{found.key}.sum", [f"{digest} {size}\n".encode()])
    except FileNotFoundError as error:  # a cleanup, or another submit, took it for what a killed one had begun
        raise ChangedError(str(jugdir / name)) from error
    except OSError as error:
        raise UsageError(f"what Python imports could not be packed in {jugdir / FOLDER}: {error}") from error
    finally:
        files.remove(name)
    return drafted(files, jugdir, found)


def _refuse_to_fill(jugdir: Path, found: Survey) -> None:
    free, _ = free_space(jugdir)
    if found.room > free:
        raise UsageError(
            f"what Python imports takes {show_memory(found.room)}, most of it in {found.heaviest}, and where "
            f"{jugdir} lies only {show_memory(free)} are free. Submit without --stage, or make that folder smaller."
        )


def _name(key: str) -> str:
    return f"{FOLDER}/{key}.tar.gz"


def _sum(files: Files, key: str) -> tuple[str, int]:
    """Return digest and size of what was packed, none if it was not, or not to the end."""
    try:
        told = files.read(f"{FOLDER}/{key}.sum", 128).decode("ascii", "replace")
    except FileNotFoundError:
        return "", 0
    match = re.fullmatch(r"([0-9a-f]{64}) ([0-9]{1,18})\n", told)
    return (match[1], int(match[2])) if match else ("", 0)


def _write(path: Path, found: Survey) -> tuple[str, int]:
    """Fill the file at `path`; return its digest and size. Raises OSError, ChangedError."""
    with path.open("r+b") as whole:
        output = _Hashed(whole)
        with (
            gzip.GzipFile("", "wb", _LEVEL, output, mtime=0) as packed,
            tarfile.open(fileobj=packed, mode="w|", bufsize=1 << 20, format=tarfile.GNU_FORMAT) as tar,
        ):
            tar.addfile(_info(TABLE, len(found.table)), io.BytesIO(found.table))
            for item in found.items:
                _add_item(tar, item)
        return output.digest(), whole.tell()


class _Hashed(io.RawIOBase):
    """A file that is written to, and the digest of all that was."""

    def __init__(self, whole: BinaryIO) -> None:
        self._whole, self._state = whole, hashlib.sha256()

    def write(self, data: Buffer) -> int:  # type: ignore[override]  # what a tar writes
        self._state.update(data)
        return self._whole.write(data)

    def digest(self) -> str:
        return self._state.hexdigest()


def _add_item(tar: tarfile.TarFile, item: Item) -> None:
    info = _info(item.path.lstrip("/"), item.size, item.changed // 10**9, item.mode)
    if item.link:
        info.type, info.linkname = tarfile.SYMTYPE, item.link
        tar.addfile(info)
        return
    with suppress(PermissionError), unchanged(item) as content:  # nor could it be imported from where it lies
        _add_time(tar, item.changed)
        tar.addfile(info, content)


def _add_time(tar: tarfile.TarFile, changed: int) -> None:
    """Say when the file that comes next was changed, to the nanosecond: what Numba compiled knows its source by it."""
    text = b" mtime=%d.%09d\n" % divmod(changed, 10**9)
    record = b"%d%b" % (len(text) + 2, text)
    info = _info("time", len(record))
    info.type = tarfile.XHDTYPE
    tar.addfile(info, io.BytesIO(record))


def _info(name: str, size: int, changed: int = 0, mode: int = 0) -> tarfile.TarInfo:
    """Return the head of a file that is its owner's alone, as whoever unpacks it makes it.

    Args:
        changed: As Python's own compiled files have it, which know their source by it, rounded down [Unix s].
    """
    info = tarfile.TarInfo(name)
    info.size, info.mtime, info.mode = size, changed, 0o700 if mode & stat.S_IXUSR else 0o600
    return info
