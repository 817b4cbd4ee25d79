"""The text of a jugfile as it was submitted, kept in the jugdir by what it says: what was submitted is what runs."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace

from jughpc.app.context.target import Target
from jughpc.errors import SettingError
from jughpc.fs import Files

FOLDER = "jugfiles"

_KEY = re.compile("[0-9a-f]{32}")


def key_of(text: bytes) -> str:
    """Return the name of a text among those that were submitted."""
    return hashlib.blake2b(text, digest_size=16).hexdigest()


def pinned(target: Target, key: str) -> Target:
    """Return `target` as one whose text is that of the name `key`. Raises SettingError."""
    if not _KEY.fullmatch(key):
        raise SettingError(f"--as-submitted {key!r} names no text of a jugfile: that takes 32 hexadecimal characters.")
    return replace(target, source=target.location.folder() / FOLDER / key / target.jugfile.name)


def pin(files: Files, target: Target, text: bytes) -> None:
    """Keep the text that `pinned` names; nobody ever changes it."""
    path = f"{FOLDER}/{key_of(text)}/{target.jugfile.name}"
    folder, _, name = path.rpartition("/")
    if name not in files.names(folder) or files.read(path) != text:  # who wrote it may have died meanwhile
        files.save(path, [text])
