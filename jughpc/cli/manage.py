"""`jughpc invalidate`, `pack` and `failures`: what changes a store by hand."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from jughpc.app.context.site import Site
from jughpc.cli import common
from jughpc.cli.output.terminal import echo
from jughpc.errors import SettingError
from jughpc.exitcode import ExitCode
from jughpc.library.table import table
from jughpc.units import moment


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
@common.takes_jugfile
@common.may_be_cached
@click.option("--retry-failed", is_flag=True, help="Make them ready to be run again.")
@click.option("--json", "as_json", is_flag=True, help="All of it as JSON.")
def failures(site: Site, retry_failed: bool, as_json: bool) -> int:
    """List each failed task with its arguments, exception, traceback, host, job and tries.

    One that killed too many workers (--max-crashes) is listed with how and where each of them died. Workers that a
    task killed are forgotten by --retry-failed, and by `jughpc invalidate` of it; no cleanup forgets them.

    Exit code: 0 if there is none, or --retry-failed made them ready, else 1.
    """
    from jughpc.app.status import failures as failed
    from jughpc.app.status.tasks import standing
    from jughpc.store.base import Failure

    def show(failure: Failure) -> str:
        where = f"{failure.host} ({failure.owner or 'by hand'})"
        when = moment(failure.when)
        head = f"{failure.name} {failure.digest.hex()[:8]}: {failure.exception}"
        call = f"  {failure.call}\n" if failure.call else ""
        trace = "" if failure.trace.strip() == failure.exception else failure.trace
        return f"{head}\n{call}  on {where} at {when}, tries {failure.tries}\n{trace}"

    now = standing(site)
    found = failed.failures(site, now)
    if as_json:
        echo(json.dumps([{**asdict(row), "digest": row.digest.hex()} for row in found], indent=1))
    else:
        for row in found:
            echo(show(row))
    if retry_failed:
        echo(f"{failed.retry(site, now)} failed tasks are ready again: run `jughpc execute` or `jughpc submit`.")
    return ExitCode.FAILED if found and not retry_failed else ExitCode.DONE


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
