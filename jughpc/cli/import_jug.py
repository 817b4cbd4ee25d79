"""`jughpc import-jug`."""

from __future__ import annotations

from pathlib import Path

import click

from jughpc.cli import common
from jughpc.cli.output.terminal import echo
from jughpc.exitcode import ExitCode
from jughpc.library.table import table

_SHOWN = 20  # unreadable files told one by one


@click.command("import-jug")
@click.argument("jugfile")
@click.argument("old", type=click.Path(path_type=Path))
@common.takes_jugdir
@click.option("--empty-is-none", is_flag=True, help="Take an empty file for the result None, as jug does.")
@click.pass_context
def import_jug(ctx: click.Context, /, jugfile: str, old: Path, empty_is_none: bool) -> int:
    """Store the results that jug 2 left in OLD for the tasks of JUGFILE; OLD is only read.

    jug named results by the jugfile's name too: give the file the name that it had then. Exit code: 0 if
    every task has a result now, else 1.
    """
    from jughpc.app.jugapi.import_jug import import_jug as take_over

    site = common.find_site(jugfile, ctx.obj)
    done = take_over(site, old, empty_is_none=empty_is_none)
    columns = {"Imported": done.taken, "Had": done.there, "Absent": done.absent, "Ambiguous": done.ambiguous,
               "Unknown": done.unknown}  # fmt: skip
    names = {name for counts in columns.values() for name in counts}
    rows = {name: [counts[name] for counts in columns.values()] for name in names}
    echo(table(list(columns), rows, common.width()))
    for line in done.unreadable[:_SHOWN]:
        echo(f"unreadable  {line}")
    if len(done.unreadable) > _SHOWN:
        echo(f"... and {len(done.unreadable) - _SHOWN} more")
    if done.unclaimed:
        echo(f"{done.unclaimed} results in {old} are of no task of {jugfile}.")
    if done.ambiguous:
        echo("Ambiguous tasks share jug's hash with another, so that their result may be the other's.")
    lacks = done.absent or done.ambiguous or done.unknown or done.unreadable
    return ExitCode.FAILED if lacks else ExitCode.DONE
