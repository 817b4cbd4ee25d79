"""The names of jug.subcommands: what takes their place."""

from __future__ import annotations

from typing import Any, NoReturn

from jughpc.errors import UsageError

__all__ = ["SubCommand", "cmdapi"]


class SubCommand:
    """What commands of one's own derive from in jug. Deriving raises UsageError, which tells the way here."""

    def __init_subclass__(cls, **rest: Any) -> NoReturn:
        raise UsageError(
            f"{cls.__module__}.{cls.__qualname__}: commands of your own are click commands here, which a package of "
            "yours offers under the entry point group jughpc.commands. For one jugfile a script does as well: "
            "store, names = jughpc.init(jugfile, jugdir)."
        )


class _Commands:
    """jug's registry of commands. Using it raises UsageError."""

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)
        raise UsageError(
            f"jug.subcommands.cmdapi.{name} is not there; run a command with "
            "jug.jug.main(['jug', 'status', 'jugfile.py'])."
        )


cmdapi = _Commands()
