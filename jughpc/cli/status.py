"""`jughpc status`: where it stands."""

from __future__ import annotations

import json

import click

from jughpc.app.context.site import Site
from jughpc.cli import common
from jughpc.cli.output.terminal import echo
from jughpc.exitcode import ExitCode


@click.command()
@common.takes_jugfile
@click.option("--submission", "number", type=int, metavar="N", help="Which one.  [the latest]")
@click.option("--short", is_flag=True, help="One line only.")
@common.may_be_cached
@common.needless("--cache", "--clear", is_flag=True)
@common.needless("--cache-file")
@click.option("--json", "as_json", is_flag=True, help="All of it as JSON.")
def status(site: Site, short: bool, number: int | None, as_json: bool) -> int:
    """Show how many tasks of JUGFILE are done, who works on them, and how the submission stands.

    Exit code: 0 if all tasks are done, and collector and reduce did not fail, else 1.
    """
    from jughpc.app.status.report import report
    from jughpc.app.status.tasks import in_words
    from jughpc.cli.output.status import as_dict, lines

    found = report(site, common.clusters(), number)
    if as_json:
        echo(json.dumps(as_dict(found), indent=1))
    elif short:
        echo(in_words(found.standing))
    else:
        echo("\n".join(lines(found, common.width())))
    return ExitCode.DONE if found.is_well else ExitCode.FAILED
