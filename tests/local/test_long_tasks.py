"""Tasks longer than a job, in real processes: told, killed, and gone on with."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from tests.conftest import EXAMPLES

BRIEFLY = ("STEPS, PAUSE = 1000, 0.15", "STEPS, PAUSE = int(os.environ['STEPS']), 0.001")
FOR_EVER = 1 << 40  # steps

SCRATCH = """
import os, jughpc
from jug import TaskGenerator

@TaskGenerator
def note():
    print(jughpc.scratch_dir(), flush=True)
    if "KILL" in os.environ:
        os.kill(os.getpid(), 9)

only = note()
"""


@pytest.fixture
def trainer(user, tmp_path):
    someone = user(os.environ | {"JUGHPC_SCRATCH": str(tmp_path / "node")})
    text = (EXAMPLES / "long_training.py").read_text()
    (someone.folder / "long_training.py").write_text(text.replace(*BRIEFLY).replace(", train(0.002)", ""))
    return someone


def begun(trainer, steps):
    """Start a worker; return it once its task runs, and from which step on."""
    argv = trainer.argv("execute", "long_training.py")
    env = trainer.env | {"STEPS": str(steps)}
    worker = subprocess.Popen(argv, cwd=trainer.folder, env=env, stdout=subprocess.PIPE, text=True)
    line = next(line for line in worker.stdout if "from step" in line)
    return worker, int(re.search(r"from step (\d+)", line)[1])


def ended(worker):
    worker.communicate(timeout=60)
    return worker.returncode


def saved(trainer):
    (path,) = trainer.folder.glob("long_training.jugdata/checkpoints/*/*")
    return int(re.match(r"\[(\d+),", path.read_text())[1])


@pytest.mark.parametrize(("number", "code"), [(signal.SIGUSR1, 3), (signal.SIGTERM, 143)])
def test_a_worker_that_is_told_to_end_has_its_task_save_and_the_next_goes_on_from_there(trainer, number, code):
    worker, _ = begun(trainer, FOR_EVER)
    worker.send_signal(number)
    assert (ended(worker), trainer.claims()) == (code, [])
    step = saved(trainer)
    worker, since = begun(trainer, FOR_EVER)
    worker.kill()
    assert (ended(worker), since) == (-signal.SIGKILL, step)
    worker, since = begun(trainer, step + 1)
    assert (ended(worker), since) == (0, step)
    assert list(trainer.folder.glob("long_training.jugdata/checkpoints/*")) == []


def test_two_workers_of_an_element_each_save_their_own(trainer):
    jugfile = trainer.folder / "long_training.py"
    jugfile.write_text(jugfile.read_text().replace("[train(0.001)", "[train(0.001), train(0.002)"))
    argv = trainer.argv("execute", "long_training.py", "--workers", "2")
    env = trainer.env | {"STEPS": str(FOR_EVER)}
    both = subprocess.Popen(argv, cwd=trainer.folder, env=env, stdout=subprocess.PIPE, text=True)
    lines = (line for line in both.stdout if "from step" in line)
    rates = {re.search(r"rate ([\d.]+)", next(lines))[1] for _ in range(2)}
    both.send_signal(signal.SIGUSR1)
    assert (len(rates), ended(both), trainer.claims()) == (2, 3, [])
    assert len(list(trainer.folder.glob("long_training.jugdata/checkpoints/*/state.json"))) == 2


def test_what_a_killed_worker_had_on_its_node_is_removed_by_the_next(trainer):
    (trainer.folder / "note.py").write_text(SCRATCH)
    environ = trainer.env
    trainer.env = environ | {"KILL": "yes"}
    killed = trainer.run("execute", "note.py")
    left = Path(killed.stdout.strip())
    assert (killed.returncode, left.is_dir()) == (-signal.SIGKILL, True)
    trainer.env = environ
    assert str(left.parents[1]) in trainer.jughpc("execute", "note.py")
    assert list(left.parents[1].iterdir()) == []
