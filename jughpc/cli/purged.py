"""`jughpc repair` and `jughpc touch`: before and after a purge of old files."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import click

from jughpc.app.context.site import Site
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


@click.command()
@common.takes_jugfile
def touch(site: Site) -> int:
    """Renew the times of all that JUGFILE needs in its jugdir, where files that are old are deleted.

    Both times, of access and of change, become the present. Results of no task stay as old as they are.
    Exit code: 1 if some files belong to others, who did not let you write them.
    """
    from jughpc.app.upkeep.touch import touch as renew

    done = renew(site)
    told = ", ".join(f"{count} {what}" for what, count in done.files.items() if count)
    echo(f"Renewed {done.files.total()} files in {done.calls} calls: {told}")
    if not done.refused:
        return ExitCode.DONE
    first = done.refused[0]
    echo(f"{len(done.refused)} files may not be renewed by you, first {first}{_owner(site, first)}.", err=True)
    return ExitCode.FAILED


def _owner(site: Site, path: str) -> str:
    with suppress(OSError, KeyError):
        return f": ask {(site.location.folder() / path).owner()} to run `jughpc touch`"
    return ""
