"""What an element got of its node, shared out among its workers: cores, threads of libraries, GPUs."""

from __future__ import annotations

import os
from collections.abc import Mapping, MutableMapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import takewhile
from typing import TypeVar

from jughpc import cgroup, host

_T = TypeVar("_T")

THREADS = (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "NUMBA_NUM_THREADS",
    "POLARS_MAX_THREADS", "RAYON_NUM_THREADS",
)  # fmt: skip
"""What libraries read while they are loaded; PyTorch goes by the first."""

OWN_THREADS = "JUGHPC_THREADS"  # what a script of ours set them to; any other value is the user's

_BEHIND = "ROCR_VISIBLE_DEVICES"  # what it hides, the others do not count
_GPUS = (_BEHIND, "CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "GPU_DEVICE_ORDINAL", "ZE_AFFINITY_MASK")
_NO_GPU = {"", "-1", "NoDevFiles", "none", "void"}


@dataclass(frozen=True)
class Got:
    """What an element got.

    Attributes:
        cores: That it may run on, neighbours beside one another.
        count: How many of them are its own: fewer, where the scheduler counts cores and binds nobody to any.
        gpus: By the variables that name them.
        is_nvidia: Whether the driver of that maker is here.
    """

    cores: tuple[int, ...]
    count: int
    gpus: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    is_nvidia: bool = False


@dataclass(frozen=True)
class Share:
    """What one worker gets of that.

    Attributes:
        cores: That it is bound to, () for all.
        threads: How many threads a library is to start in it.
        environ: The variables that name its GPUs.
    """

    cores: tuple[int, ...]
    threads: int
    environ: Mapping[str, str]

    def take(self) -> None:
        """Have this process, a worker, use no more than this."""
        if self.cores:
            with suppress(OSError):  # they were taken from the element meanwhile
                os.sched_setaffinity(0, self.cores)
        os.environ.update(self.environ)


def found_here() -> Got:
    """Return what this process, and so its element, got."""
    return got(host.cores(), cgroup.cores(), os.environ, host.has_nvidia())


def got(cores: Sequence[int], quota: float | None, environ: Mapping[str, str], is_nvidia: bool = False) -> Got:
    """Return what this element got.

    Args:
        cores: That this process may run on, neighbours beside one another.
        quota: How many of them it may use at a time, None for all.
    """
    told = environ.get(OWN_THREADS, "")
    bounds = [len(cores), *([max(1, int(quota))] if quota else []), *([int(told)] if told.isdecimal() else [])]
    gpus = {name: names for name in _GPUS if (names := _listed(environ.get(name, "")))}
    return Got(tuple(cores), max(1, min(bounds)), gpus, is_nvidia)


def workers_for(found: Got) -> int:
    """Return how many workers an element has by itself: one a GPU if it got any, else one a core."""
    return max(map(len, found.gpus.values()), default=0) or found.count


def shares(found: Got, workers: int) -> list[Share]:
    """Share out what an element got; where there is less than one for each, several have the same."""
    is_bound = found.count == len(found.cores)  # else the cores are others' too, who begin with the same one
    threads = max(1, found.count // workers)
    return [
        Share(_part(found.cores, number, workers) if is_bound else (), threads, _environ(found, number, workers))
        for number in range(workers)
    ]


def limit_threads(threads: int, environ: MutableMapping[str, str] = os.environ) -> None:
    """Have libraries that are loaded from now on start so many threads in each worker, but for what the user set."""
    own = environ.get(OWN_THREADS, "")
    for name in THREADS:
        if environ.get(name, own) == own:
            environ[name] = str(threads)
    environ[OWN_THREADS] = str(threads)


def _listed(text: str) -> tuple[str, ...]:
    """Return the GPUs that are listed, each once; what is behind one that is none, no library sees."""
    names = [name.strip() for name in text.split(",")]
    return tuple(dict.fromkeys(takewhile(lambda name: name not in _NO_GPU, names)))


def _environ(found: Got, number: int, workers: int) -> dict[str, str]:
    named = {name: _part(names, number, workers) for name, names in found.gpus.items()}
    if _BEHIND in named:  # the others count, from 0, what that leaves to be seen
        left = tuple(str(index) for index in range(len(named[_BEHIND])))
        # a scheduler may set the variables of all makers alike, whosever GPUs these are
        apart = {_BEHIND, "ZE_AFFINITY_MASK"} | ({"CUDA_VISIBLE_DEVICES"} if found.is_nvidia else set())
        named |= {name: left for name in named if name not in apart}
    return {name: ",".join(names) for name, names in named.items()}


def _part(things: tuple[_T, ...], number: int, workers: int) -> tuple[_T, ...]:
    """Return part `number` of `workers`; the parts differ by one at most."""
    count = len(things)
    if count < workers:
        return (things[number * count // workers],) if things else ()
    return things[number * count // workers : (number + 1) * count // workers]
