"""`jughpc wait`, and the wait of `jughpc submit --wait`."""

from __future__ import annotations

import re
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

import click

from jughpc.app.context.site import Site
from jughpc.cli import common
from jughpc.cli.progress import progress
from jughpc.config.kinds import WALLTIME
from jughpc.exitcode import ExitCode

if TYPE_CHECKING:
    from jughpc.batch.clusters import Clusters
    from jughpc.batch.submissions import Submission

_ID = re.compile(r"[\w.:@\[\]-]+")  # of jobs, in all systems


@click.command()
@click.argument("what", required=False, metavar="[JUGFILE|ID]")
@click.argument("args", nargs=-1)
@common.takes_jugdir
@click.option("--timeout", type=common.Takes(WALLTIME), help="Wait no longer; the exit code is 124 then.  [no end]")
@click.option("--trusted", is_flag=True, hidden=True, expose_value=False)
@click.pass_context
def wait(ctx: click.Context, what: str | None, args: tuple[str, ...], timeout: float | None) -> int:
    """Wait until a submission has ended, and tell how, as `jughpc submit --wait` does.

    It is the latest of JUGFILE, or that of ID in the jugdir last used here: its number, or the id of one of its
    jobs, which `jughpc submit --json` prints.

    Exit code: 0 all done, 3 ended with work left or without its reduce, 124 it goes on, 130 Ctrl-C; the jobs go on.
    """
    from jughpc.app.submit.wait import named

    word = what if what and _is_id(what) else ""
    site = common.find_site(None if word else what, (*args, *ctx.obj))
    return wait_until_the_end(site, common.clusters(), named(site, word), timeout or inf)


def wait_until_the_end(
    site: Site, clusters: Clusters, submission: Submission, patience: float = inf, *, err: bool = False
) -> ExitCode:
    """Wait until all of it has ended, and show how.

    Args:
        patience: For how long [s].
        err: Whether standard output is kept for something else.
    """
    from jughpc.app.submit.wait import wait_for
    from jughpc.cli.output import submit as output

    try:
        with progress(site) as show:
            end = wait_for(site, clusters, submission, show, patience)
    except KeyboardInterrupt:
        common.show(output.left_alone(submission), err=err)
        raise
    common.show(output.left_alone(submission) if end.goes_on else output.ended(end), err=err)
    return end.code


def _is_id(what: str) -> bool:
    """Return whether a word is an id, and not the name of a jugfile."""
    return bool(_ID.fullmatch(what)) and not what.endswith(".py") and not Path(what).is_file()
