"""`jughpc trust`."""

from __future__ import annotations

from pathlib import Path

import click

from jughpc.cli import common
from jughpc.cli.output.terminal import echo
from jughpc.config.trust import TRUSTED, add
from jughpc.errors import UsageError
from jughpc.exitcode import ExitCode
from jughpc.fs import home


@click.command()
@click.argument("folder", metavar="DIR", required=False, type=click.Path(path_type=Path))
def trust(folder: Path | None) -> int:
    """Use jugfiles, settings and results in DIR and below, whoever wrote them; they run code as you.

    Without DIR, list what is trusted. It is kept in your home folder, in .config/jughpc.trusted.
    """
    if folder is None:
        common.show(str(one) for one in common.trust().folders)
        return ExitCode.DONE
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder; name the one whose members you trust.")
    add(home(), folder)
    echo(f"{folder.resolve()} and all below is used from now on; take it back in ~/{TRUSTED}")
    return ExitCode.DONE
