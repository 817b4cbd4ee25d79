"""A submit that is ended after a real sbatch accepted the array, and what is typed next; a collector that is killed."""

from __future__ import annotations

import signal

from jughpc.exitcode import after_signal
from tests import stalled
from tests.cluster.lab import WAITS, Login
from tests.cluster.together import together


def interrupted(login: Login, number: int) -> tuple[int, str]:
    """Submit, send that signal once sbatch has queued the array and has not said so yet; return what came of it."""
    login.write_counted(WAITS)
    words = ("submit", "primes.py", "--array", "2", "--reduce", "primes_reduce.py")
    return stalled.interrupted(login, login.until, "sbatch", number, *words)


def takes_back_what_was_queued(login: Login, number: int) -> None:
    code, told = interrupted(login, number)
    assert code == after_signal(number), told
    assert "Queued before it and cancelled again" in told
    login.until_empty()
    login.go()
    login.submit("--array", "2")
    login.until_reduced()


@together(1)
def test_a_submit_that_is_ended_by_int_takes_back_what_was_queued(login):
    takes_back_what_was_queued(login, signal.SIGINT)


@together(1)
def test_a_submit_that_is_ended_by_hup_takes_back_what_was_queued(login):
    takes_back_what_was_queued(login, signal.SIGHUP)


@together(1)
def test_a_submit_that_is_ended_by_term_takes_back_what_was_queued(login):
    takes_back_what_was_queued(login, signal.SIGTERM)


@together(1)
def test_a_submit_that_is_killed_leaves_what_the_next_one_finds_and_cancel_ends(login):
    code, _ = interrupted(login, signal.SIGKILL)
    assert code == -signal.SIGKILL
    told = login.submit("--array", "2", code=2)
    array = login.array()
    assert f"submission 1 of primes.jugdata goes on ({array})" in told
    assert login.jughpc("cancel", "primes.py").split() == ["cancelled", "array", array]
    login.until_empty()
    login.go()
    login.submit("--array", "2")
    login.until_reduced()


def kill_the_collector(login: Login) -> None:
    """End the array by hand, and its collector by a signal, while somebody else works; wait until that is known."""
    login.cluster.ask("scancel", login.array())
    login.until(lambda: login.cluster.pids("node1", "jughpc collect"))
    for pid in login.cluster.pids("node1", "jughpc collect"):
        login.cluster.node("exec", "node1", "kill", "-KILL", pid)
    login.until(lambda: login.submission()["followers"]["collect"]["state"] == "failed")
    login.until_empty()


@together(1)
def test_a_collector_that_is_killed_is_told_and_its_reduce_waits_for_nothing(login):
    login.write_counted(WAITS)
    login.submit("--array", "2")
    login.until_working(2)
    with login.start("execute", "primes.py") as by_hand:
        login.until_working(3)
        kill_the_collector(login)
        login.go()
    assert by_hand.returncode == 0
    told = login.jughpc("status", code=1)
    assert "collect.log" in told
    assert "primes_reduce.py" in told
    login.jughpc("reduce", "primes.py", "--script", "primes_reduce.py")
    assert login.output() == login.primes
    login.jughpc("status")
