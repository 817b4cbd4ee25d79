"""An executor on this machine's own cores: results are kept, found again, and nobody waits for ever."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import wait
from operator import neg

import pytest

import jughpc
from jughpc.app.calls.future import CallFailedError, CallLostError
from tests.conftest import QUICK


@pytest.fixture
def make(tmp_path, monkeypatch):
    """Return what makes an executor of the same name again and again."""
    for name, value in {**QUICK, "XDG_STATE_HOME": str(tmp_path / "state")}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    made = []

    def executor(**options):
        made.append(jughpc.Executor("results", scheduler="local", **options))
        return made[-1]

    yield executor
    subprocess.run([sys.executable, "-m", "jughpc", "cancel", "results/calls.py"], check=False, capture_output=True)
    for one in made:
        one.shutdown(wait=False, cancel_futures=True)


def note(folder, x):
    """Leave a file for each run, and wait for the gate."""
    with open(f"{folder}/ran-{x}", "a") as log:
        log.write(f"{os.getpid()}\n")
    while not os.path.exists(f"{folder}/gate"):
        pass
    return x * x


def submissions(folder):
    names = [path.name for path in (folder / "results" / "calls.jugdata" / "submissions").iterdir()]
    return sum(name.isdigit() for name in names)


def test_results_are_kept_and_found_again_by_equal_calls(make, tmp_path):
    with make(array=2) as executor:
        assert list(executor.map(neg, range(20))) == [-n for n in range(20)]
        assert submissions(tmp_path) == 1
    with make() as again:
        assert list(again.map(neg, range(20))) == [-n for n in range(20)]
        assert submissions(tmp_path) == 1


def test_futures_may_be_arguments_and_functions_local_ones(make):
    factor = 3
    with make() as executor:
        first = executor.submit(lambda x: factor * x, 2)
        assert executor.submit(sum, [first, first], start=first).result() == 18


def test_a_call_that_raises_is_told_and_tried_again_when_it_is_made_again(make, tmp_path):
    def fails():
        if not os.path.exists(tmp_path / "mended"):
            raise ValueError("not yet")
        return "done"

    with make() as executor:
        with pytest.raises(CallFailedError, match="ValueError: not yet"):
            executor.submit(fails).result()
        (tmp_path / "mended").touch()
        assert executor.submit(fails).result() == "done"


def test_another_process_gets_what_is_being_worked_on_and_submits_nothing(make, tmp_path, until):
    (tmp_path / "gate").touch()
    first = make(array=1)
    (tmp_path / "gate").unlink()
    first.submit(note, str(tmp_path), 3)
    until(lambda: (tmp_path / "ran-3").exists())
    with make() as second:
        future = second.submit(note, str(tmp_path), 3)
        (tmp_path / "gate").touch()
        assert future.result() == 9
    assert submissions(tmp_path) == 1
    assert len((tmp_path / "ran-3").read_text().split()) == 1


def test_a_worker_that_is_killed_costs_nothing_but_its_time(make, tmp_path, until):
    executor = make(array=1)
    future = executor.submit(note, str(tmp_path), 5)
    until(lambda: (tmp_path / "ran-5").exists() and (tmp_path / "ran-5").read_text().strip())
    os.kill(int((tmp_path / "ran-5").read_text().split()[0]), signal.SIGKILL)
    (tmp_path / "gate").touch()
    assert future.result() == 25


def test_calls_whose_submission_was_cancelled_are_given_up_in_words(make, tmp_path, until):
    executor = make(array=1)
    futures = [executor.submit(note, str(tmp_path), n) for n in range(2)]
    until(lambda: (tmp_path / "ran-0").exists() or (tmp_path / "ran-1").exists())
    subprocess.run([sys.executable, "-m", "jughpc", "cancel", "results/calls.py"], check=True, capture_output=True)
    wait(futures)
    for future in futures:
        with pytest.raises(
            CallLostError, match=r"submission 1 has ended without it; `jughpc status .*calls\.py` shows"
        ):
            future.result()


def test_a_submission_that_is_refused_fails_its_calls_with_what_was_said(make):
    executor = make(partition="no such: one", time="never")
    with pytest.raises(RuntimeError, match="time"):
        executor.submit(neg, 1).result()


def test_submit_returns_what_was_queued(make, tmp_path):
    (tmp_path / "jugfile.py").write_text(
        "from jug import Task\nfrom operator import neg\nt = Task(neg, 1)\nprint('{')\n"
    )
    queued = jughpc.submit("jugfile.py", array=3, scheduler="local", wait=True)
    assert (queued.number, sorted(queued.jobs)) == (1, ["array", "collect"])
    assert queued.logs == tmp_path / "jugfile.jugdata" / "submissions" / "1" / "logs"
    assert jughpc.submit("jugfile.py", scheduler="local").number is None
    with pytest.raises(RuntimeError, match="nowhere"):
        jughpc.submit("nowhere.py")
