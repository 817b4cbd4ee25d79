"""What runs: a jughpc command or a plain `python jugfile.py`, and which task, with what its worker does for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from jughpc.blake import blake2b

_commands: list[str] = []


class TimeIsUp(BaseException):
    """The job ends soon: save what there is to save, and raise this again; the task goes on in the next job.

    A task gets it that asked for its `checkpoint_dir`, wherever it is; it may raise it by itself, too. It is no
    Exception, so that no ``except Exception`` on the way takes it for a fault.
    """


class HasDigest(Protocol):
    """What is known by its digest."""

    @property
    def digest(self) -> bytes:
        """Its digest."""


class Running(HasDigest, Protocol):
    """What a task is here."""

    @property
    def name(self) -> str:
        """Its function's name."""


class Aid(Protocol):
    """What a worker does for the task that it runs."""

    def checkpoint_dir(self, task: Running) -> Path:
        """Make the folder that outlives this worker, and have the task told when its time is up. Raises JugdirError."""

    def scratch_dir(self, task: Running) -> Path:
        """Make a folder on this node that ends with this run of the task. Raises OSError."""

    def seconds_left(self) -> float:
        """Return how long the task may still run [s], infinity without a deadline."""


loading = False
"""Whether a jugfile's own lines are run in this process now."""

task: Running | None = None
"""The task that runs now in this process."""

aid: Aid | None = None
"""The worker that runs tasks in this process."""


@contextmanager
def a_load() -> Iterator[None]:
    """Note that a jugfile's own lines are run inside the block."""
    global loading  # of this process, as what runs is
    before, loading = loading, True
    try:
        yield
    finally:
        loading = before


def enter(command: str) -> None:
    """Note that a jughpc command runs this process."""
    _commands.append(command)


def is_jug_running() -> bool:
    """Tell whether a jughpc command runs this process."""
    return bool(_commands)


def seed(bits: int = 32) -> int:
    """Return a number for the task that runs, equal at each of its runs and most likely another for any other task.

    Args:
        bits: Its size: 32 is what ``numpy.random.seed`` takes, 128 is best for ``numpy.random.default_rng``.
    Raises:
        RuntimeError: No task runs.
    """
    data = blake2b(_task("seed").digest, person=b"jughpc.seed").digest()
    return int.from_bytes(data, "little") & ((1 << bits) - 1)


def checkpoint_dir() -> Path:
    """Return the folder of the task that runs, which outlives its worker: what is saved there, its next run finds.

    It lies in the jugdir, and is removed once the task's result is safely stored. From this call on the task gets
    `TimeIsUp` before its job ends. Write under another name and ``os.replace`` that: the job may end at any moment, and
    while a worker was cut off another may run the task.

    Raises:
        RuntimeError: No task runs, or no worker runs it.
        JugdirError: The jugdir is no folder.
    """
    return _aid("checkpoint_dir").checkpoint_dir(_task("checkpoint_dir"))


def scratch_dir() -> Path:
    """Return an empty folder on this node's own disk for the task that runs, removed when it ends, failed or not.

    Raises:
        RuntimeError: No task runs, or no worker runs it.
        OSError: There is no room for it.
    """
    return _aid("scratch_dir").scratch_dir(_task("scratch_dir"))


def seconds_left() -> float:
    """Return how long the task that runs may go on before its job ends [s], infinity where nothing ends that.

    What the worker needs to store results is taken off already. Raises RuntimeError where no task runs.
    """
    _task("seconds_left")
    return aid.seconds_left() if aid else float("inf")


def _task(what: str) -> Running:
    if task is None:
        raise RuntimeError(f"jughpc.{what}() is of the task that runs, and none does; call it in a task's function")
    return task


def _aid(what: str) -> Aid:
    _task(what)
    if aid is None:
        raise RuntimeError(
            f"jughpc.{what}() is of a worker, and none runs this task: run it by `jughpc execute`, not by task.run()"
        )
    return aid
