"""`jughpc repair` and `jughpc touch`: before and after a purge of old files."""

from __future__ import annotations

from pathlib import Path

import click

from jughpc.cli import common
from jughpc.cli.output.terminal import echo
from jughpc.exitcode import ExitCode
from jughpc.fs import OsClock


@click.command()
@click.argument("jugdir", type=click.Path(path_type=Path))
def repair(jugdir: Path) -> int:
    """Make JUGDIR's store.yaml again from what is left, and tell what else a purge took.

    Results that are gone are computed again by `jughpc execute` or `jughpc submit`, and nothing else is.
    """
    from jughpc.app.upkeep.repair import repair as mend
    from jughpc.store.base import Pace
    from jughpc.store.believed import told

    values = common.settings()
    common.trust().check(jugdir.absolute())
    done = mend(jugdir.absolute(), Pace(values.beat, values.lag, values.ttl), OsClock())
    pace = f"a beat each {done.pace.beat:g} s, dead after {done.pace.ttl:g} s"
    echo(f"store.yaml was {'made again' if done.made else 'whole'}: {done.shards} shards, {pace}")
    if done.tasks is None:
        echo("No manifest is left, so which tasks there are is not known here: `jughpc status JUGFILE` tells.")
    else:
        echo(f"{done.done} of {done.tasks} tasks have results.")
    if words := told(sum(done.gone.values()), len(done.gone)):
        echo(words)
    return ExitCode.DONE
