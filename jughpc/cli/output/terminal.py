"""The one way to a person's terminal."""

from __future__ import annotations

import click

from jughpc.plain import plain


def echo(text: str, err: bool = False) -> None:
    """Put out `text`, wherever its parts came from: what would steer a terminal is shown as an escape."""
    click.echo(plain(text), err=err)
