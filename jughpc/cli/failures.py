"""`jughpc failures`: what went wrong, alike failures together; and one task run here, with pdb where it raises."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from jughpc.app.context.site import Site
from jughpc.cli import common
from jughpc.cli.output.terminal import echo, near
from jughpc.errors import SettingError
from jughpc.exitcode import ExitCode

if TYPE_CHECKING:
    from jughpc.app.status.failures import Found


@click.command()
@common.takes_jugfile
@common.may_be_cached
@common.selects_tasks
@click.option("--task", metavar="TASK", help="Tasks by a call, 'is_prime(41)', or the beginning of a digest.  [all]")
@click.option("--full", is_flag=True, help="Each by itself, with all of its arguments and its whole traceback.")
@click.option("--retry-failed", is_flag=True, help="Make them ready to be run again.")
@click.option("--debug", metavar="TASK", help="Run this one task here, with pdb where it raises.")
@click.option("--json", "as_json", is_flag=True, help="All of it as JSON.")
def failures(
    site: Site, name: str | None, pattern: str | None, task: str | None, full: bool, retry_failed: bool,
    debug: str | None, as_json: bool,
) -> int:  # fmt: skip
    """Show what went wrong: failures that are alike together, with tasks, arguments, place, traceback, host and log.

    Alike is what was raised by the same line of yours in the same words, but for numbers, addresses and paths. A task
    that killed too many workers (--max-crashes) is listed with how and where each of them died. Workers that a task
    killed are forgotten by --retry-failed, and by `jughpc invalidate` of it; no cleanup forgets them.

    --debug runs a task as a worker does: it claims it, stores the result if there is one, else records the failure.
    It refuses a task that a live worker runs, that is done, or that needs what is not done.

    Exit code: 0 if there is none, or --retry-failed made them ready, else 1; with --debug 0 if the task succeeded.
    """
    from jughpc.app.status import failures as failed

    if debug is not None:
        if full or retry_failed or as_json or not all(given is None for given in (name, pattern, task)):
            raise SettingError("--debug TASK runs one task; it goes with no option that chooses or shows others.")
        return _debug(site, debug)
    found = failed.look(site, failed.Which(common.matcher(name, pattern), task), full and not as_json)
    _show(site, found, full, as_json)
    if retry_failed:
        count = failed.retry(site, found.digests)
        echo(f"{count} failed tasks are ready again: run `jughpc execute` or `jughpc submit`.")
    return ExitCode.FAILED if found.failures and not retry_failed else ExitCode.DONE


def _show(site: Site, found: Found, full: bool, as_json: bool) -> None:
    from jughpc.app.context.target import named
    from jughpc.app.status.alike import alike
    from jughpc.app.status.logs import of_failures
    from jughpc.cli.output import failures as output

    kinds, logs = alike(found.failures), of_failures(site, found.failures)
    if as_json:
        echo(json.dumps(output.rows(kinds, logs), indent=1))
        return
    logs = {digest: near(path) for digest, path in logs.items()}
    if full:
        common.show(output.in_full(found.failures, found.calls, logs))
    else:
        common.show(output.lines(kinds, logs, named(site.target), common.width()))


def _debug(site: Site, text: str) -> int:
    from jughpc.app.run import children
    from jughpc.app.run.debug import run_one
    from jughpc.cli.debugger import debugger

    children.serve(site.target)
    outcome = run_one(site, text, debugger())
    if outcome.code == ExitCode.DONE:
        echo("it succeeded; its result is stored")
    return outcome.code
