"""`jughpc config`: the settings as they hold here."""

from __future__ import annotations

import click

from jughpc.cli import common


@click.command()
@click.option("--show-origin", is_flag=True, help="Say where each was set.")
def config(show_origin: bool) -> int:
    """Print the settings as they hold in this folder, without what a command line adds."""
    for key, setting in sorted(common.settings().items()):
        value = " | ".join(setting.value) if isinstance(setting.value, tuple) else setting.value
        shown = f"{key} = {'' if value is None else value}".rstrip()
        click.echo(f"{shown:<40} # {setting.origin}" if show_origin else shown)
    return 0
