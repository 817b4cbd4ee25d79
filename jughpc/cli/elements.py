"""What the settings say of jobs: what they ask for, and how they are run."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jughpc import host
from jughpc._version import __version__
from jughpc.cli import common
from jughpc.config.fit import words_of
from jughpc.config.profiles import NONE
from jughpc.config.settings import BUILT_IN

if TYPE_CHECKING:
    from jughpc.app.submit.more import Wish
    from jughpc.batch.container import Container
    from jughpc.batch.scheduler import Resources
    from jughpc.batch.submissions import ElementOptions
    from jughpc.config.settings import Settings

COLLECTORS_MEMORY = 1 << 30  # [bytes] loading a million tasks takes 400 MB
_COLLECTORS_LEAST = 300.0  # [s] to look at what an array left, and to hand on

_SAME = (
    "import sys; from importlib.util import find_spec; s = find_spec('jughpc'); "
    "v = s and __import__('jughpc._version', fromlist=['x']).__version__; "
    f"v == {__version__!r} or sys.exit(f'{{sys.executable}} has ' + (f'jughpc {{v}}' if v else 'no jughpc') + "
    f"'; {__version__} submitted this: install it there, or name another --python')"
)
"""Ends with 0 where jughpc of this version is; else it says what is there."""


def workdir() -> Path:
    """Return the folder where jobs run, from which their interpreter imports first. Raises TrustError."""
    here = Path.cwd()
    common.trust().check_imports(here)
    return here


def options(values: Settings, extra: tuple[str, ...], after: tuple[str, ...] = ()) -> ElementOptions:
    """Return how each element is run, and what the jobs that follow ask for.

    Args:
        extra: Raw scheduler options.
        after: Jobs of others that the array waits for.
    """
    from jughpc.batch.submissions import ElementOptions

    each, (python, probe) = _of_elements(values), interpreter(values)
    return ElementOptions(
        workdir=workdir(),
        resources=each,
        throttle=values.throttle,
        setup=values.setup,
        extra=extra,
        templates=values.templates,
        python=python,
        probe=probe,
        container=container(values),
        umask=host.umask(),
        exclude=values.exclude,
        after=after,
        collect=_of_collector(values, each),
        reduce=_of_reduce(values, each),
    )


def interpreter(values: Settings) -> tuple[str, tuple[str, ...]]:
    """Return the interpreter of what is in no container, and a command that tells what keeps it from that, () for none.

    In a container `python` names one of the image's.
    """
    if values.python is None or is_contained(values):
        return sys.executable, ()
    python = _python(values.python)
    return python, (python, "-c", _SAME)


OF_FURTHER = (
    "scheduler", "partition", "account", "qos", "project", "time", "mem", "cpus", "gpus", "select", "write_select",
    "place", "throttle", "setup",
)  # fmt: skip
"""The settings that elements may have otherwise which are added to a submission."""

_FIELDS = {"time": "walltime", "mem": "memory"}  # of `Resources`; the others are called alike
_RUN = ("throttle", "setup")


def further(values: Settings, extra: tuple[str, ...]) -> Wish:
    """Return what the command line says of elements that are added to a submission: no file is about these alone.

    Args:
        extra: Raw scheduler options.
    """
    from jughpc.app.submit.more import Wish

    said = [name for name in OF_FURTHER if values.is_given(name)]
    asked = [name for name in said if name not in ("scheduler", "select", "write_select", *_RUN)]
    resources: dict[str, Any] = {_FIELDS.get(name, name): getattr(values, name) for name in asked}
    resources |= {"select": _chunk(values)} if {"select", "write_select"} & {*said} else {}
    how: dict[str, Any] = {name: getattr(values, name) for name in _RUN if name in said}
    how |= {"extra": extra} if extra else {}
    words = [f"{name}={values.shown(name)}" for name in said if name not in ("scheduler", "setup")]
    words += [f"options={' '.join(extra)}"] if extra else []
    return Wish(values.scheduler if "scheduler" in said else None, resources, how, " ".join(words))


def is_contained(values: Settings) -> bool:
    """Return whether elements run in a container; a file that says so may be overruled by `none`."""
    return values.container not in (None, NONE)


def container(values: Settings) -> Container | None:
    """Return what elements run in, None for nothing; which folders are bound is not known yet.

    Raises SettingError if there is no such image, or nothing is known that could run it.
    """
    if values.container is None or not is_contained(values):
        return None
    from jughpc.batch.images import chosen

    return replace(
        chosen(values.container, values.container_runtime),
        python=_python(values.python or "python3"),
        options=words_of(values, "container_options"),
        scratch=values.scratch,
    )


def charged(values: Settings) -> Resources:
    """Return what any job says: where it runs, and who pays."""
    from jughpc.batch.scheduler import Resources

    return Resources(
        partition=values.partition,
        account=values.account,
        qos=values.qos,
        project=values.project,
        select=None if values.write_select else "",
    )


def _of_elements(values: Settings) -> Resources:
    return replace(
        charged(values),
        walltime=values.time,
        memory=values.mem,
        cpus=values.cpus if values.cpus or values.select or values.workers < 2 else values.workers,
        gpus=values.gpus,
        select=_chunk(values),
        place=values.place,
    )


def _of_collector(values: Settings, each: Resources) -> Resources:
    """Return what the collector asks for: few, and no more time than the elements if that is short.

    They may run where no job of half an hour may. Sites that refuse any memory, or prescribe it, are not told one where
    the elements are not.
    """
    usual = None if each.memory is None else min(COLLECTORS_MEMORY, each.memory)
    return replace(charged(values), cpus=1, memory=values.collect_mem or usual, walltime=_collectors_time(values))


def _collectors_time(values: Settings) -> float:
    """Return how long the collector may run [s]: as is said, or as the elements, if that is less than is usual."""
    if values.origin("collect_time") != BUILT_IN or values.time is None:
        return values.collect_time
    return min(values.collect_time, max(values.time, _COLLECTORS_LEAST))


def _of_reduce(values: Settings, each: Resources) -> Resources:
    """Return what the reduce asks for: what is not said of it is as of the elements, but for their GPUs."""
    own = {"walltime": values.reduce_time, "memory": values.reduce_mem, "cpus": values.reduce_cpus}
    said = {name: value for name, value in own.items() if value is not None}
    sized = {"select": charged(values).select} if {"memory", "cpus"} & set(said) else {}
    return replace(each, gpus=None, **said, **sized)  # type: ignore[arg-type]  # each of its field's type


def _chunk(values: Settings) -> str | None:
    return values.select if values.write_select else ""


def _python(given: str) -> str:
    """Return the interpreter: a path as this folder means it, or a name to be looked for later."""
    return str(Path(given).absolute()) if "/" in given else given
