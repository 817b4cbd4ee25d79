"""Write a file aside and give it its name at once: nobody sees a part of it, and an error leaves nothing of it."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from jughpc.fs import Buffer, Files
from jughpc.inode import create_new, fill, new_token


def publish(files: Files, path: str, temporary: str, parts: Iterable[Buffer]) -> None:
    """Give `path` its content at once, safe on disk; whatever fails, `path` stays as it was.

    Args:
        temporary: A name in the same folder that nobody else writes.
    """
    try:
        files.save(temporary, parts)
        _rename(files, temporary, path)
    except OSError:
        with suppress(OSError):
            files.remove(temporary)
        raise


def put(path: Path, text: str) -> None:
    """Give a file that people see the content `text` at once, whatever had its name. Raises OSError that names it."""
    draft = path.with_name(f".{path.name}.{new_token()}.new")
    try:
        fill(create_new(str(draft)), [text.encode(errors="surrogateescape")], str(path), safe=False)
        draft.replace(path)
    except OSError as error:
        error.filename, error.filename2 = str(path), None
        with suppress(OSError):
            draft.unlink()
        raise


def _rename(files: Files, old: str, new: str) -> None:
    try:
        files.rename(old, new)
    except FileNotFoundError:
        folder, _, name = new.rpartition("/")
        if name not in files.names(folder):
            raise
        # The reply to our own success was lost, and the request sent again.
