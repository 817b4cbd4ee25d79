"""What was submitted is what runs, whatever becomes of the jugfile; and who asks is told."""

from __future__ import annotations

import os

import pytest

JUGFILE = """
from pathlib import Path
from time import sleep
from jug import TaskGenerator

@TaskGenerator
def say(n):
    while n and not Path("go").exists():
        sleep(0.05)
    return f"old {n} of {Path(__file__).name}"

said = [say(n) for n in range(6)]
"""
REDUCE = "print('first:', value(said[0]), '- last:', value(said[-1]))\n"


@pytest.fixture
def laptop(user, tmp_path):
    someone = user(os.environ | {"JUGHPC_SCHEDULER": "local", "XDG_STATE_HOME": str(tmp_path / "state")})
    (tmp_path / "saying.py").write_text(JUGFILE)
    (tmp_path / "tell.py").write_text(REDUCE)
    yield someone
    someone.run("cancel")


def submit(laptop, until, *more: str) -> None:
    """Submit more elements than run at once, and return when the first task is done and another runs."""
    laptop.jughpc("submit", "saying.py", "--array", "3", "--throttle", "1", "--reduce", "tell.py", *more)
    until(lambda: laptop.status()["tasks"]["complete"])


def logs(laptop) -> str:
    return "".join(path.read_text() for path in sorted(laptop.folder.glob("*.jugdata/submissions/*/logs/*")))


@pytest.mark.parametrize("what", ["edited", "gone"])
def test_elements_collector_and_reduce_run_what_was_submitted(laptop, until, what):
    submit(laptop, until)
    path, script = laptop.folder / "saying.py", laptop.folder / "tell.py"
    if what == "edited":
        path.write_text(JUGFILE.replace("old", "new").replace("range(6)", "range(60)"))
        script.write_text(REDUCE.replace("first", "second"))
    else:
        path.unlink()
        script.unlink()
    (laptop.folder / "go").touch()
    until(lambda: "first:" in logs(laptop))
    assert "first: old 0 of saying.py - last: old 5 of saying.py" in logs(laptop)
    words = {"edited": "has changed", "gone": "is gone"}[what]
    assert f"saying.py {words} since it was submitted; this runs what was submitted" in logs(laptop)
    assert f"tell.py {words} since it was submitted; this runs what was submitted" in logs(laptop)
    assert "all tasks are done: All tasks complete (6 tasks)." in logs(laptop)


def test_status_and_submit_tell_that_the_text_or_a_function_has_changed(laptop, until):
    submit(laptop, until)
    (laptop.folder / "saying.py").write_text(JUGFILE.replace("old", "new"))
    told = laptop.run("status").stdout
    assert "saying.py has changed since submission 1 was submitted, which runs what was submitted" in told
    assert "say changed since its 1 results: run `jughpc invalidate --name say`, or give it a version" in told
    assert laptop.status()["changed"]["functions"] == [{"name": "saying.say", "results": 1, "old": 1}]
    (laptop.folder / "tell.py").write_text(REDUCE.replace("first", "second"))
    assert "tell.py has changed since submission 1 was submitted" in laptop.run("status").stdout
    assert laptop.status()["changed"]["texts"] == ["saying.py", "tell.py"]
    told = laptop.jughpc("submit", "saying.py", "--again", "--dry-run")
    assert "changed    saying.py, since submission 1" in told
    assert "changed    tell.py, since submission 1" in told
    assert "changed    say changed since its 1 results" in told


def test_by_hand_the_file_runs_as_it_is(laptop, until):
    submit(laptop, until)
    laptop.jughpc("cancel")
    until(lambda: not laptop.status()["submission"]["elements"]["running"])
    (laptop.folder / "go").touch()
    (laptop.folder / "saying.py").write_text(JUGFILE.replace("old", "new"))
    laptop.jughpc("execute", "saying.py")
    assert "first: old 0 of saying.py - last: new 5" in laptop.jughpc("reduce", "saying.py", "--script", "tell.py")
    numbers = laptop.status()["changed"]["functions"][0]
    assert numbers["results"] == 6
    assert 1 <= numbers["old"] < 6


def test_a_traceback_shows_the_lines_that_were_submitted(laptop, until):
    (laptop.folder / "saying.py").write_text(JUGFILE.replace("    return", "    assert n < 5, 'old'\n    return"))
    submit(laptop, until)
    (laptop.folder / "saying.py").write_text("\n\n# nothing of it is left\n" * 9)
    (laptop.folder / "go").touch()
    until(lambda: "failed:" in logs(laptop))
    until(lambda: "assert n < 5, 'old'" in logs(laptop))
    assert f'File "{laptop.folder / "saying.py"}", line 10, in say' in logs(laptop)


def test_elements_are_withdrawn_once_nothing_is_left_to_do(laptop):
    (laptop.folder / "go").touch()
    (laptop.folder / "saying.py").write_text(JUGFILE.replace("range(6)", "range(64)"))
    told = laptop.jughpc("submit", "saying.py", "--array", "64", "--throttle", "2", "--reduce", "tell.py", "--wait")
    assert "first: old 0 of saying.py" in told
    submission = laptop.status()["submission"]
    assert submission["withdrawn"]
    assert submission["elements"]["cancelled"] > 40
    assert submission["elements"]["failed"] == submission["elements"]["queued"] == 0
    assert "not needed any more" in laptop.run("status").stdout


def test_elements_are_withdrawn_too_where_what_is_left_failed(laptop):
    (laptop.folder / "go").touch()
    (laptop.folder / "saying.py").write_text(
        JUGFILE.replace("    return", "    assert n < 5\n    return").replace("range(6)", "range(64)")
    )
    laptop.jughpc("submit", "saying.py", "--array", "64", "--throttle", "2", "--wait", code=3)
    assert laptop.status()["submission"]["elements"]["cancelled"] > 40
