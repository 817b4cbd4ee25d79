"""The whole flow on a real Slurm cluster: an array, a crashed node, a collector, a reduce."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest


@pytest.fixture
def login(user, cluster):
    return user(cluster.env)


def test_the_main_job_runs_from_submit_to_the_reduces_output(login):
    told = login.jughpc("submit", "primes.py", "--array", "64", "--reduce", "primes_reduce.py", "--wait")
    assert login.primes in told
    assert login.output() == login.primes
    status = login.status()
    assert status["tasks"] == {"total": 99, "failed": 0, "waiting": 0, "ready": 0, "complete": 99, "active": 0}
    elements = status["submission"]["elements"]
    assert elements["done"] + elements["cancelled"] == 64  # those that nobody needed any more
    assert login.claims() == []


def test_a_node_that_crashes_in_the_middle_costs_only_what_it_held(login, cluster, until):
    login.write_counted("sleep(2)")
    login.jughpc("submit", "primes.py", "--array", "64", "--reduce", "primes_reduce.py")
    until(lambda: login.status()["tasks"]["complete"] >= 10)
    try:
        cluster.node("crash", "node2")
        until(login.output)
    finally:
        cluster.node("start", "node2")
    assert login.output() == login.primes
    runs = [(n, host) for n, host, _ in login.runs()]
    twice = {n for n, count in Counter(n for n, _ in runs).items() if count > 1}
    assert len({n for n, _ in runs}) == 99
    assert all((n, "node2") in runs for n in twice), "only what died ran twice"
    login.jughpc("cleanup", "--locks-only")
    assert login.claims() == []


def freed(told):
    """Return whether a claim from node2 was removed because the scheduler started its element again, or will."""
    return any("node2" in line and ": the scheduler has " in line for line in told.splitlines())


def test_cleanup_after_a_crashed_node_frees_its_claims_by_the_schedulers_word(login, cluster, until):
    login.write_counted("sleep(600)")
    login.jughpc("submit", "primes.py", "--array", "32")
    until(lambda: len(login.claims()) == 32)
    try:
        cluster.node("crash", "node2")
        until(lambda: freed(login.jughpc("cleanup", "--locks-only")))
        kept = [line for line in login.jughpc("cleanup", "--locks-only").splitlines() if line.startswith("kept")]
        assert kept
        assert "node2" not in "".join(kept)
    finally:
        login.jughpc("cancel")
        cluster.node("start", "node2")


def test_after_scancel_no_claim_is_left(login, cluster, until):
    login.write_counted("sleep(600)")
    told = login.jughpc("submit", "primes.py", "--array", "8")
    until(lambda: len(login.claims()) == 8)
    array = next(line.split()[1] for line in told.splitlines() if line.startswith("array") and "elements" not in line)
    assert cluster.run("scancel", array).returncode == 0
    until(lambda: login.claims() == [])
    login.jughpc("cancel")


def test_what_an_array_leaves_goes_to_another_with_a_collector_and_a_reduce_of_its_own(login):
    login.write_killed_once(50)
    told = login.jughpc("submit", "primes.py", "--array", "1", "--reduce", "primes_reduce.py", "--wait")
    assert login.primes in told
    submission = login.status()["submission"]
    assert [job["role"] for job in submission["jobs"]] == ["array", "collect", "reduce"] * 2
    assert {now["state"] for now in submission["followers"].values()} == {"done"}


def test_cancel_ends_array_collector_and_reduce(login, until):
    login.write_counted("sleep(600)")
    login.jughpc("submit", "primes.py", "--array", "8", "--reduce", "primes_reduce.py")
    until(lambda: len(login.claims()) == 8)
    assert login.jughpc("cancel").count("cancelled") == 3
    until(lambda: login.status()["submission"]["elements"]["running"] == 0)
    assert login.output() == ""


def test_a_failed_task_ends_the_collector_with_3_and_the_reduce_never_runs(login):
    login.write_counted("assert n != 7, 'seven'")
    told = login.jughpc("submit", "primes.py", "--array", "4", "--reduce", "primes_reduce.py", "--wait", code=3)
    assert "AssertionError: seven" in told
    assert login.output() == ""
    status = login.status()
    assert (status["tasks"]["failed"], status["tasks"]["complete"]) == (1, 98)
    login.jughpc("cancel")


def test_a_partition_that_does_not_exist_is_told_in_the_schedulers_words(login):
    told = login.jughpc("submit", "primes.py", "--array", "4", "--partition", "nowhere", code=2)
    assert "invalid partition specified: nowhere" in told
    assert ".sh" in told
    assert not list(login.folder.glob("primes.jugdata/submissions/*"))


def test_status_works_when_the_controller_does_not_answer(login):
    login.write_counted("pass")
    login.jughpc("submit", "primes.py", "--array", "4", "--wait")
    deaf = login.folder / "slurm.conf"
    deaf.write_text(re.sub("SlurmctldPort=.*", "SlurmctldPort=1", Path(login.env["SLURM_CONF"]).read_text()))
    login.env["SLURM_CONF"] = str(deaf)
    status = login.status()
    assert status["tasks"]["complete"] == 99
    assert status["submission"]["scheduler_trouble"]
    assert status["submission"]["elements"]["done"] == 4
