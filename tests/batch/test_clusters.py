"""Which batch system is taken where several could be, and where its commands are."""

from __future__ import annotations

from pathlib import Path

import pytest

from jughpc.batch.clusters import Clusters
from jughpc.batch.scheduler import Limits
from jughpc.errors import CommandMissingError, SettingError
from jughpc.fs import OsClock

SLURM = "#!/bin/sh\necho 'MaxArraySize = 1001'\n"
NO_SLURM = "#!/bin/sh\necho 'scontrol: fatal: Could not establish a configuration source' >&2\nexit 1\n"
SILENT = "#!/bin/sh\necho 'Unable to contact slurm controller (connect failure)' >&2\nexit 1\n"
PBS = """#!/bin/sh\necho '{"Server": {"srv": {"max_array_size": 10}}}'\n"""
NO_PBS = "#!/bin/sh\necho 'Connection refused' >&2\nexit 255\n"


@pytest.fixture
def path(tmp_path, monkeypatch) -> Path:
    """Return the one folder on PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def put(path: Path, **commands: str) -> None:
    for name, text in commands.items():
        (path / name).write_text(text)
        (path / name).chmod(0o755)


def here() -> str:
    return Clusters(OsClock()).here().name


@pytest.mark.parametrize(
    ("scontrol", "qstat", "name"),
    [
        (SLURM, NO_PBS, "slurm"),
        (NO_SLURM, PBS, "pbs"),
        (SILENT, PBS, "pbs"),
        (SILENT, NO_PBS, "slurm"),
        (NO_SLURM, NO_PBS, "pbs"),
    ],
)
def test_the_one_that_answers_is_taken_of_two_whose_commands_are_here(path, scontrol, qstat, name):
    put(path, sbatch=SLURM, scontrol=scontrol, qsub=PBS, qstat=qstat)
    assert here() == name


def test_two_that_answer_are_a_question_that_is_answered_once(path):
    put(path, sbatch=SLURM, scontrol=SLURM, qsub=PBS, qstat=PBS)
    with pytest.raises(SettingError, match=r"slurm and pbs both answer here.*`scheduler: slurm` in ~/.config/jughpc"):
        here()
    assert Clusters(OsClock()).here("pbs").name == "pbs"


@pytest.mark.parametrize("present", [["scontrol"], ["scontrol", "qsub"]])
def test_commands_are_kept_with_where_they_are(path, present):
    put(path, sbatch=SLURM, **dict.fromkeys(present, SLURM))
    commands = Clusters(OsClock()).here("slurm").commands
    assert commands["sbatch"] == str(path / "sbatch")
    assert "qsub" not in commands


def recorded(commands: dict[str, str]) -> str:
    """Return what a recorded cluster's poll answers where PATH has none of its commands."""
    cluster = Clusters(OsClock()).recorded("slurm", Limits(), commands)
    return cluster.ask(["squeue", "--me"]).stdout


def test_a_job_with_another_path_finds_the_commands_of_the_host_that_submitted(path, tmp_path):
    put(tmp_path, squeue="#!/bin/sh\necho recorded\n")
    assert recorded({"squeue": str(tmp_path / "squeue")}) == "recorded\n"


def test_a_command_that_is_not_there_any_more_is_looked_for(path, tmp_path):
    put(path, squeue="#!/bin/sh\necho of this host\n")
    assert recorded({"squeue": str(tmp_path / "squeue")}) == "of this host\n"


def test_a_command_that_is_nowhere_is_named(path, tmp_path):
    with pytest.raises(CommandMissingError, match="squeue: no such command here"):
        recorded({"squeue": str(tmp_path / "squeue")})


def test_an_answer_is_told_under_the_name_that_is_known(path):
    put(path, squeue="#!/bin/sh\nexit 3\n")
    assert Clusters(OsClock()).recorded("slurm", Limits()).ask(["squeue"]).argv == ("squeue",)
