"""One line that says where it stands: redrawn on a terminal, now and then in a log."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from jughpc.cli.output.terminal import echo
from jughpc.fs import OsClock
from jughpc.plain import plain

_EVERY = 10.0  # [s] between two lines where they cannot be redrawn


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """Yield what shows a line of progress while the block runs."""
    if not sys.stderr.isatty():
        yield _now_and_then()
        return
    from rich.console import Console  # here, for most runs show no progress

    with Console(stderr=True, markup=False, emoji=False, highlight=False).status("") as line:
        yield lambda text: line.update(plain(text))


def _now_and_then() -> Callable[[str], None]:
    clock = OsClock()
    last = float("-inf")

    def show(text: str) -> None:
        nonlocal last
        if clock.now() - last >= _EVERY:
            echo(text, err=True)
            last = clock.now()

    return show
