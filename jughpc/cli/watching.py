"""`jughpc status --watch`: the status again and again, in place on a terminal, else a line each time."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from jughpc.app.status.elements import goes_on
from jughpc.app.status.overview import Overview, overview
from jughpc.app.status.report import Report
from jughpc.app.status.watch import ASKED, NeverLoaded, Watch
from jughpc.cli.output.bars import signs
from jughpc.cli.output.brief import brief
from jughpc.cli.output.rows import Styled, row
from jughpc.cli.output.screen import rows
from jughpc.cli.output.terminal import echo
from jughpc.units import moment

if TYPE_CHECKING:
    from jughpc.app.context.site import Site
    from jughpc.batch.clusters import Clusters

_SHARE = 4  # of a look's own time that passes before the next one: a store that is slow is not asked all the time


def watch(site: Site, clusters: Clusters, number: int | None, every: float, *, full: bool) -> Report:
    """Show where it stands until all is done and nothing follows; return how it stands then.

    Args:
        every: The time between two looks [s].
        full: Leave nothing out.
    """
    looks, former = Watch(site, clusters, NeverLoaded(site), holds=ASKED), None
    with _showing(full=full) as show:
        while True:
            begun = site.clock.now()
            former = overview(site, looks.report(number), former)
            show(former)
            if former.report.is_well and not (former.report.jobs and goes_on(former.report.jobs)):
                return former.report
            site.clock.sleep(max(every, _SHARE * (site.clock.now() - begun)))


@contextmanager
def _showing(*, full: bool) -> Iterator[Callable[[Overview], None]]:
    if not sys.stdout.isatty():
        yield _in_one_line
        return
    from rich.console import Console
    from rich.live import Live

    console, marks = Console(highlight=False, markup=False, emoji=False), signs(sys.stdout.encoding)

    def show(seen: Overview) -> None:
        lines = [row(moment(seen.when, "%H:%M:%S")), *rows(seen, console.width, marks, full=full)]
        room = console.height - 2
        if len(lines) > room and not full:
            lines = [*lines[: room - 2], row("..."), lines[-1]]  # the next step is always seen
        live.update(Styled(lines), refresh=True)

    with Live(console=console, auto_refresh=False, vertical_overflow="visible" if full else "ellipsis") as live:
        yield show


def _in_one_line(seen: Overview) -> None:
    echo(f"{moment(seen.when, '%H:%M:%S')} {brief(seen.report, seen.outlook, seen.when)}")
    sys.stdout.flush()
