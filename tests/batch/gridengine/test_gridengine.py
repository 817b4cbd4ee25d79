"""A system that is added by an entry point alone: its module, its templates, its recorded texts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from jughpc.batch.plan import DependentJob, plan
from jughpc.batch.scheduler import Condition, ElementId, Refusal, Reply, Role, Scheduler, State, Workload
from jughpc.batch.submissions import ElementOptions, Submission
from jughpc.testing.schedulercontract import NAME, Sayings, SchedulerContract

HERE = Path(__file__).parent
PACKAGE = HERE / "package"
JUGFILE = """
from jug import TaskGenerator

@TaskGenerator
def double(x):
    return 2 * x

doubled = [double(n) for n in range(20)]
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """Return a folder that makes the package one that is installed, for processes that have it on their path."""
    site = tmp_path_factory.mktemp("site")
    (site / "jughpc_gridengine").symlink_to(PACKAGE / "jughpc_gridengine")
    info = site / "jughpc_gridengine-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: jughpc-gridengine\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[jughpc.schedulers]\ngridengine = jughpc_gridengine:GridEngine\n")
    return site


@pytest.fixture
def gridengine(installed) -> Scheduler:
    from jughpc.batch import registry

    sys.path.insert(0, str(installed))
    try:
        return registry.scheduler("gridengine")
    finally:
        sys.path.remove(str(installed))


def answer(text: str, code: int = 0, error: str = "") -> Reply:
    return Reply(("qstat",), code, text, error)


def listed(*rows: str) -> Reply:
    return answer(f"<?xml version='1.0'?>\n<job_info><queue_info>{''.join(rows)}</queue_info></job_info>\n")


def row(job: str, word: str, index: int | None = None, name: str = "a") -> str:
    tasks = "" if index is None else f"<tasks>{index}</tasks>"
    named = f"<JB_job_number>{job}</JB_job_number><JB_name>{name}</JB_name>"
    return f"<job_list>{named}<state>{word}</state>{tasks}</job_list>"


class TestGridEngine(SchedulerContract):
    @staticmethod
    def numbered(pattern: str, index: int) -> str:
        return pattern.replace("$TASK_ID", str(index))

    @pytest.fixture
    def scheduler(self, gridengine) -> Scheduler:
        return gridengine

    @pytest.fixture
    def sayings(self) -> Sayings:
        def polled(job, told):
            return listed(*(row(job, word, index or None, NAME) for index, word in told.items()))

        return Sayings(
            plain="12", array="13",
            accepted=lambda job: answer({"12": "12\n", "13": "13.1-8:1\n"}[job]),
            polled=polled,
            words={"qw": State.QUEUED, "hqw": State.QUEUED, "r": State.RUNNING, "Eqw": State.STUCK, "z": State.DONE},
            found=lambda name, job: listed(row(job, "qw", name=name)),
            silent=answer("", 1, "error: unable to send message to qmaster using port 6444 on host \"master\""),
            environment=lambda job, index: {"JOB_ID": job, "SGE_TASK_ID": str(index or "undefined"), "NSLOTS": "1"},
            refusals={answer("", 1, 'denied: job "12" does not exist'): Refusal.GONE},
        )  # fmt: skip


def test_a_recorded_listing_is_read(gridengine):
    reply = answer((HERE / "recorded" / "qstat-array.xml").read_text())
    states = {
        element: status.state
        for element, status in gridengine.parse_poll(reply, {"3": "primes-1a2b-0", "4": "primes-1a2b-1"}).items()
    }
    waiting = dict.fromkeys([ElementId("3", 2), ElementId("3", 3), ElementId("3", 4), ElementId("4", 0)], State.QUEUED)
    assert states == {ElementId("3", 1): State.RUNNING, **waiting}


def test_a_reduce_waits_for_any_end_where_no_job_can_wait_for_success(gridengine, tmp_path):
    submission = Submission(
        tmp_path, 1, "1a2b", "ada", "login", 0.0, "gridengine", Workload(("work",), 2, "a"), ElementOptions(tmp_path)
    )
    collect, reduce = DependentJob(Role.COLLECT, ("c",)), DependentJob(Role.REDUCE, ("r",))
    planned = plan(submission, gridengine, [collect, reduce])[-1]
    assert planned.depends_on is not None
    assert planned.depends_on.condition is Condition.AFTER_ANY


@pytest.fixture
def typed(installed, tmp_path):
    """Return what runs `jughpc ...` on a host that has Grid Engine's commands and the package."""
    for name in ("qsub", "qstat", "qdel", "qconf"):
        (tmp_path / "bin").mkdir(exist_ok=True)
        (tmp_path / "bin" / name).write_text((HERE / "bin" / "gridengine").read_text())
        (tmp_path / "bin" / name).chmod(0o755)
    (tmp_path / "jobs").mkdir()
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "twice.py").write_text(JUGFILE)
    own = {"PYTHONPATH": str(installed), "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"}
    env = {**os.environ, **own, "FAKE_GRIDENGINE": str(tmp_path / "jobs"), "HOME": str(tmp_path)}

    def run(*argv: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "jughpc", *argv], cwd=tmp_path / "work", env=env, capture_output=True, text=True,
            check=False, timeout=120,
        )  # fmt: skip

    return run


@pytest.mark.local  # whole commands
def test_a_jugfile_is_submitted_computed_and_reduced_there(typed, tmp_path):
    (tmp_path / "work" / "sum.py").write_text("print('sum', sum(map(value, doubled)))\n")
    done = typed("submit", "twice.py", "--array", "2", "--reduce", "sum.py", "--scheduler", "gridengine", "--wait")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "sum 380" in done.stdout
    assert "gridengine (max_aj_tasks 75000" in done.stdout
    log = tmp_path / "work" / "twice.jugdata" / "submissions" / "1" / "logs" / "collect.log"
    assert "all tasks are done" in log.read_text()


def test_it_is_taken_where_it_is_and_pbs_is_not(typed):
    done = typed("submit", "twice.py", "--dry-run")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "scheduler  gridengine" in done.stdout
    assert "\n#$ -N twice-" in done.stdout


def test_a_name_that_is_none_is_refused_with_all_that_are(typed):
    done = typed("submit", "twice.py", "--scheduler", "lsf")
    assert (done.returncode, "slurm, pbs, local, gridengine" in done.stderr) == (2, True)
