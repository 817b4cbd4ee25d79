"""Which batch system is taken."""

from __future__ import annotations

import subprocess
import sys

import pytest

from jughpc.batch import registry
from jughpc.batch.clusters import Clusters
from jughpc.batch.pbs import Pbs
from jughpc.batch.scheduler import Limits, Reply
from jughpc.errors import CommandMissingError, SettingError
from jughpc.fs import OsClock


def answering(run) -> Clusters:
    """Return clusters whose commands are all answered by `run`."""
    return Clusters(OsClock(), lambda scheduler, timeout: run)


def found_with(path) -> str:
    """Return the name of the scheduler that is detected by a process with that PATH."""
    imports = "from jughpc.batch.clusters import Clusters; from jughpc.fs import OsClock"
    program = f"{imports}; print(Clusters(OsClock()).here().name)"
    done = subprocess.run(
        [sys.executable, "-c", program], env={"PATH": str(path)}, text=True, capture_output=True, check=True
    )
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("commands", "name"),
    [
        (["sbatch"], "slurm"),
        (["qsub"], "pbs"),
        (["qsub", "sbatch"], "slurm"),
        (["bsub", "bparams"], "lsf"),
        (["sbatch", "bsub"], "slurm"),
        (["bsub"], "local"),
        ([], "local"),
    ],
)
def test_the_submit_command_on_the_path_decides(tmp_path, commands, name):
    for command in commands:
        (tmp_path / command).write_text("#!/bin/sh\n")
        (tmp_path / command).chmod(0o755)
    assert found_with(tmp_path) == name


@pytest.mark.parametrize(
    ("commands", "names"), [("sbatch", ["slurm"]), ("qsub", ["pbs"]), ("qsub sbatch", ["slurm", "pbs"]), ("ls", [])]
)
def test_those_are_present_whose_commands_are_all_on_the_path(tmp_path, monkeypatch, commands, names):
    for command in commands.split():
        (tmp_path / command).touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert [system.name for system in registry.present()] == names


@pytest.mark.parametrize("name", registry.names())
def test_a_scheduler_can_be_named(name):
    assert registry.scheduler(name).name == name


def test_a_name_that_is_none_is_refused_with_those_that_are():
    with pytest.raises(SettingError, match=r"no scheduler 'sge'\. Choose one of slurm, pbs, lsf, flux, local"):
        registry.scheduler("sge")


def test_pbs_is_asked_as_its_history_allows():
    assert registry.scheduler("pbs", Limits(settings={"job_history_enable": "True"})) == Pbs(history=True)
    assert registry.scheduler("pbs") == Pbs(history=False)


def test_limits_are_asked_by_one_command(recorded):
    cluster = answering(lambda argv: recorded("slurm/scontrol-show-config")).here("slurm")
    assert (cluster.name, cluster.limits.array_size) == ("slurm", 100001)


def test_slurms_commands_on_a_machine_of_no_cluster_are_not_taken_for_a_scheduler(tmp_path):
    words = "scontrol: fatal: Could not establish a configuration source\n"
    (tmp_path / "sbatch").write_text("#!/bin/sh\n")
    (tmp_path / "scontrol").write_text(f"#!/bin/sh\necho '{words}' >&2\nexit 1\n")
    for command in tmp_path.iterdir():
        command.chmod(0o755)
    assert found_with(tmp_path) == "local"


def test_a_system_that_does_not_tell_its_limits_has_none_known():
    def run(argv) -> Reply:
        raise CommandMissingError(argv[0])

    assert answering(run).here("slurm").limits == Limits()


@pytest.mark.parametrize("name", ["SBATCH_MEM_PER_NODE", "SLURM_CPU_BIND", "SQUEUE_FORMAT", "PMI_RANK", "PBS_DPREFIX"])
def test_what_an_outer_job_left_reaches_no_element_of_this_machine(name):
    assert registry.environment({"PATH": "/bin", name: "x"}) == {"PATH": "/bin"}


@pytest.mark.parametrize("name", ["SLURM_CONF", "SLURM_JWT", "SBATCH_ACCOUNT", "PBS_SERVER", "HOME"])
def test_what_says_where_the_cluster_is_and_who_asks_stays(name):
    assert registry.environment({name: "x"}) == {name: "x"}
