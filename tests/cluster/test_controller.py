"""A real Slurm controller that is stopped, killed, started again, or forgets soon."""

from __future__ import annotations

from tests.cluster.lab import WAITS, Login
from tests.cluster.together import together


def is_saved(login: Login) -> bool:
    """Return whether the controller has written down what was queued last: it does so after some seconds."""
    state = login.cluster.folder / "ctld" / "job_state"
    return state.is_file() and login.jobs()[-1]["name"].encode() in state.read_bytes()


def works_on_while_the_controller_is_away(login, action: str) -> None:
    """Do that to the controller while elements work, and let them finish before it is back."""
    login.write_counted(WAITS)
    login.submit("--array", "3")
    login.until_working(3)
    login.until(lambda: is_saved(login))
    login.cluster.controller(action)
    login.go()
    login.until(lambda: len(login.runs()) == 99 and not login.claims())
    assert login.status()["submission"]["scheduler_trouble"]
    assert login.output() == ""
    login.cluster.controller("start")
    elements = login.until_reduced()["elements"]
    assert elements["done"] + elements["cancelled"] == 3
    assert login.roles() == ["array", "collect", "reduce"]


@together(1)
def test_a_controller_that_is_stopped_in_the_middle_and_started_again_loses_nothing(login):
    works_on_while_the_controller_is_away(login, "term")


@together(1)
def test_a_controller_that_is_killed_in_the_middle_and_started_again_loses_nothing(login):
    works_on_while_the_controller_is_away(login, "kill")


@together(1)
def test_a_controller_that_lost_what_was_queued_is_not_taken_for_one_that_has_done_it(login):
    login.write_counted(WAITS)
    login.submit("--array", "2")
    login.until_working(2)
    login.cluster.controller("kill")
    for path in (login.cluster.folder / "ctld").glob("job_state*"):
        path.unlink()
    with (login.cluster.folder / "etc" / "slurm.conf").open("a") as conf:
        conf.write("FirstJobId=1000\n")  # nodes would refuse an id that they still have
    login.go()
    login.until(lambda: len(login.runs()) == 99 and not login.claims())
    login.cluster.controller("start")
    told = login.jughpc("status", code=1)
    assert "the scheduler knows nothing of it" in told
    assert "run it again: jughpc reduce primes.py --script primes_reduce.py" in told
    assert "fewer" not in login.submit("--array", "2")
    assert login.roles(2) == ["reduce"]
    login.until_reduced()


@together(1)
def test_a_submit_that_meets_no_controller_waits_for_it_and_queues_once(login):
    login.write_counted("pass")
    login.cluster.controller("kill")
    with login.start("submit", "primes.py", "--array", "2", "--reduce", "primes_reduce.py") as submit:
        while "Looking whether" not in (line := submit.stdout.readline()):
            assert line, "it ended instead of waiting"
        login.cluster.controller("start")
        told = submit.stdout.read()
    assert submit.returncode == 0, told
    login.until_reduced()
    assert login.roles() == ["array", "collect", "reduce"]


@together(1)
def test_a_cancel_that_meets_no_controller_is_finished_by_the_next_command(login):
    login.write_counted(WAITS)
    login.submit("--array", "2")
    login.until_working(2)
    login.until(lambda: is_saved(login))
    login.cluster.controller("kill")
    assert "Submission 1 is being cancelled" in login.jughpc("cancel", code=1)
    login.cluster.controller("start")
    told = login.jughpc("status", code=1)
    assert "cancelled" in told
    login.until_empty()
    login.until(lambda: not login.claims())
    assert login.output() == ""


@together(1, "MinJobAge=5")
def test_what_ended_how_is_still_told_when_slurm_has_forgotten_it(login):
    login.write_counted("pass")
    (login.folder / "primes_reduce.py").write_text("raise SystemExit(7)\n")
    told = login.submit("--array", "2", "--wait", code=3)
    assert "reduce" in told
    ids = {job["id"] for job in login.jobs()}
    login.until(lambda: ids.isdisjoint(row[0] for row in login.queue("%F|%K|%T|%j", "all")))
    status = login.status()
    assert status["tasks"]["complete"] == 99
    followers = status["submission"]["followers"]
    assert {role: now["state"] for role, now in followers.items()} == {"collect": "done", "reduce": "failed"}
    elements = status["submission"]["elements"]
    assert elements["done"] + elements["cancelled"] == 2
    told = login.jughpc("status", code=1)
    assert "exit code 7" in told
    assert "run it again: jughpc reduce" in told
    assert "reduce.log" in told
