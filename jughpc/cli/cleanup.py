"""`jughpc cleanup`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from jughpc.app.context.site import Site
from jughpc.cli import common
from jughpc.cli.output.terminal import echo
from jughpc.errors import SettingError
from jughpc.exitcode import ExitCode
from jughpc.units import several

if TYPE_CHECKING:
    from jughpc.app.upkeep.leftovers import Tidied


@click.command()
@common.takes_jugfile
@click.option("--locks-only", is_flag=True, help="Remove the claims that dead workers held; results stay.")
@click.option("--failed-only", is_flag=True, help="Make failed tasks ready again; results and claims stay.")
@click.option("--keep-locks", is_flag=True, help="Remove results that no task needs; claims stay.")
@click.option("--wait", is_flag=True, help="Watch who may live for as long as it takes to see that they stand still.")
@click.option("--force", is_flag=True, help="Remove all claims, the living ones too.")
def cleanup(site: Site, locks_only: bool, failed_only: bool, keep_locks: bool, wait: bool, force: bool) -> int:
    """Remove the results of no task of JUGFILE, and the claims of dead workers; safe beside live workers.

    Only what jughpc wrote is touched, and nothing behind an unmet barrier. A claim is removed by proof, and
    its line says which: the worker's own record, this host's process table, the scheduler, or that it stood
    still while watched.
    """
    if locks_only + failed_only + keep_locks > 1:
        raise SettingError("give one of --locks-only, --failed-only and --keep-locks, not several.")
    from jughpc.app.upkeep import garbage

    if failed_only:
        echo(f"Removed {garbage.forget_failures(site)} failure locks")
        return ExitCode.DONE
    removed = None if locks_only else garbage.remove_garbage(site, common.clusters(), common.PATIENCE)
    if removed:
        echo(f"Removed {removed.results} objects")
    if not keep_locks:
        _free(site, wait, force)
    if removed and removed.leftovers:
        _tell_leftovers(removed.leftovers)
        _sweep_host()
    return ExitCode.DONE


def _tell_leftovers(leftovers: Tidied) -> None:
    counts = [
        (leftovers.temporary, "files that dead workers were writing"),
        (leftovers.damaged, "damaged files set aside"),
        (leftovers.manifests, "manifests of former jugfiles"),
        (leftovers.records, "records of workers that ended"),
        (leftovers.marks, "marks that were not true"),
        (leftovers.texts, "texts that nothing runs any more"),
        (leftovers.bundles, "environments that no node unpacks any more"),
        (leftovers.checkpoints, "checkpoints of tasks that are done"),
        (leftovers.measures, "measurements of tasks that are gone"),
    ]
    if told := [f"{count} {what}" for count, what in counts if count]:
        echo(f"Removed leftovers: {', '.join(told)}")


def _sweep_host() -> None:
    from jughpc.batch.staging.leftover import sweep

    for place in sweep():
        echo(f"Removed {place}, which elements that were killed had unpacked on this host")


def _free(site: Site, wait: bool, force: bool) -> None:
    from jughpc.app.upkeep.claims import FoundClaim, cleanup_claims

    if site.files is None:
        echo("Removed 0 locks: in this store they end by themselves with their holder.")
        return

    def show(row: FoundClaim) -> str:
        where = f"{row.holder.host} {row.holder.owner or f'pid {row.holder.pid}'}" if row.holder else "unknown holder"
        if row.removed:
            return f"removed  {row.task}  {where}: {row.proof or 'by force'}"
        return f"kept     {row.task}  {where}: may be alive"

    held = cleanup_claims(site, common.clusters(), force=force, wait=wait)
    for row in held:
        echo(show(row))
    removed = sum(row.removed for row in held)
    echo(f"Removed {removed} locks")
    if removed < len(held) and not wait:
        left = several(len(held) - removed, "claim")
        echo(f"{left} may be held by live workers; --wait watches to be sure.")
