"""`jughpc shell`."""

from __future__ import annotations

from typing import Any

import click

from jughpc.app.context.site import Site
from jughpc.cli import common
from jughpc.exitcode import ExitCode


@click.command()
@common.takes_jugfile
def shell(site: Site) -> int:
    """Start IPython, or plain Python where it is absent, with the names of JUGFILE and its results."""
    from jughpc.app.jugapi.shell import WELCOME, names

    with site.leasing() as lease:
        _interact(names(site, lease), WELCOME)
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
