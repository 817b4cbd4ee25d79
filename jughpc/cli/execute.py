"""`jughpc execute`: be a worker."""

from __future__ import annotations

import click

from jughpc.app.recent import Target
from jughpc.app.table import table
from jughpc.cli import common
from jughpc.fs import OsClock, environment


@click.command()
@common.takes_jugfile
@click.option("--keep-going/--no-keep-going", default=None, help="Go on after a task failed.  [in arrays: yes]")
@click.option("--retries", type=click.IntRange(min=0), help="Try a task that failed so often again.")
@click.option("--short", is_flag=True, help="Print totals only.")
def execute(target: Target, keep_going: bool | None, retries: int | None, short: bool) -> int:
    """Work on JUGFILE until all its tasks are done; any number of workers may do so at once.

    Exit code: 0 all done, 1 some failed, 2 usage, 3 stopped with work left, 143 after SIGTERM.
    """
    from jughpc.app.execute import execute as work
    from jughpc.app.execute import place
    from jughpc.worker.tally import Options

    values, where = common.settings(), place(environment())
    options = Options(
        keep_going=bool(where.owner) if keep_going is None else keep_going,
        retry_failed=not where.owner,
        retries=values["retries"].value if retries is None else retries,
        start=where.start,
        deadline=where.deadline,
    )
    outcome = work(target, common.pace(values), where, options, OsClock(), common.say)
    for failure in outcome.tally.failures:
        click.echo(f"\n{failure.name} failed:\n{failure.trace or failure.exception}", err=True)
    executed, loaded = outcome.tally.executed, outcome.tally.loaded
    if short:
        total = executed.total() + loaded.total()
        click.echo(f"Executed:  {executed.total()} tasks\nLoaded:  {loaded.total()} tasks\n** Total: {total} tasks.")
    else:
        rows = {name: (executed[name], loaded[name]) for name in executed | loaded}
        click.echo(table(("Executed", "Loaded"), rows, common.width()))
    return outcome.code
