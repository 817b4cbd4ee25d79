"""The whole flow on stand-ins for the commands of PBS, which really run the real scripts."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from jughpc.exitcode import after_signal
from tests import stalled
from tests.fakebin.server import COMMANDS, RULES, serving

WAITS = 'while not Path("go").exists(): sleep(0.05)'
SUBMIT = ("submit", "primes.py", "--reduce", "primes_reduce.py")


@pytest.fixture
def rules():
    return RULES


@pytest.fixture
def pbs(rules, tmp_path_factory):
    with serving(tmp_path_factory.mktemp("pbs"), rules) as server:
        yield server


@pytest.fixture
def login(user, pbs, tmp_path):
    """Return somebody whose home is elsewhere: jobs start there, with few of his variables."""
    (tmp_path / "home").mkdir()
    environ = {**os.environ, **pbs.environ, "HOME": str(tmp_path / "home"), "JUGHPC_SCHEDULER": "pbs"}
    someone = user({**environ, "PATH": f"{COMMANDS}:{os.environ['PATH']}"})
    someone.write_counted(WAITS)
    return someone


@pytest.fixture
def start(login, until):
    """Return what submits, and waits until so many elements work."""

    def submit(workers: int, *options: str) -> None:
        login.jughpc(*SUBMIT, *options)
        until(lambda: len(login.claims()) >= workers)

    return submit


@pytest.fixture
def finish(login, pbs, until):
    """Return what lets the tasks end, waits for the reduce, and returns what status says of the submission."""

    def wait() -> dict:
        (login.folder / "go").touch()
        until(lambda: login.output() and not pbs.engine.queued())
        assert login.output() == login.primes
        told = login.jughpc("status", "primes.py", "--json")
        return json.loads(told)["submission"]

    return wait


def ask(login, *argv: str) -> str:
    """Return what a command of PBS prints, typed by the user."""
    path = COMMANDS / argv[0]
    return subprocess.run([path, *argv[1:]], env=login.env, capture_output=True, text=True, check=True).stdout


def collectors(login) -> list[int]:
    """Return the pids of the user's collectors that run."""
    found = (path for path in Path("/proc").glob("[0-9]*/cmdline") if "\0collect\0" in read(path))
    return [int(path.parent.name) for path in found if f"{login.folder}/" in read(path.parent / "environ")]


def read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # it has ended
        return ""


def test_all_tasks_are_computed_and_reduced_though_only_the_first_of_several_jobs_is_told_in_json(login, pbs):
    (login.folder / "go").touch()
    told = login.jughpc(*SUBMIT, "--array", "2", "--wait")
    assert login.primes in told
    submission = login.status()["submission"]
    assert submission["elements"]["done"] + submission["elements"]["cancelled"] == 2
    assert {role: now["state"] for role, now in submission["followers"].items()} == {
        "collect": "done",
        "reduce": "done",
    }
    assert any("dsv" in argv for argv in pbs.asked), "what JSON leaves out is asked in another form"


def test_jobs_have_the_umask_the_folder_and_the_interpreter_of_who_submitted(login, start, finish):
    start(2, "--array", "2")
    finish()
    logs = list(login.folder.glob("*.jugdata/submissions/1/logs/*.log"))
    assert len(logs) == 4
    here = Path(login.folder / "primes.txt").stat()
    assert {stat.S_IMODE(log.stat().st_mode) for log in logs} == {stat.S_IMODE(here.st_mode)}
    assert not list(Path(login.env["HOME"]).iterdir())


@pytest.mark.parametrize("rules", [replace(RULES, array_size=4)])
def test_a_large_array_is_split_and_its_parts_share_the_throttle(login, pbs, start, finish):
    start(3, "--array", "10", "--throttle", "3")
    submission = login.status()["submission"]
    assert [job["size"] for job in submission["jobs"]] == [4, 3, 3, 1, 1]
    assert (submission["elements"]["running"], submission["elements"]["queued"]) == (3, 7)
    elements = finish()["elements"]
    assert elements["done"] + elements["cancelled"] == 10


def test_elements_that_nobody_needs_are_withdrawn_by_commands_that_are_not_on_the_path_of_jobs(login, start, finish):
    start(4, "--array", "30")
    submission = finish()
    assert submission["withdrawn"]
    assert submission["elements"]["cancelled"] > 15


def test_what_a_killed_worker_left_is_done_by_others(login, start, finish):
    start(2, "--array", "2")
    victim = login.status()["workers"][0]
    os.kill(victim["pid"], signal.SIGKILL)
    elements = finish()["elements"]
    assert (elements["failed"], elements["done"]) == (1, 1)


def test_an_element_that_is_deleted_by_hand_is_not_replaced(login, start, finish, until):
    start(3, "--array", "3")
    ask(login, "qdel", "1[1].pbs01")
    until(lambda: login.status()["submission"]["elements"]["cancelled"] == 1)
    submission = finish()
    assert (submission["elements"]["done"], submission["elements"]["cancelled"]) == (2, 1)
    assert [job["role"] for job in submission["jobs"]] == ["array", "collect", "reduce"]


def test_an_array_that_is_deleted_by_hand_stays_so_until_it_is_submitted_again(login, pbs, start, finish, until):
    start(2, "--array", "2")
    ask(login, "qdel", "1[].pbs01")
    until(lambda: not pbs.engine.queued())
    told = login.jughpc("status", code=1)
    assert "2 cancelled" in told
    log = login.folder / "primes.jugdata" / "submissions" / "1" / "logs" / "collect.log"
    assert "2 elements were cancelled by hand" in log.read_text()
    assert login.output() == ""
    login.jughpc("resubmit")
    finish()


@pytest.mark.parametrize("rules", [replace(RULES, node_wait=0.5)])
def test_elements_of_a_node_that_is_lost_run_again_and_cost_no_further_array(login, pbs, start, finish, until):
    start(4, "--array", "4")
    pbs.do(lambda engine: engine.lose_node(engine.nodes[0], back_after=0.5))
    until(lambda: sum(element.runs for element in pbs.engine.jobs[1].elements.values()) == 6)
    submission = finish()
    assert submission["elements"]["failed"] == 0
    assert [job["role"] for job in submission["jobs"]] == ["array", "collect", "reduce"]


def test_a_collector_that_is_killed_is_told_and_its_reduce_waits_for_nothing(login, pbs, start, until):
    start(2, "--array", "2")
    with subprocess.Popen(login.argv("execute", "primes.py"), cwd=login.folder, env=login.env) as by_hand:
        until(lambda: len(login.claims()) == 3)
        ask(login, "qdel", "1[].pbs01")
        until(lambda: collectors(login))
        os.kill(collectors(login)[0], signal.SIGKILL)
        until(lambda: not pbs.engine.queued())
        (login.folder / "go").touch()
    assert by_hand.returncode == 0
    told = login.jughpc("status", code=1)
    assert "collect (2.pbs01): failed, Exit_status 137" in told
    assert "withdrawn, for the collector was killed" in told
    assert "run it again: jughpc reduce primes.py --script primes_reduce.py" in told


def test_options_behind_two_hyphens_hold_for_the_array_alone(login, pbs, start, finish):
    start(2, "--array", "2", "--", "-p", "7")
    assert ["-p" in job.ask.words for job in pbs.engine.history] == [True, False, False]
    finish()


def test_what_is_held_by_hand_is_told_with_the_command_that_lets_it_go(login, start, finish, until):
    start(4, "--array", "6")
    ask(login, "qhold", "1[].pbs01")
    until(lambda: "is held by you; qrls 1[].pbs01" in login.run("status").stdout)
    ask(login, "qrls", "1[].pbs01")
    finish()


def test_cancel_ends_all_jobs_and_leaves_no_claim(login, pbs, start, until):
    start(3, "--array", "3")
    assert login.jughpc("cancel").count("cancelled") == 3
    until(lambda: not pbs.engine.queued() and not login.claims())
    assert login.output() == ""
    assert "3 cancelled" in login.run("status").stdout


def test_a_server_that_is_away_for_a_while_loses_nothing(login, pbs, start, finish, until):
    start(2, "--array", "2")
    pbs.away = True
    (login.folder / "go").touch()
    until(lambda: len(login.runs()) == 99 and not login.claims())
    assert "pbs did not answer" in login.run("status").stdout
    pbs.away = False
    finish()


@pytest.mark.parametrize("rules", [replace(RULES, keep=0.0), RULES])
def test_a_reduce_that_failed_is_told_with_its_exit_code_with_history_and_without(login, pbs, until):
    (login.folder / "go").touch()
    (login.folder / "primes_reduce.py").write_text("raise SystemExit(7)\n")
    login.jughpc(*SUBMIT, "--array", "2", "--wait", code=3)
    until(lambda: not pbs.engine.queued())
    told = login.jughpc("status", code=1)
    assert "reduce (3.pbs01): failed" in told
    assert "7" in told.partition("reduce (3.pbs01): failed")[2].splitlines()[0]
    assert "run it again: jughpc reduce" in told


def test_a_submit_that_is_ended_by_a_signal_takes_back_what_was_queued(login, pbs, finish, until):
    code, told = stalled.interrupted(login, until, "qsub", signal.SIGINT, *SUBMIT, "--array", "2")
    assert code == after_signal(signal.SIGINT), told
    assert "Queued before it and cancelled again: 1[].pbs01" in told
    until(lambda: not pbs.engine.queued())
    login.jughpc(*SUBMIT, "--array", "2")
    finish()


def test_a_submit_that_is_killed_leaves_what_the_next_one_finds_and_cancel_ends(login, pbs, finish, until):
    code, _ = stalled.interrupted(login, until, "qsub", signal.SIGKILL, *SUBMIT, "--array", "2")
    assert code == -signal.SIGKILL
    assert "submission 1 of primes.jugdata goes on (1[].pbs01)" in login.jughpc(*SUBMIT, code=2)
    assert login.jughpc("cancel", "primes.py").split() == ["cancelled", "array", "1[].pbs01"]
    until(lambda: not pbs.engine.queued())
    login.jughpc(*SUBMIT, "--array", "2")
    finish()
