"""`jughpc status`: where it stands."""

from __future__ import annotations

import json
import sys
from typing import NoReturn

import click

from jughpc.app.context.site import Site
from jughpc.cli import common
from jughpc.cli.output.terminal import echo
from jughpc.config.kinds import pause
from jughpc.exitcode import ExitCode


class _Pause(common.Takes):
    """A time that may be left out, so that what follows may be taken for it."""

    def fail(self, message: str, param: click.Parameter | None = None, ctx: click.Context | None = None) -> NoReturn:
        """Say what is wrong, and where a jugfile may stand."""
        super().fail(f"{message} Before a jugfile, write --watch=5.", param, ctx)


@click.command()
@common.takes_jugfile
@click.option("--submission", "number", type=int, metavar="N", help="Which one.  [the latest]")
@click.option("--short", is_flag=True, help="One line only.")
@click.option("--full", is_flag=True, help="All functions, workers and reasons, however many.")
@click.option("--jug", "as_jug", is_flag=True, help="The table of counts that jug shows, and no more.")
@click.option(
    "--watch",
    "every",
    is_flag=False,
    flag_value="5s",
    type=_Pause(pause(1.0)),
    metavar="[SECONDS]",
    help="Show it again and again, without running the jugfile.  [every 5s]",
)
@common.may_be_cached
@common.needless("--cache", "--clear", is_flag=True)
@common.needless("--cache-file")
@click.option("--json", "as_json", is_flag=True, help="All of it as JSON.")
def status(
    site: Site, number: int | None, short: bool, full: bool, as_jug: bool, every: float | None, as_json: bool
) -> int:
    """Show where JUGFILE stands: its tasks, who works on them, what is wrong, and what to do next.

    Exit code: 0 if all tasks are done, and collector and reduce did not fail, else 1.
    """
    from jughpc.app.status.overview import overview
    from jughpc.app.status.report import report
    from jughpc.app.status.tasks import in_words
    from jughpc.cli.output.bars import signs
    from jughpc.cli.output.rows import show
    from jughpc.cli.output.screen import jugs_table, rows
    from jughpc.cli.output.status import facts

    if every is not None:
        from jughpc.cli.watching import watch

        found = watch(site, common.clusters(), number, every, full=full)
        return ExitCode.DONE if found.is_well else ExitCode.FAILED
    found = report(site, common.clusters(), number)
    if as_json:
        echo(json.dumps(facts(overview(site, found)), indent=1))
    elif short:
        echo(in_words(found.standing))
    elif as_jug:
        echo(jugs_table(found, common.width()))
    else:
        show(rows(overview(site, found), common.width(), signs(sys.stdout.encoding), full=full))
    return ExitCode.DONE if found.is_well else ExitCode.FAILED
