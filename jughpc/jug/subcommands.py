"""The names of jug.subcommands: commands of one's own, which `jughpc NAME JUGFILE` runs.

They are written in ``~/.config/jug/jug_user_commands.py``, as for jug. jug's own commands are no modules here.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, NoReturn

from jughpc.errors import UsageError
from jughpc.tasks import alias, usertrace

__all__ = ["SubCommand", "cmdapi"]

__path__: list[str] = []  # a package without modules: who imports one is told what takes its place


class SubCommand:
    """A command of one's own: making an object of it registers it.

    The docstring's first line tells what it does.

    Attributes:
        name: What is typed.
    """

    name = ""

    def __init__(self) -> None:
        if not self.name:
            raise UsageError(f"{type(self).__qualname__} is a command without a name; give it one: name = 'mine'")
        cmdapi.commands[self.name] = self

    @property
    def brief(self) -> str:
        """What it does, in a line."""
        return (self.__doc__ or "").strip().partition("\n")[0]

    def run(self, options: Any, store: Any, jugspace: dict[str, Any], *args: Any, **kwargs: Any) -> int | None:
        """Do it, and return the exit code.

        Args:
            options: As `jug.options` gives them, with this command's own.
            store: The store of the jugfile's results.
            jugspace: The jugfile's names.
        """
        raise NotImplementedError

    def parse(self, parser: argparse.ArgumentParser) -> None:
        """Add this command's own options to `parser`."""

    def parse_defaults(self) -> Mapping[str, Any]:
        """Return what the own options are if they are not given."""
        return {}


class _Commands:
    """The registry of commands.

    Attributes:
        commands: Those of one's own, by name.
    """

    def __init__(self) -> None:
        self.commands: dict[str, SubCommand] = {}

    def run(self, name: str, *args: Any, **kwargs: Any) -> int | None:
        """Run a command of one's own. Raises UsageError for one of jug's."""
        if name not in self.commands:
            raise UsageError(f"{name} is no command of yours. {alias.INSTEAD_OF_COMMANDS}")
        return self.commands[name].run(*args, **kwargs)

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)
        raise UsageError(f"jug.subcommands.cmdapi.{name} is not there. {alias.INSTEAD_OF_COMMANDS}")


cmdapi = _Commands()


def of_user(home: Path) -> dict[str, SubCommand]:
    """Return the commands that somebody wrote at home. Raises UsageError if their file cannot be run."""
    path = home / alias.OWN_COMMANDS
    if path.is_file():
        alias.serve()
        try:
            _import(path)
        except (Exception, SystemExit) as error:
            words = f"{path} could not be run, so its commands are not there:\n{usertrace.of(error).rstrip()}"
            raise UsageError(words) from error
    return cmdapi.commands


def _import(path: Path) -> None:
    spec = spec_from_file_location(path.stem, path)
    if spec and spec.loader:
        sys.modules[path.stem] = module = module_from_spec(spec)
        spec.loader.exec_module(module)
