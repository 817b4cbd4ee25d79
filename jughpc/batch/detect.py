"""Which batch system is here, and what it allows."""

from __future__ import annotations

from jughpc.batch import shell
from jughpc.batch.pbs import Pbs
from jughpc.batch.scheduler import Limits, Run, Scheduler
from jughpc.batch.slurm import Slurm
from jughpc.errors import SchedulerError, SettingError

NAMES = ("slurm", "pbs", "local")


def find(name: str | None = None, limits: Limits = Limits()) -> Scheduler:  # noqa: B008  # frozen
    """Return the scheduler called `name`; None takes the one whose submit command is on PATH, else `local`.

    Args:
        limits: What it allowed when it was asked; PBS is then polled as its history allows.
    Raises:
        SettingError: There is none of that name.
    """
    name = name or _present()
    if name == "slurm":
        return Slurm()
    if name == "pbs":
        return Pbs.within(limits)
    if name == "local":
        from jughpc.batch.local import Local  # only here: it starts supervisors

        return Local()
    raise SettingError(f"There is no scheduler {name!r}. Choose one of {', '.join(NAMES)}.")


def ask_limits(scheduler: Scheduler, run: Run) -> Limits:
    """Return what `scheduler` allows; what it does not tell is no limit known."""
    try:
        return scheduler.parse_limits(run(scheduler.limits_command()))
    except SchedulerError:
        return Limits()


def _present() -> str:
    if shell.find_command("sbatch"):
        return "slurm"
    return "pbs" if shell.find_command("qsub") else "local"
