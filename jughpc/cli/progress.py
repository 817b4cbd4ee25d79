"""One line that says where it stands: redrawn on a terminal, now and then in a log."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from jughpc.cli.output.terminal import echo
from jughpc.fs import OsClock

if TYPE_CHECKING:
    from jughpc.app.context.site import Site
    from jughpc.app.status.report import Report

_SPINNER = 2  # [characters] before the line
_EVERY = 10.0  # [s] between two lines where they cannot be redrawn


@contextmanager
def progress(site: Site) -> Iterator[Callable[[Report], None]]:
    """Yield what shows a line of progress while the block runs."""
    if not sys.stderr.isatty():
        yield _now_and_then(site)
        return
    from rich.console import Console  # here, for most runs show no progress

    from jughpc.app.status.overview import expected
    from jughpc.cli.output.bars import signs
    from jughpc.cli.output.brief import with_bar
    from jughpc.cli.output.rows import Styled

    clock, marks = OsClock(), signs(sys.stderr.encoding)
    console = Console(stderr=True, markup=False, emoji=False, highlight=False)
    with console.status("waiting") as line:

        def show(report: Report) -> None:
            ahead, room = expected(site, report), console.width - _SPINNER
            line.update(Styled([with_bar(report, ahead, clock.wall(), marks, room)]))

        yield show


def _now_and_then(site: Site) -> Callable[[Report], None]:
    from jughpc.app.status.overview import expected
    from jughpc.cli.output.brief import brief

    clock = OsClock()
    last = float("-inf")

    def show(report: Report) -> None:
        nonlocal last
        if clock.now() - last >= _EVERY:
            echo(brief(report, expected(site, report), clock.wall()), err=True)
            last = clock.now()

    return show
