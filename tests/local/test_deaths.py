"""A few tasks that kill their workers, each in its own way, by hand and in arrays: all others are done."""

from __future__ import annotations

import json
import os

import pytest

JUGFILE = """
import ctypes, os, time
from jug import TaskGenerator

@TaskGenerator
def work(i):
    with open("runs", "a") as file:
        file.write(f"{i}\\n")
    DEADLY
    return i

tasks = [work(i) for i in range(COUNT)]
"""

WAYS = {
    "ctypes.string_at(0)": "killed by SIGSEGV: a segmentation fault",
    "os._exit(7)": "ended itself with exit code 7",
    "os.kill(os.getpid(), 9)": "killed by SIGKILL",
}
"""How to kill a worker, and what is told of it."""


@pytest.fixture
def laptop(user, tmp_path):
    someone = user(os.environ | {"JUGHPC_SCHEDULER": "local", "XDG_STATE_HOME": str(tmp_path / "state")})
    yield someone
    someone.run("cancel")


def write(laptop, deadly, count):
    (laptop.folder / "work.py").write_text(JUGFILE.replace("DEADLY", deadly).replace("COUNT", str(count)))


def runs(laptop):
    return [int(line) for line in (laptop.folder / "runs").read_text().split()]


def done(laptop):
    return json.loads(laptop.run("status", "work.py", "--json").stdout)["tasks"]["complete"]


def failed(laptop):
    """Return what `failures` lists, by call."""
    rows = json.loads(laptop.run("failures", "work.py", "--json").stdout)
    return {row["call"]: row for row in rows}


@pytest.mark.parametrize(("deadly", "words"), WAYS.items())
def test_by_hand_a_deadly_task_runs_last_whatever_is_cleaned_up_and_fails_in_the_end(laptop, deadly, words):
    write(laptop, f"i == 0 and {deadly}", 4)
    for expected in ([0], [0, 1, 2, 3, 0], [0, 1, 2, 3, 0, 0]):
        assert laptop.run("execute", "work.py").returncode not in (0, 1, 2)
        assert runs(laptop) == expected
        assert "Removed 1 locks" in laptop.jughpc("cleanup", "work.py", "--locks-only")
    told = laptop.jughpc("execute", "work.py", code=1)
    assert "3 workers died while they ran it" in told
    assert (runs(laptop), list(failed(laptop))) == ([0, 1, 2, 3, 0, 0], ["work.work(0)"])
    listed = laptop.jughpc("failures", "work.py", code=1)
    assert ("work.work(0)" in listed, listed.count(words)) == (True, 4)  # once in a line, and for each


def test_who_mended_a_deadly_task_lets_it_run_again(laptop):
    write(laptop, "i == 0 and os._exit(7)", 2)
    for _ in range(2):
        laptop.run("execute", "work.py", "--max-crashes", "2")
    laptop.jughpc("execute", "work.py", "--max-crashes", "2", code=1)
    write(laptop, "", 2)
    laptop.jughpc("failures", "work.py", "--retry-failed")
    laptop.jughpc("execute", "work.py")
    assert runs(laptop) == [0, 1, 0, 0]


def test_one_of_twelve_on_one_element_is_listed_and_the_others_are_done(laptop):
    write(laptop, "i == 3 and ctypes.string_at(0)", 12)
    laptop.run("submit", "work.py", "--array", "1", "--wait")
    assert done(laptop) == 11
    assert (runs(laptop).count(3), list(failed(laptop))) == (3, ["work.work(3)"])
    (row,) = failed(laptop).values()
    assert (row["deaths"], row["trace"].count("killed by SIGSEGV"), row["trace"].count("element")) == (3, 3, 3)


def test_five_in_a_hundred_of_two_hundred_on_eight_elements_are_listed_and_the_others_are_done(laptop):
    ways = "[" + ", ".join(f"lambda: {way}" for way in WAYS) + "]"
    write(laptop, f"i % 20 == 7 and {ways}[i % 3]()", 200)
    laptop.run("submit", "work.py", "--array", "8", "--throttle", "8", "--wait")
    assert done(laptop) == 190
    deadly = range(7, 200, 20)
    assert set(failed(laptop)) == {f"work.work({i})" for i in deadly}
    assert {row["deaths"] for row in failed(laptop).values()} == {3}
    assert all(runs(laptop).count(i) == 3 for i in deadly)


def test_a_task_that_takes_all_of_an_elements_time_is_told_as_that(laptop):
    write(laptop, "i == 0 and time.sleep(100)", 3)
    laptop.run("submit", "work.py", "--array", "2", "--time", "46s", "--max-crashes", "1", "--wait")
    (row,) = failed(laptop).values()
    assert (row["call"], "met its time limit" in row["exception"]) == ("work.work(0)", True)
    assert done(laptop) == 2
