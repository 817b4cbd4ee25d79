"""Merge a shard's small result files into one, while others read them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from itertools import chain

from jughpc.aside import publish
from jughpc.fs import Files
from jughpc.store import resultfile
from jughpc.store.files.layout import read_listing, result_name
from jughpc.store.resultfile import DamagedError, Encoded

SMALL = 4 << 20  # [bytes] a file of more is not worth copying


def merge(files: Files, folder: str, unique: str, most: int = SMALL, is_ours: Callable[[], bool] = lambda: True) -> int:
    """Merge the small result files of `folder` into one; return how many results were moved.

    The caller holds the shard, so that nobody removes results meanwhile. Who reads finds each result in
    an old file or in the new one, at the latest by listing again. A damaged file stays as it is.

    Args:
        unique: Begins the new file's name: nobody else's, ever.
        most: The size of a small file [bytes].
        is_ours: Tells whether the shard is held still; asked before anything is changed.
    """
    listing = read_listing(files.names(folder))
    paths = [f"{folder}/{name}" for name in (*map(result_name, listing.view.done), *listing.packs)]
    small = {path: content for path in paths if (content := _content(files, path, most))}
    if len(small) < 2 or not is_ours():
        return 0
    merged = dict(chain.from_iterable(content.items() for content in small.values()))
    publish(files, f"{folder}/{unique}.pack", f"{folder}/{unique}.tmp", resultfile.pack(merged))
    for path in small:
        if is_ours():  # else somebody may have computed it anew
            files.remove(path)
    return len(merged)


def _content(files: Files, path: str, most: int) -> dict[bytes, Encoded]:
    """Return the results in a small and whole file, none for any other."""
    with suppress(FileNotFoundError, DamagedError):
        data = memoryview(files.read(path, resultfile.HEAD))
        if len(data) == resultfile.HEAD:
            data = files.map(path)
        return resultfile.whole(data) if len(data) <= most else {}
    return {}
