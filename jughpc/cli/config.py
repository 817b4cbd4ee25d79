"""`jughpc config`: the settings as they hold here."""

from __future__ import annotations

import click

from jughpc.cli import common
from jughpc.cli.output.terminal import echo
from jughpc.config.settings import named
from jughpc.exitcode import ExitCode


@click.command()
@click.option("--show-origin", is_flag=True, help="Say where each was set.")
def config(show_origin: bool) -> int:
    """Print the settings as they hold in this folder, without what a command line adds."""
    settings = common.settings()
    for name in sorted(named()):
        shown = f"{name} = {settings.shown(name)}".rstrip()
        origin = settings.origin(name) + ("" if settings.shown(name) else f": {named()[name].built_in}")
        echo(f"{shown:<40} # {origin}" if show_origin else shown)
    return ExitCode.DONE
