"""Which batch system is here, and what it allows."""

from __future__ import annotations

from jughpc.batch import shell
from jughpc.batch.pbs import Pbs
from jughpc.batch.scheduler import Limits, Reply, Run, Scheduler
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
        from jughpc.batch.local.scheduler import Local  # only here: it starts supervisors

        return Local()
    raise SettingError(f"There is no scheduler {name!r}. Choose one of {', '.join(NAMES)}.")


def look(name: str | None, run: Run) -> tuple[Scheduler, Limits]:
    """Return the scheduler called `name`, or by default the one that is here, and what it allows.

    A machine may have Slurm's commands and belong to no cluster: it is not taken for one.

    Raises:
        SettingError: There is none of that name.
    """
    scheduler = find(name)
    reply = _try(run, scheduler.limits_command())
    if name is None and reply is not None and _belongs_to_no_cluster(reply):
        scheduler = find("local")
        reply = _try(run, scheduler.limits_command())
    limits = scheduler.parse_limits(reply) if reply else Limits()
    return find(scheduler.name, limits), limits


def _try(run: Run, command: list[str]) -> Reply | None:
    try:
        return run(command)
    except SchedulerError:
        return None


def _belongs_to_no_cluster(reply: Reply) -> bool:
    return reply.code != 0 and "Could not establish a configuration source" in reply.stderr


def _present() -> str:
    if shell.find_command("sbatch"):
        return "slurm"
    return "pbs" if shell.find_command("qsub") else "local"
