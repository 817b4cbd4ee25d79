"""execute, status, check and reduce, as users see them."""

from __future__ import annotations

import json

from jughpc.app.status.tasks import COLUMNS

TABLE = """\
    Executed      Loaded  Task name
--------------------------------------------------------------------------------
           1           0  three.add
           2           0  three.double
................................................................................
           3           0  Total

"""

STATUS = """\
      Failed     Waiting       Ready    Complete      Active  Task name
--------------------------------------------------------------------------------
           0           1           0           0           0  three.add
           0           0           2           0           0  three.double
................................................................................
           0           1           2           0           0  Total

"""


def counts(three, *argv):
    return json.loads(three("status", *argv, "--json").stdout)["tasks"]


def test_execute_runs_every_task_once_and_says_so_in_jugs_table(three):
    done = three("execute", "three.py")
    assert (done.returncode, done.stdout) == (0, TABLE)


def test_what_is_done_is_loaded_and_not_run_again(three):
    three("execute", "three.py")
    done = three("execute", "three.py", "--short")
    assert done.stdout == "Executed:  0 tasks\nLoaded:  3 tasks\n** Total: 3 tasks.\n"


def test_a_worker_that_ends_well_leaves_no_claim_and_no_living_record(three):
    three("execute", "three.py")
    assert not list(three.cwd.glob("three.jugdata/shards/*/*.claim.*"))
    assert [path.suffix for path in three.cwd.glob("three.jugdata/workers/*")] == [".ended"]


def test_status_before_anything_ran_makes_no_jugdir_and_says_what_to_do(three):
    done = three("status", "three.py")
    assert done.returncode == 1
    assert done.stdout.splitlines()[0] == "three.py: 0 %, 0 of 3 tasks done, 2 ready, 1 waiting"
    assert done.stdout.splitlines()[-1].startswith("next: jughpc submit three.py --array N")
    assert three.names() == {"three.py"}


def test_jugs_table_is_there_for_who_wants_it(three):
    done = three("status", "three.py", "--jug")
    assert (done.returncode, done.stdout) == (1, STATUS)
    assert three.names() == {"three.py"}


def test_status_in_short_and_as_json_agree(three):
    assert three("status", "three.py", "--short").stdout == (
        "3 tasks waiting to be run, 0 failed, 0 complete, (none active).\n"
    )
    assert counts(three, "three.py") == {
        "total": 3, "failed": 0, "waiting": 1, "ready": 2, "complete": 0, "active": 0
    }  # fmt: skip
    three("execute", "three.py")
    assert three("status", "three.py").returncode == 0
    assert counts(three, "three.py")["complete"] == 3


def test_a_jugfile_changed_after_a_run_is_told_of_as_it_is_now(three):
    three("execute", "three.py")
    jugfile = three.cwd / "three.py"
    jugfile.write_text(jugfile.read_text() + "more = double(both)\n")
    assert counts(three, "three.py") == {
        "total": 4, "failed": 0, "waiting": 0, "ready": 1, "complete": 3, "active": 0
    }  # fmt: skip


def test_a_failed_task_shows_its_own_traceback_and_exit_code_1(failing):
    done = failing("execute", "failing.py", "--keep-going")
    assert done.returncode == 1
    assert 'failing.py", line 6, in invert' in done.stderr
    assert "ZeroDivisionError" in done.stderr
    assert "jughpc/worker" not in done.stderr
    row = json.loads(failing("status", "failing.py", "--json").stdout)["by_name"]
    assert list(COLUMNS) == ["Failed", "Waiting", "Ready", "Complete", "Active"]
    assert row["failing.invert"] == {"failed": 1, "waiting": 0, "ready": 0, "complete": 1, "active": 0}
    assert row["failing.add"]["waiting"] == 1


def test_without_keep_going_the_first_failure_ends_a_worker(failing):
    done = failing("execute", "failing.py")
    assert done.returncode == 1
    assert counts(failing, "failing.py")["complete"] == 0


def test_a_failed_task_is_tried_again_by_the_next_worker_started_by_hand(failing):
    failing("execute", "failing.py", "--keep-going")
    failing.write("failing.py", (failing.cwd / "failing.py").read_text().replace("1 / x", "1 / (x or 1)"))
    assert failing("execute", "failing.py").returncode == 0


def test_an_array_element_keeps_going_and_does_not_try_again_what_others_failed(failing):
    as_element = {"JUGHPC_SUBMISSION": "0a1b2c3d", "JUGHPC_ELEMENT": "0", "JUGHPC_ELEMENTS": "1"}
    first = failing("execute", "failing.py", **as_element)
    assert "1           0  Total" in first.stdout
    second = failing("execute", "failing.py", **as_element)
    assert "Traceback" not in second.stderr
    assert second.returncode == 1
    assert ".jughpc" not in failing.names()


def test_a_worker_past_its_deadline_begins_nothing_and_says_that_work_is_left(three):
    done = three("execute", "three.py", JUGHPC_DEADLINE="1000")
    assert done.returncode == 3
    assert "0           0  Total" in done.stdout


def test_a_variable_that_is_no_number_is_the_users_mistake(three):
    done = three("execute", "three.py", JUGHPC_ELEMENT="first")
    assert (done.returncode, "JUGHPC_ELEMENT='first'" in done.stderr) == (2, True)


def test_a_barrier_is_passed_once_what_stands_before_it_is_done(barrier):
    assert counts(barrier, "barrier.py")["total"] == 3
    done = barrier("execute", "barrier.py", "--short")
    assert (done.returncode, done.stdout) == (0, "Executed:  6 tasks\nLoaded:  0 tasks\n** Total: 6 tasks.\n")
    assert counts(barrier, "barrier.py") == {
        "total": 6, "failed": 0, "waiting": 0, "ready": 0, "complete": 6, "active": 0
    }  # fmt: skip


def test_check_tells_by_its_exit_code_alone(three):
    before = three("check", "three.py")
    three("execute", "three.py")
    after = three("check", "three.py")
    assert (before.returncode, after.returncode) == (1, 0)
    assert before.stdout + before.stderr + after.stdout + after.stderr == ""


def test_check_does_not_take_an_unmet_barrier_for_the_end(barrier):
    barrier.write("barrier.py", (barrier.cwd / "barrier.py").read_text().replace("range(3)", "range(3) if __name__"))
    assert barrier("check", "barrier.py").returncode == 1


def test_sleep_until_returns_once_all_is_done(three):
    waiting = three.start("sleep-until", "three.py")
    assert three("execute", "three.py").returncode == 0
    _, told = waiting.communicate(timeout=120)
    assert (waiting.returncode, "All tasks complete" in told) == (0, True)


def test_sleep_until_gives_up_with_1_on_what_failed_and_says_what(failing):
    failing("execute", "failing.py", "--keep-going")
    done = failing("sleep-until", "failing.py")
    assert done.returncode == 1
    assert "failing.invert" in done.stderr
    assert "ZeroDivisionError" in done.stderr


def test_reduce_sees_the_jugfiles_names_and_value(three):
    three("execute", "three.py")
    three.write("sum.py", "import sys\nprint(value(both), __name__, sys.argv[0])\n")
    done = three("reduce", "three.py", "--script", "sum.py")
    assert (done.returncode, done.stdout) == (0, "6 __main__ sum.py\n")


def test_a_reduce_script_that_needs_a_missing_result_says_so(three):
    three.write("sum.py", "print(value(both))\n")
    done = three("reduce", "three.py", "--script", "sum.py")
    assert (done.returncode, "needs a result that is not there" in done.stderr) == (2, True)
    assert "Traceback" not in done.stderr


def test_a_reduce_script_that_raises_shows_its_own_traceback(three):
    three.write("sum.py", "def f():\n    raise ValueError('mine')\nf()\n")
    done = three("reduce", "three.py", "--script", "sum.py")
    assert done.returncode == 2
    assert 'sum.py", line 2, in f' in done.stderr
    assert "jughpc/app" not in done.stderr


def test_a_reduce_script_chooses_its_own_exit_code(three):
    three.write("sum.py", "import sys\nsys.exit(7)\n")
    assert three("reduce", "three.py", "--script", "sum.py").returncode == 7


def test_dict_store_runs_in_memory_and_leaves_no_jugdir(three):
    done = three("execute", "three.py", "--jugdir", "dict_store")
    assert (done.returncode, "3           0  Total" in done.stdout) == (0, True)
    assert three.names() == {"three.py", ".jughpc"}


def test_a_barrier_that_waits_for_tasks_nobody_chose_ends_with_work_left(jughpc):
    jughpc.write("two.py", "from jug import Task, barrier\nTask(abs, -1)\nTask(str, 1)\nbarrier()\n")
    done = jughpc("execute", "two.py", "--name", "abs")
    assert (done.returncode, "the barrier of two.py stays" in done.stderr) == (3, True)
