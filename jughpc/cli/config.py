"""`jughpc config`: the settings as they hold here."""

from __future__ import annotations

import click

from jughpc.app.context.made import as_made
from jughpc.cli import common
from jughpc.cli.output.terminal import echo
from jughpc.config.settings import Settings, named
from jughpc.errors import JugError
from jughpc.exitcode import ExitCode


@click.command()
@click.option("--show-origin", is_flag=True, help="Say where each was set.")
def config(show_origin: bool) -> int:
    """Print the settings as they hold in this folder, without what a command line adds.

    `beat`, `lag` and `ttl` are those of the store that the jugfile last used here has, if there is one yet.
    """
    settings = _settings()
    for name in sorted(named()):
        shown = f"{name} = {settings.shown(name)}".rstrip()
        origin = settings.origin(name) + ("" if settings.shown(name) else f": {named()[name].built_in}")
        echo(f"{shown:<40} # {origin}" if show_origin else shown)
    return ExitCode.DONE


def _settings() -> Settings:
    """Return what holds here; where no jugfile is known, or others wrote it, nothing is asked of a store."""
    values = common.settings()
    try:
        target = common.find_target(None, ())
    except JugError:
        return values
    return as_made(values, target.location)
