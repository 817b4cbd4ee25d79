"""`jughpc profile`: make a site profile of what the batch system tells, and try one."""

from __future__ import annotations

import click

from jughpc.cli import common
from jughpc.cli.output.terminal import echo
from jughpc.config.kinds import WALLTIME
from jughpc.errors import SettingError
from jughpc.exitcode import ExitCode


@click.command()
@click.argument("action", metavar="init|check", type=click.Choice(["init", "check"]))
@click.argument("name", required=False)
@click.option("--patience", type=common.Takes(WALLTIME), default="5m", help="How long to wait for elements.  [5m]")
@click.option("--scheduler", metavar="NAME", help="The batch system to ask.  [what is there]")
@click.pass_context
def profile(ctx: click.Context, action: str, name: str | None, patience: float, scheduler: str | None) -> int:
    """Make a site profile, or try one.

    `init` asks the batch system for its partitions and limits, and prints a profile, called NAME, each line with its
    reason. `check` reads profile NAME, shows what it says, and lets an array of two elements run and meet in this
    folder, with options of the scheduler's own behind `--`. Exit code: 1 if something does not work.
    """
    if action == "init":
        return _init(name or "", scheduler)
    common.give("profile", name or common.settings().profile or "none")
    return _check(tuple(ctx.obj), patience)


def _init(name: str, scheduler: str | None) -> int:
    from jughpc.app.doctor.survey import survey
    from jughpc.cli.output.profile import text

    told = survey(common.clusters(), scheduler or common.settings().scheduler)
    common.show(text(told, name))
    return ExitCode.FAILED if told.trouble else ExitCode.DONE


def _check(extra: tuple[str, ...], patience: float) -> int:
    from jughpc.cli.doctor import findings, line
    from jughpc.config.fit import fitted
    from jughpc.config.settings import named

    values = fitted(common.settings(), 2)
    if values.profile in (None, "none"):
        raise SettingError("no profile holds here: name one, or see which there are in `jughpc config --show-origin`.")
    for setting in named():
        if f"profile {values.profile}" in (origin := values.origin(setting)):
            echo(f"{setting} = {values.shown(setting)}  # {origin}")
    is_well = True
    for finding in findings(values, 2, extra, patience):
        echo(line(finding))
        is_well &= finding.verdict.value != "failure"
    return ExitCode.DONE if is_well else ExitCode.FAILED
