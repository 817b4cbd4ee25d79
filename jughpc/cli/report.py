"""`jughpc report`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from jughpc.app.context.site import Site
from jughpc.cli import common
from jughpc.cli.output.terminal import echo
from jughpc.errors import UsageError
from jughpc.exitcode import ExitCode


@click.command()
@common.takes_jugfile
@click.option(
    "-o", "--output", "path", type=click.Path(path_type=Path), metavar="FILE", help="The page.  [JUGFILE.report.html]"
)
@click.option("--submission", "number", type=int, metavar="N", help="Whose workers are meant.  [the latest]")
@click.option("--all", "everybody", is_flag=True, help="All workers, whoever started them.")
@click.option("--json", "as_json", is_flag=True, help="All of it as JSON, and no page.")
def report(site: Site, path: Path | None, number: int | None, everybody: bool, as_json: bool) -> int:
    """Write a page on what JUGFILE took: when what ran, time and memory of functions, what elements used, advice.

    It is one file that needs no network. Nothing is loaded, and the scheduler is not asked.
    """
    from jughpc.app.accounts.account import account
    from jughpc.aside import put
    from jughpc.cli.output import accounts as output

    if number is not None and everybody:
        raise UsageError("give --submission or --all, not both.")
    found = account(site, number, everybody=everybody)
    if as_json:
        echo(json.dumps(output.as_json(found), indent=1))
        return ExitCode.DONE
    from jughpc.web.account import account_page

    where = path or site.folder / f"{site.target.jugfile.stem}.report.html"
    try:
        put(where, account_page(found))
    except OSError as error:
        raise UsageError(f"cannot write {where}: {error.strerror}. Name another with -o FILE.") from None
    common.show(output.lines(found, str(path or where.name)))
    return ExitCode.DONE
