"""`jughpc logs`: what elements, collectors, reduces and tasks put out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from jughpc.app.context.site import Site
from jughpc.cli import common
from jughpc.cli.output.terminal import echo
from jughpc.config.kinds import NUMBERS
from jughpc.errors import SettingError
from jughpc.exitcode import ExitCode

if TYPE_CHECKING:
    from jughpc.app.status.logs import Log, Which


@click.command()
@common.takes_jugfile
@common.may_be_cached
@click.option("--task", metavar="TASK", help="What tries of a task put out: a call, a digest's beginning, or a name.")
@click.option("--failed", is_flag=True, help="What tries of the tasks put out that failed.")
@click.option("--element", "elements", type=common.Takes(NUMBERS), help="Logs of these, or tasks in these.  [all]")
@click.option("--collect", is_flag=True, help="The log of the collectors.")
@click.option("--reduce", is_flag=True, help="The log of the reduces.")
@click.option("--follow", is_flag=True, help="Go on with what comes, until the submission has ended.")
@click.option("--tail", type=click.IntRange(min=0), metavar="N", help="Last lines of each.  [all of the last MiB]")
@click.option("--submission", "number", type=int, metavar="N", help="Which one.  [the latest; of tasks: all]")
@click.option("--json", "as_json", is_flag=True, help="The same as JSON.")
def logs(
    site: Site, task: str | None, failed: bool, elements: Sequence[range] | None, collect: bool, reduce: bool,
    follow: bool, tail: int | None, number: int | None, as_json: bool,
) -> int:  # fmt: skip
    """List the logs of the latest submission; with options, show them, or what single tasks put out.

    Of a log, and of what a task put out, the last MiB is shown, with the path of all of it. --follow begins with the
    last ten lines, and says of each line whose it is.

    Exit code: 0; 1 if a task is asked for that put out nothing.
    """
    from jughpc.app.status.logs import Which

    which = Which(elements, collect, reduce)
    if follow and as_json:
        raise SettingError("--json shows what there is now; --follow goes on with what comes. Give one of them.")
    if task is None and not failed:
        return _whole(site, number, which, tail, follow, as_json)
    if follow or collect or reduce or (task is not None and failed):
        raise SettingError("--task and --failed show what tasks put out; --follow, --collect and --reduce whole logs.")
    return _of_tasks(site, number, task, which, tail, as_json)


def _whole(site: Site, number: int | None, which: Which, tail: int | None, follow: bool, as_json: bool) -> int:
    from jughpc.app.status import logs as found
    from jughpc.cli.output import logs as output

    if follow:
        return _follow(site, found.to_follow(site, number, which).number, which, tail)
    submission, chosen = found.chosen(site, number, which)
    if as_json:
        echo(json.dumps(output.of_logs(chosen, tail, with_lines=not which.is_all or tail is not None), indent=1))
    elif which.is_all and tail is None:
        common.show(output.listed(submission, chosen, str(site.target.jugfile), common.width()))
    else:
        _show(chosen, tail)
    return ExitCode.DONE


def _show(chosen: Sequence[Log], tail: int | None) -> None:
    from jughpc.app.status.texts import whole
    from jughpc.cli.output import logs as output

    for log in chosen:
        if len(chosen) > 1:
            echo(output.head(log))
        common.show(output.shown(whole(log.path), tail))


def _follow(site: Site, number: int, which: Which, tail: int | None) -> int:
    from jughpc.app.status.follow import follow
    from jughpc.cli.output import logs as output

    for log, line in follow(site, common.clusters(), number, which, tail):
        echo(output.marked(log, line))
    return ExitCode.DONE


def _of_tasks(site: Site, number: int | None, text: str | None, which: Which, tail: int | None, as_json: bool) -> int:
    from jughpc.app.status.outputs import outputs
    from jughpc.cli.output import logs as output

    found = outputs(site, number, text, which)
    if as_json:
        echo(json.dumps(output.of_parts(found, tail), indent=1))
    for part in () if as_json else found.parts:
        echo(output.head_of(part, found.calls))
        common.show(output.shown(part.text, tail))
    if found.silent and not as_json:
        echo(output.of_silent(found.silent, found.calls), err=True)
    return ExitCode.FAILED if text is not None and not found.parts else ExitCode.DONE
