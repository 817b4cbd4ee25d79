"""The batch systems that are known: ours, and those that other packages add through an entry point.

A package adds one as ``[project.entry-points."jughpc.schedulers"] NAME = "MODULE:CLASS"``; the class is called
without arguments and meets the Scheduler protocol.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from functools import reduce
from typing import TYPE_CHECKING

from jughpc import fs
from jughpc.batch import shell
from jughpc.batch.scheduler import Limits, Scheduler
from jughpc.errors import SettingError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "jughpc.schedulers"
FALLBACK = "local"
"""Where no other system is."""

# Known without a look at installed packages, which takes time and fails where their metadata is stale.
_OURS = {
    "slurm": "jughpc.batch.slurm:Slurm",
    "pbs": "jughpc.batch.pbs:Pbs",
    "lsf": "jughpc.batch.lsf:Lsf",
    "flux": "jughpc.batch.flux:Flux",
    FALLBACK: "jughpc.batch.local.scheduler:Local",
}


def names() -> list[str]:
    """Return the names of all systems that are known."""
    return [*_OURS, *_added()]


def scheduler(name: str, limits: Limits = Limits()) -> Scheduler:  # noqa: B008  # frozen
    """Return the system called `name`, as one that told these `limits` is spoken to.

    Raises:
        SettingError: There is none of that name, or its package cannot be imported.
    """
    if name in _OURS:
        module, _, kind = _OURS[name].partition(":")
        found: Scheduler = getattr(importlib.import_module(module), kind)()
    elif point := _added().get(name):
        found = _load(point)
    else:
        raise SettingError(f"There is no scheduler {name!r}. Choose one of {', '.join(names())}.")
    return found.within(limits)


def present() -> list[Scheduler]:
    """Return the systems whose commands are on PATH, in the order in which they are to be tried.

    One whose commands are only some of another's is not it: Grid Engine has a qsub, too.

    Raises:
        SettingError: The package of one cannot be imported.
    """
    found = [system for system in map(scheduler, names()) if _commands(system) and _has_commands(system)]
    return [system for system in found if not any(_commands(system) < _commands(other) for other in found)]


def environment(given: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return `given` (default: this process's) without what any system's jobs and commands are not to see."""
    environ = dict(fs.environment() if given is None else given)
    return reduce(lambda rest, name: scheduler(name).capabilities.scrub(rest), names(), environ)


def _commands(system: Scheduler) -> frozenset[str]:
    return frozenset(system.capabilities.commands)


def _has_commands(system: Scheduler) -> bool:
    return all(shell.command_path(command) for command in _commands(system))


def _added() -> dict[str, EntryPoint]:
    """Return the systems that other packages add; none takes the place of one of ours."""
    return {point.name: point for point in _points() if point.name not in _OURS}


def _points() -> Iterator[EntryPoint]:
    from importlib.metadata import entry_points  # only now: it looks at every installed package

    yield from entry_points(group=GROUP)


def _load(point: EntryPoint) -> Scheduler:
    try:
        system: Scheduler = point.load()()
    except Exception as error:
        raise SettingError(
            f"the scheduler {point.name}, from {point.value}, cannot be used: {error}. "
            "Mend or remove the package that adds it."
        ) from error
    return system
