"""A simulated Slurm: all its commands, as 22.05 speaks."""

from __future__ import annotations

from collections.abc import Sequence

from jughpc.testing.cluster.answers import Answer, Caller, Read
from jughpc.testing.cluster.engine import Engine
from jughpc.testing.cluster.sacct import sacct
from jughpc.testing.cluster.sbatch import sbatch
from jughpc.testing.cluster.scancel import scancel
from jughpc.testing.cluster.scontrol import scontrol
from jughpc.testing.cluster.squeue import squeue

COMMANDS = ("sbatch", "squeue", "sacct", "scancel", "scontrol")

_AWAY = "Unable to contact slurm controller (connect failure)"
_HUNG = "Socket timed out on send/recv operation"


class SimSlurm:
    """Meets answers.System.

    Args:
        read: Finds a script's text.
    """

    def __init__(self, engine: Engine, read: Read, cluster: str = "private") -> None:
        self.engine, self._read, self._cluster = engine, read, cluster

    def answer(self, argv: Sequence[str], caller: Caller) -> Answer:
        engine, command = self.engine, argv[0].rpartition("/")[2]
        if command == "sbatch":
            return sbatch(engine, self._read, self._cluster, argv, caller)
        if command == "squeue":
            return squeue(engine, self._cluster, argv, caller)
        if command == "sacct":
            return sacct(engine, argv, caller)
        if command == "scancel":
            return scancel(engine, argv, caller)
        return scontrol(engine, self._cluster, argv, caller)

    def away(self, argv: Sequence[str]) -> Answer:
        return _failure(argv, _AWAY)

    def hung(self, argv: Sequence[str]) -> Answer | None:
        return _failure(argv, _HUNG)


def _failure(argv: Sequence[str], words: str) -> Answer:
    command, last = argv[0].rpartition("/")[2], argv[-1]
    if command == "sbatch":
        return Answer(1, "", f"sbatch: error: Batch job submission failed: {words}\n")
    if command == "scancel":
        return Answer(8, "", f"scancel: error: Kill job error on job id {last}: {words}\n")
    if command == "sacct":
        text = "sacct: error: Problem talking to the database: Connection refused\n"
        return Answer(1, "", text)
    if list(argv[1:3]) == ["show", "config"]:
        return Answer(1, "", f"slurm_load_ctl_conf error: {words}\n")
    return Answer(1, "", f"slurm_load_jobs error: {words}\n")
