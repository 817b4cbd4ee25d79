"""`jughpc shell`."""

from __future__ import annotations

from typing import Any

import click

from jughpc.app.context.target import Target
from jughpc.cli import common
from jughpc.exitcode import ExitCode
from jughpc.fs import OsClock


@click.command()
@common.takes_jugfile
def shell(target: Target) -> int:
    """Start IPython, or plain Python where it is absent, with the names of JUGFILE and its results."""
    from jughpc.app.context.lease import leasing
    from jughpc.app.jugapi.shell import WELCOME, names

    clock = OsClock()
    with leasing(target.location, clock) as lease:
        _interact(names(target, lease, clock), WELCOME)
    return ExitCode.DONE


def _interact(space: dict[str, Any], welcome: str) -> None:
    try:
        from IPython.terminal.embed import InteractiveShellEmbed
    except ImportError:
        import code

        code.interact(welcome, local=space, exitmsg="")
        return
    embed: Any = InteractiveShellEmbed
    embed(banner1=welcome, user_ns=space)()
