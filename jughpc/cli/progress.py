"""One line that says where it stands: redrawn on a terminal, now and then in a log."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from jughpc.fs import OsClock

_EVERY = 10.0  # [s] between two lines where they cannot be redrawn


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """Yield what shows a line of progress while the block runs."""
    if not sys.stderr.isatty():
        yield _now_and_then()
        return
    from rich.console import Console  # here, for most runs show no progress

    with Console(stderr=True).status("") as line:
        yield line.update


def _now_and_then() -> Callable[[str], None]:
    clock = OsClock()
    last = float("-inf")

    def show(text: str) -> None:
        nonlocal last
        if clock.now() - last >= _EVERY:
            click.echo(text, err=True)
            last = clock.now()

    return show
