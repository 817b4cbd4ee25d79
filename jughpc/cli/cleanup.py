"""`jughpc cleanup`."""

from __future__ import annotations

import click

from jughpc.app.recent import Target
from jughpc.cli import common
from jughpc.errors import UsageError
from jughpc.fs import OsClock


@click.command()
@common.takes_jugfile
@click.option("--locks-only", is_flag=True, help="Remove the claims that dead workers held; results stay.")
@click.option("--wait", is_flag=True, help="Watch who may live for as long as it takes to see that they stand still.")
@click.option("--force", is_flag=True, help="Remove all claims, the living ones too.")
def cleanup(target: Target, locks_only: bool, wait: bool, force: bool) -> int:
    """Free what crashed jobs held, by proof that they are dead; safe beside live workers.

    Each line says which proof: the worker's own record, this host's process table, the scheduler, or that
    it stood still while watched.
    """
    if not locks_only:
        raise UsageError("say what to clean up: `jughpc cleanup --locks-only` frees what crashed jobs held.")
    from jughpc.app.cleanup import Held, cleanup_claims

    def show(row: Held) -> str:
        where = f"{row.holder.host} {row.holder.owner or f'pid {row.holder.pid}'}" if row.holder else "unknown holder"
        if row.removed:
            return f"removed  {row.task}  {where}: {row.proof or 'by force'}"
        return f"kept     {row.task}  {where}: may be alive"

    held = cleanup_claims(target, OsClock(), force=force, wait=wait)
    for row in held:
        click.echo(show(row))
    removed = sum(row.removed for row in held)
    click.echo(f"Removed {removed} locks")
    if removed < len(held) and not wait:
        click.echo(f"{len(held) - removed} claims may be held by live workers; --wait watches them to be sure.")
    return 0
