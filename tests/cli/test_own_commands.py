"""Commands that users wrote for jug are commands here."""

from __future__ import annotations

import pytest

OWN = """
from jug.subcommands import SubCommand, cmdapi

class Sum(SubCommand):
    '''Add up what there is.

    And say it.
    '''
    name = "sum"

    def run(self, options, store, jugspace, *args, **kwargs):
        done = [task for task in jugspace["tasks"] if task.can_load()]
        total = sum(task.value() for task in done)
        print(options.jugfile, options.user_args, options.sum_times * total, len(store.list()))
        return len(jugspace["tasks"]) - len(done)

    def parse(self, parser):
        parser.add_argument("--times", dest="sum_times", type=int, help="how often")

    def parse_defaults(self):
        return {"sum_times": 1}

Sum()
"""

TASKS = "import sys\nfrom jug import Task\ntasks = [Task(abs, -1), Task(abs, -2)]\n"


@pytest.fixture
def own(jughpc):
    """Return a folder with `two.py`, of somebody who wrote a command `sum`."""
    place = jughpc.cwd.parent / "home/.config/jug"
    place.mkdir(parents=True)
    (place / "jug_user_commands.py").write_text(OWN)
    jughpc.write("two.py", TASKS)
    return jughpc


def test_a_command_of_ones_own_runs_with_the_jugfiles_names_and_results(own):
    done = own("sum", "two.py", "--times", "3", "more", "--", "--deep")
    assert (done.returncode, done.stdout) == (2, "two.py ['more', '--deep'] 0 0\n")
    own("execute", "two.py", "--name", "abs")
    done = own("sum", "--times=3", "two.py")
    assert (done.returncode, done.stdout) == (0, "two.py [] 9 2\n")


def test_a_command_of_ones_own_is_in_the_help(own):
    assert "sum  Add up what there is." in own("--help").stdout
    assert "how often" in own("sum", "--help").stdout


def test_a_file_of_own_commands_that_is_broken_takes_nothing_else_along(own):
    (own.cwd.parent / "home/.config/jug/jug_user_commands.py").write_text("1 / 0")
    done = own("sum", "two.py")
    assert (done.returncode, "ZeroDivisionError" in done.stderr, "no command 'sum'" in done.stderr) == (2, True, True)
    assert own("--help").returncode == 0
    done = own("count", "two.py")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_command_of_ours_is_not_replaced(own):
    path = own.cwd.parent / "home/.config/jug/jug_user_commands.py"
    path.write_text(OWN.replace('name = "sum"', 'name = "count"'))
    assert own("count", "two.py", "--short").stdout.startswith("Count:  2 tasks")


@pytest.mark.parametrize("word", ["--target", "--invalid"])
def test_former_words_for_a_name_are_taken_and_said(three, word):
    done = three("execute", "three.py", word, "double", "--short")
    assert (done.returncode, "Executed:  2 tasks" in done.stdout) == (0, True)
    assert "--target and --invalid are --name by now" in done.stderr
    assert "2 tasks" in three("invalidate", "three.py", word, "double", "--short").stdout
    assert three("execute", "three.py", word, "double", "--name", "add").returncode == 2


def test_results_that_go_with_the_process_are_not_lost_in_silence(three):
    three.write(
        "memory.py",
        "from jug import Task, set_jugdir, dict_store\nset_jugdir(dict_store.dict_store())\none = Task(abs, -1)\n",
    )
    for argv in (("memory.py",), ("three.py", "--jugdir", "dict_store")):
        done = three("execute", *argv)
        assert (done.returncode, "in the memory of this process, and go with it" in done.stderr) == (0, True)
    assert "go with it" not in three("execute", "three.py", "--jugdir", "dict_store:kept").stderr
