"""The texts of a jugfile and of a reduce as they were submitted, kept in the jugdir by what they say: these run."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from jughpc.app.context.target import Target
from jughpc.blake import blake2b
from jughpc.errors import SettingError
from jughpc.fs import Files

FOLDER = "jugfiles"

_KEY = re.compile("[0-9a-f]{32}")


def key_of(text: bytes) -> str:
    """Return the name of a text among those that were submitted."""
    return blake2b(text, digest_size=16).hexdigest()


def place_of(folder: Path, key: str, name: str) -> Path:
    """Return where the text `key` of a file that is called `name` lies in a jugdir. Raises SettingError."""
    if not _KEY.fullmatch(key):
        raise SettingError(f"{key!r} names no text that was submitted: that takes 32 hexadecimal characters.")
    return folder / FOLDER / key / name


def pinned(target: Target, key: str) -> Target:
    """Return `target` as one whose text is that of the name `key`. Raises SettingError."""
    return replace(target, source=place_of(target.location.folder(), key, target.jugfile.name))


def pin(files: Files, name: str, text: bytes) -> None:
    """Keep the text of a file that is called `name` where `place_of` tells; nobody ever changes it."""
    folder = f"{FOLDER}/{key_of(text)}"
    path = f"{folder}/{name}"
    if name not in files.names(folder) or files.read(path) != text:  # who wrote it may have died meanwhile
        files.save(path, [text])


def is_there(files: Files, target: Target) -> bool:
    """Return whether the text that `target` has was not removed: by a cleanup, once nothing runs it any more."""
    source = target.source
    return source is None or source.name in files.names(f"{FOLDER}/{source.parent.name}")


def is_key(name: str) -> bool:
    """Return whether this is the name of a text that was submitted."""
    return bool(_KEY.fullmatch(name))


def unpin(files: Files, jugdir: Path, key: str) -> None:
    """Remove the text of the name `key`, by whatever name its file had."""
    for name in files.names(f"{FOLDER}/{key}"):
        files.remove(f"{FOLDER}/{key}/{name}")
    with suppress(OSError):  # somebody just pinned another file of that text
        (jugdir / FOLDER / key).rmdir()
