"""What elements that were killed left on this host, where they had unpacked it."""

from __future__ import annotations

from jughpc.batch import script, shell

_PATIENCE = 600.0  # [s] each is some ten thousand files


def sweep() -> list[str]:
    """Remove what was unpacked on this host and nobody uses any more; return where it lay."""
    functions = script.shipped("_stage.sh.j2") or ""
    return shell.run(["bash", "-c", f"{functions}\njughpc_sweep_all"], _PATIENCE).stdout.splitlines()
