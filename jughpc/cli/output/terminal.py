"""The one way to a person's terminal."""

from __future__ import annotations

from pathlib import Path

import click

from jughpc.plain import plain


def echo(text: str, err: bool = False) -> None:
    """Put out `text`, wherever its parts came from: what would steer a terminal is shown as an escape."""
    click.echo(plain(text), err=err)


def near(path: Path) -> Path:
    """Return `path` as seen from this folder, if it is below it."""
    return path.relative_to(here) if path.is_relative_to(here := Path.cwd()) else path
