"""pdb where something of the user's raised."""

from __future__ import annotations

from collections.abc import Callable

from jughpc.cli.output.terminal import echo


def debugger() -> Callable[[BaseException], None]:
    """Return what shows an exception, and where it was raised, to who types; commands may come from a file, too."""
    import pdb  # only now: it takes 30 ms

    from jughpc.tasks import usertrace

    def examine(error: BaseException) -> None:
        echo(usertrace.of(error).rstrip(), err=True)
        pdb.post_mortem(error.__traceback__)

    return examine
