"""`jughpc count` and `graph`: what a jugfile defines."""

from __future__ import annotations

from pathlib import Path

import click

from jughpc.app.context.site import Site
from jughpc.aside import put
from jughpc.cli import common
from jughpc.cli.output.terminal import echo
from jughpc.errors import UsageError
from jughpc.exitcode import ExitCode
from jughpc.library.table import table


@click.command()
@common.takes_jugfile
@common.may_be_cached
@click.option("--short", is_flag=True, help="Print the total only.")
def count(site: Site, short: bool) -> int:
    """Count the tasks of JUGFILE by name."""
    from jughpc.app.status.tasks import manifest_of

    manifest = manifest_of(site)
    if short:
        echo(f"Count:  {len(manifest)} tasks\n** Total: {len(manifest)} tasks.")
    else:
        numbers = zip(manifest.names, manifest.by_kind(), strict=True)
        echo(table(["Count"], {name: [number] for name, number in numbers}, common.width()))
    return ExitCode.DONE


@click.command()
@common.takes_jugfile
@common.may_be_cached
@click.option("--no-status", is_flag=True, help="Leave out how many are failed, waiting, ready, complete, active.")
@click.option("--file-format", default="png", show_default=True, help="What `dot` draws; `dot` for the text alone.")
def graph(site: Site, no_status: bool, file_format: str) -> int:
    """Write which tasks need which as JUGFILE.dot, and draw it with Graphviz.

    Exit code: 0 if all of it was written, else 1.
    """
    from jughpc.app.status.dot import dot
    from jughpc.app.status.tasks import standing
    from jughpc.batch.shell import command_path, run

    text = Path(site.target.jugfile.stem + ".dot")
    put(text, dot(standing(site), not no_status))
    echo(f"wrote {text}")
    if file_format == "dot":
        return ExitCode.DONE
    drawn = text.with_suffix(f".{file_format}")
    if command_path("dot") is None:
        echo("Graphviz' `dot` is not on PATH, so nothing was drawn. Text alone: --file-format dot", err=True)
        return ExitCode.FAILED
    reply = run(["dot", f"-T{file_format}", "-o", str(drawn.absolute()), str(text.absolute())])
    if reply.code:
        raise UsageError(f"dot could not draw {drawn}: {reply.stderr.strip()}")
    echo(f"wrote {drawn}")
    return ExitCode.DONE
