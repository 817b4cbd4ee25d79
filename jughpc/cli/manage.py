"""`jughpc invalidate`, `pack` and `rescue`: what changes a store by hand."""

from __future__ import annotations

from pathlib import Path

import click

from jughpc.app.context.site import Site
from jughpc.cli import common
from jughpc.cli.output.terminal import echo
from jughpc.errors import SettingError
from jughpc.exitcode import ExitCode
from jughpc.library.table import table


@click.command()
@common.takes_jugfile
@common.selects_tasks
@click.option("--short", is_flag=True, help="Print the total only.")
@common.may_wait
def invalidate(site: Site, name: str | None, pattern: str | None, short: bool, patience: float) -> int:
    """Remove the results of the chosen tasks, and of all that depends on them, so that they run again.

    Works beside live workers: tasks that one of them runs now are waited for a little, or with --wait for
    as long as it takes; else nothing is removed, and the exit code is 1.
    """
    from jughpc.app.upkeep.invalidate import invalidate as remove

    matches = common.matcher(name, pattern)
    if matches is None:
        raise SettingError("say which tasks: --name 'double' or --pattern '/dou.*/'; all of them are --name '*'.")
    done = remove(site, matches, patience)
    if not done.chosen:
        echo("No results invalidated.")
    elif not done.removed:
        echo("Tasks invalidated, but no results removed")
    elif short:
        echo(f"Invalidated:  {done.removed.total()} tasks\n** Total: {done.removed.total()} tasks.")
    else:
        rows = {task: [count] for task, count in done.removed.items()}
        echo(table(["Invalidated"], rows, common.width()))
    return ExitCode.DONE


@click.command()
@common.takes_jugfile
def pack(site: Site) -> int:
    """Merge small result files into a few large ones; safe while workers run."""
    from jughpc.app.upkeep.pack import pack as merge

    done = merge(site)
    echo(f"Packed {done.results} objects")
    if done.busy:
        echo(f"{done.busy} shards are held by live workers and stay as they are.", err=True)
    return ExitCode.DONE


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
def rescue(folder: Path) -> int:
    """Take up the results in FOLDER, where a worker kept what its jugdir did not take.

    The worker told which folder it is, and on which host. It is removed once its results are in the jugdir.
    """
    from jughpc.app.run.rescue import take_up

    count, jugdir = take_up(folder.absolute())
    echo(f"Took up {count} results into {jugdir}")
    return ExitCode.DONE
