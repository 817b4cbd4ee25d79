"""Elements of several workers on the local scheduler: submitted, looked at, killed, done."""

from __future__ import annotations

import os
import signal
from collections import Counter

import pytest


@pytest.fixture
def laptop(user, tmp_path):
    someone = user(os.environ | {"JUGHPC_SCHEDULER": "local", "XDG_STATE_HOME": str(tmp_path / "state")})
    someone.write_counted("sleep(0.3)")
    yield someone
    someone.run("cancel")


def submit(laptop, *options):
    return laptop.jughpc("submit", "primes.py", "--array", "2", "--throttle", "2", "--workers", "2", *options)


def test_a_status_tells_workers_from_elements(laptop, until):
    submit(laptop)
    until(lambda: len(laptop.status()["workers"]) == 4)
    status = laptop.status()
    assert status["submission"]["elements"]["running"] == 2
    assert [len(one["lives"]) for one in status["workers_by_element"]] == [2, 2]
    numbers = {(one["element"], one["worker"]) for one in status["workers"]}
    assert numbers == {(0, 1), (0, 2), (1, 1), (1, 2)}
    text = laptop.run("status").stdout
    assert "4 live workers, in 2 elements:" in text
    assert "2 elements: 0 queued, 2 running" in text


def test_a_worker_that_is_killed_costs_one_task_and_no_element(laptop, until):
    submit(laptop, "--reduce", "primes_reduce.py")
    until(lambda: laptop.status()["tasks"]["complete"] >= 10)
    victim = next(worker for worker in laptop.status()["workers"] if worker["task"])
    os.kill(victim["pid"], signal.SIGKILL)
    until(laptop.output)
    assert laptop.output() == laptop.primes
    assert sum(count > 1 for count in Counter(n for n, _, _ in laptop.runs()).values()) <= 1
    elements = laptop.status()["submission"]["elements"]
    assert (elements["done"], elements["failed"]) == (2, 0)
    laptop.jughpc("cleanup", "--locks-only")
    assert laptop.claims() == []


def test_cancel_ends_all_workers_of_all_elements_without_leaving_a_claim(laptop, until):
    submit(laptop)
    until(lambda: laptop.status()["tasks"]["complete"] >= 4)
    laptop.jughpc("cancel")
    until(lambda: laptop.status()["workers"] == [])
    assert laptop.claims() == []


def test_it_is_submitted_again_with_as_many_workers(laptop, until):
    submit(laptop)
    laptop.jughpc("cancel")
    until(lambda: laptop.status()["workers"] == [])
    laptop.jughpc("resubmit")
    until(lambda: {one["worker"] for one in laptop.status()["workers"]} == {1, 2})
