"""No command answers from the past: whatever a load reads may have changed, and a look that decides loads anew."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import pytest

JUGFILE = """
from jug import TaskGenerator

@TaskGenerator
def double(x):
    return 2 * x

{how}
results = [double(i) for i in range(count)]
"""


@dataclass(frozen=True)
class Kind:
    """Something that a load reads.

    Attributes:
        how: Lines of a jugfile that make `count` of it.
        before: The files that are there at first.
        after: Those that come, or change.
        environ: What is in the environment, at first and then.
        args: The jugfile's arguments, at first and then.
    """

    how: str
    before: dict[str, str] = field(default_factory=dict)
    after: dict[str, str] = field(default_factory=dict)
    environ: tuple[dict[str, str], dict[str, str]] = ({}, {})
    args: tuple[list[str], list[str]] = ([], [])


KINDS = {
    "a file under a glob": Kind(
        "import glob; count = len(glob.glob('*.dat'))", {"a.dat": ""}, {"b.dat": ""}
    ),
    "a file in a folder": Kind(
        "import os; count = sum(name.endswith('.dat') for name in os.listdir())", {"a.dat": ""}, {"b.dat": ""}
    ),
    "a data file": Kind(
        "import pathlib; count = int(pathlib.Path('n.txt').read_text())", {"n.txt": "1"}, {"n.txt": "2"}
    ),
    "a file that is only asked after": Kind(
        "import os; count = 1 + os.path.exists('more')", {}, {"more": ""}
    ),
    "a file's size": Kind(
        "import os; count = os.stat('sized').st_size", {"sized": "x"}, {"sized": "xx"}
    ),
    "an imported module": Kind(
        "from numbers_of_mine import count", {"numbers_of_mine.py": "count = 1"}, {"numbers_of_mine.py": "count =  2"}
    ),
    "a module that is imported by one": Kind(
        "from one_of_mine import count",
        {"one_of_mine.py": "from other_of_mine import count", "other_of_mine.py": "count = 1"},
        {"other_of_mine.py": "count =  2"},
    ),
    "the environment": Kind(
        "import os; count = int(os.environ['COUNT'])", environ=({"COUNT": "1"}, {"COUNT": "2"})
    ),
    "the date": Kind(  # east and west of it two calendars never show the same
        "import time; count = 1 if time.localtime().tm_zone == 'EAST' else time.localtime().tm_yday > 0 and 2",
        environ=({"TZ": "EAST-20"}, {"TZ": "WEST+20"}),
    ),
    "what another program says": Kind(
        "import subprocess; count = int(subprocess.check_output(['cat', 'n.txt']))", {"n.txt": "1"}, {"n.txt": "2"}
    ),
    "arguments": Kind(
        "import sys; count = len(sys.argv) - 1", args=(["a"], ["a", "b"])
    ),
}  # fmt: skip

LOOKS = {
    "check": (["check"], lambda done: done.returncode == 1),
    "status": (["status", "--json"], lambda done: (done.returncode, _ready(done)) == (1, 1)),
    "count": (["count", "--short"], lambda done: "2 tasks" in done.stdout),
    "nodes": (["nodes"], lambda done: done.returncode == 0),
    "graph": (["graph", "--file-format", "dot"], lambda done: done.returncode == 0),
    "reduce": (["reduce", "--script", "end.py", "--if-done"], lambda done: (done.returncode, done.stdout) == (3, "")),
    "submit": (
        ["submit", "--dry-run", "--array", "4", "--scheduler", "local"],
        lambda done: (done.returncode, "1 task has a result already" in done.stdout) == (0, True),
    ),
}


def _ready(done):
    return json.loads(done.stdout)["tasks"]["ready"]


@pytest.fixture
def written(jughpc):
    """Return what writes files whose modules' compiled forms cannot be taken for those of former ones."""

    def write(files):
        for name, text in files.items():
            jughpc.write(name, text)

    jughpc.write("end.py", "print('reduced')")
    return write


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
def test_no_look_takes_a_former_load_for_what_is_there_now(jughpc, written, kind):
    jughpc.write("jobs.py", JUGFILE.format(how=kind.how))
    written(kind.before)
    assert jughpc("execute", "jobs.py", *kind.args[0], **kind.environ[0]).returncode == 0
    assert jughpc("check", "jobs.py", *kind.args[0], **kind.environ[0]).returncode == 0
    written(kind.after)
    for name, ((command, *options), is_true) in LOOKS.items():
        done = jughpc(command, "jobs.py", *options, *kind.args[1], **kind.environ[1])
        assert is_true(done), f"{name}: {done}"
    assert "2R" not in (jughpc.cwd / "jobs.dot").read_text()
    assert "1R" in (jughpc.cwd / "jobs.dot").read_text()


@pytest.mark.parametrize("kind", [kind for kind in KINDS.values() if not kind.args[0]], ids=lambda kind: kind.how[:30])
def test_a_cached_look_shows_the_former_load_and_says_so(jughpc, written, kind):
    jughpc.write("jobs.py", JUGFILE.format(how=kind.how))
    written(kind.before)
    assert jughpc("execute", "jobs.py", **kind.environ[0]).returncode == 0
    written(kind.after)
    done = jughpc("status", "jobs.py", "--cached", **kind.environ[1])
    assert (done.returncode, "the jugfile was not run" in done.stdout) == (0, True)


def test_who_waits_until_all_is_done_waits_for_what_came_meanwhile(jughpc, written):
    how = (
        "from numbers_of_mine import count\ntriple = TaskGenerator(str)\nothers = [triple(i) for i in range(count - 1)]"
    )
    jughpc.write("jobs.py", JUGFILE.format(how=how).replace("range(count)", "range(1)"))
    written({"numbers_of_mine.py": "count = 1"})
    with jughpc.start("sleep-until", "jobs.py") as waiting:
        try:
            assert any("1 tasks waiting to be run, 0 failed, 0 complete" in line for line in waiting.stderr)
            written({"numbers_of_mine.py": "count =  2"})
            jughpc("execute", "jobs.py", "--name", "double")
            assert any("1 tasks waiting to be run, 0 failed, 1 complete" in line for line in waiting.stderr)
            jughpc("execute", "jobs.py")
            assert waiting.wait(120) == 0
        finally:
            waiting.kill()
