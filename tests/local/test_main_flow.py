"""The whole flow on the local scheduler, with a worker that is killed in the middle."""

from __future__ import annotations

import os
import signal
import subprocess
from collections import Counter

import pytest


@pytest.fixture
def laptop(user, tmp_path):
    someone = user(os.environ | {"JUGHPC_SCHEDULER": "local", "XDG_STATE_HOME": str(tmp_path / "state")})
    someone.write_counted("sleep(0.3)")
    yield someone
    someone.run("cancel")


def test_a_killed_worker_costs_one_task_which_another_takes_over(laptop, until):
    laptop.jughpc("submit", "primes.py", "--array", "8", "--throttle", "4", "--reduce", "primes_reduce.py")
    until(lambda: laptop.status()["tasks"]["complete"] >= 10)
    victim = next(worker for worker in laptop.status()["workers"] if worker["task"])
    os.kill(victim["pid"], signal.SIGKILL)
    until(laptop.output)
    assert laptop.output() == laptop.primes
    runs = laptop.runs()
    twice = [n for n, count in Counter(n for n, _, _ in runs).items() if count > 1]
    assert len({n for n, _, _ in runs}) == 99
    assert len(twice) <= 1
    assert all((n, victim["pid"]) in [(m, pid) for m, _, pid in runs] for n in twice)
    laptop.jughpc("cleanup", "--locks-only")
    assert laptop.claims() == []


def test_status_shows_elements_and_workers_while_it_runs(laptop, until):
    laptop.jughpc("submit", "primes.py", "--array", "6", "--throttle", "2")
    until(lambda: len(laptop.status()["workers"]) == 2)
    status = laptop.status()
    assert status["submission"]["elements"]["running"] == 2
    assert status["submission"]["elements"]["queued"] == 4
    assert {worker["owner"].split(":")[0] for worker in status["workers"]} == {"local"}
    text = laptop.run("status").stdout
    assert "2 live workers:" in text
    assert "primes.is_prime" in text


def test_who_stops_to_wait_is_told_how_to_come_back_and_the_work_goes_on(laptop, until):
    argv = laptop.argv("submit", "primes.py", "--array", "4", "--throttle", "4", "--wait")
    how = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
    with subprocess.Popen(argv, cwd=laptop.folder, env=laptop.env, **how) as waiting:
        until(lambda: laptop.status("primes.py")["workers"])
        waiting.send_signal(signal.SIGINT)
        told = waiting.communicate()[0]
    assert waiting.returncode == 130
    assert "Submission 1 goes on without this command.\n`jughpc status --watch` shows" in told
    laptop.jughpc("wait", "1")
    assert laptop.status()["tasks"]["complete"] == 99


def test_cancel_ends_workers_without_leaving_a_claim(laptop, until):
    laptop.jughpc("submit", "primes.py", "--array", "4", "--throttle", "4", "--reduce", "primes_reduce.py")
    until(lambda: laptop.status()["tasks"]["complete"] >= 4)
    assert laptop.jughpc("cancel").count("cancelled") == 3
    until(lambda: laptop.status()["workers"] == [])
    assert laptop.claims() == []
    assert laptop.output() == ""
    states = laptop.status()["submission"]["elements"]
    assert states["running"] == states["queued"] == 0


def test_a_submission_after_a_failure_runs_only_what_is_missing(laptop):
    laptop.write_counted("assert n != 7 or os.path.exists('mended')")
    submit = ("submit", "primes.py", "--array", "2", "--reduce", "primes_reduce.py", "--wait")
    assert "AssertionError" in laptop.jughpc(*submit, code=3)
    (laptop.folder / "mended").touch()
    assert laptop.primes in laptop.jughpc(*submit)
    assert sum(n == 8 for n, _, _ in laptop.runs()) == 1


PARTIAL = """
from pathlib import Path
found = value(primes100, missing=None)
Path("primes.txt").write_text(f"{found.count(None)} of {len(found)}, {[task.can_load() for task in primes100[4:7]]}")
"""


def test_a_reduce_may_run_with_what_is_there_and_again_once_all_is_done(laptop):
    laptop.write_counted("assert n != 7 or os.path.exists('mended')")
    (laptop.folder / "partial.py").write_text(PARTIAL)
    submit = ("submit", "primes.py", "--array", "2", "--reduce", "partial.py", "--reduce-on", "any", "--wait")
    assert "partial.py runs with what is there: 0 tasks waiting" in laptop.jughpc(*submit, code=3)
    assert laptop.output() == "1 of 99, [True, False, True]"
    assert laptop.status()["submission"]["followers"]["reduce"]["state"] == "done"
    (laptop.folder / "mended").touch()
    laptop.jughpc("failures", "--retry-failed")
    laptop.jughpc("execute")
    laptop.jughpc(*submit)
    assert laptop.output() == "0 of 99, [True, True, True]"


def test_a_command_is_told_once_at_the_end_of_it_all(laptop):
    laptop.write_counted("0")
    command = "cat >> told; echo $JUGHPC_NOTICE_EVENT $JUGHPC_NOTICE_DONE >> told; exit 7"
    told = laptop.jughpc(
        "submit", "primes.py", "--array", "2", "--reduce", "primes_reduce.py", "--notify", command, "--wait"
    )
    first, *_, last = (laptop.folder / "told").read_text().splitlines()
    assert (first, last) == ("primes.py, submission 1: all is done", "done 99")
    assert "the command of --notify ended with exit code 7: it said nothing" in told


def test_what_an_array_leaves_goes_to_another_with_a_collector_and_a_reduce_of_its_own(laptop):
    laptop.write_killed_once(50)
    told = laptop.jughpc("submit", "primes.py", "--array", "1", "--reduce", "primes_reduce.py", "--wait")
    assert laptop.primes in told
    submission = laptop.status()["submission"]
    assert [job["role"] for job in submission["jobs"]] == ["array", "collect", "reduce"] * 2
    assert {now["state"] for now in submission["followers"].values()} == {"done"}
    log = laptop.folder / "primes.jugdata" / "submissions" / "1" / "logs" / "collect.log"
    assert "freed 1 claims of the dead; submitting 1 more elements for" in log.read_text()


def test_workers_that_all_die_are_repaired_a_bounded_number_of_times(laptop):
    laptop.write_counted("n == 50 and os.kill(os.getpid(), 9)")
    told = laptop.jughpc("submit", "primes.py", "--array", "2", "--rounds", "9", "--wait", code=3)
    assert "nobody works on them" in told or "workers died while they ran it" in told
    assert laptop.status()["tasks"]["complete"] == 98


PIPE = """
import os
from jug import TaskGenerator

@TaskGenerator
def prepare(i):
    return os.environ["JUGHPC_ELEMENT"]

@TaskGenerator(resources=dict(mem="64M"))
def train(before):
    return before, os.environ["JUGHPC_ELEMENT"]

models = [train(prepare(i)) for i in range(4)]
"""
APART = """
from pathlib import Path
prepared, trained = zip(*value(models))
Path("primes.txt").write_text(f"{sorted(set(prepared) & set(trained))} {sorted(set(trained))}")
"""


def test_functions_that_ask_for_something_run_in_elements_of_their_own_once_what_they_need_is_done(laptop):
    (laptop.folder / "pipe.py").write_text(PIPE)
    (laptop.folder / "apart.py").write_text(APART)
    told = laptop.jughpc("submit", "pipe.py", "--array", "2", "--reduce", "apart.py", "--wait")
    assert "class      default: 2 elements for pipe.prepare (4)\n" in told
    assert "later      mem=64M: pipe.train (4), once what these wait for is done" in told
    assert laptop.output().startswith("[] [")
    jobs = laptop.status("pipe.py")["submission"]["jobs"]
    assert [job["only"] for job in jobs if job["role"] == "array"] == ["default", "mem=64M"]
