"""Calls in files: what tells one from another, and what a worker makes of them."""

from __future__ import annotations

import operator
import shutil
import sys
from functools import partial
from pathlib import Path

import pytest

from jughpc import TaskGenerator
from jughpc.app.calls import batches, commands, pickled
from jughpc.app.calls import desk as desks
from jughpc.app.calls.batches import Batch, Call
from jughpc.app.calls.executor import Executor, _Called
from jughpc.app.calls.future import CallFuture, CallLostError
from jughpc.errors import JugfileError, TrustError, UsageError
from jughpc.fs import OsFiles
from jughpc.tasks import jugfile, running
from tests.odd import ODD

TOLD = {"submission": 1, "jobs": {"array": ["7"]}, "logs": "/tmp/logs", "jugdir": "/tmp/jugdir"}


def scaled(factor):
    def by(x, offset=0):
        return factor * x + offset

    return by


class Scale:
    def __init__(self, factor):
        self.factor = factor

    def __call__(self, x):
        return self.factor * x

    def by(self, x):
        return self.factor * x


def raises(x):
    raise ValueError(x)


class Unloadable:
    def __reduce__(self):
        return raises, ("cannot be made again",)


def call(f, *args, **kwargs):
    return _Called(f).with_(args, kwargs)


def loaded(folder, *calls):
    files = OsFiles(folder)
    batches.write(files, Batch([], calls))
    return batches.load(str(folder / batches.JUGFILE))


DIFFERENT = [
    call(operator.neg, 1), call(operator.neg, 2), call(operator.pos, 1), call(operator.neg, 1.0),
    call(scaled(2), 1), call(scaled(3), 1), call(scaled(2), 1, offset=1), call(Scale(2), 1), call(Scale(3), 1),
    call(Scale(2).by, 1), call(Scale(3).by, 1), call(lambda x: x + 1, 1), call(lambda x: x + 2, 1),
]  # fmt: skip


def test_calls_that_may_give_something_else_have_digests_of_their_own():
    assert len({one.digest for one in DIFFERENT}) == len(DIFFERENT)


@pytest.mark.parametrize(("one", "same"), [
    (call(scaled(2), 5), call(scaled(2), 5)),
    (call(partial(operator.add, 1), 2), call(operator.add, 1, 2)),
    (call(TaskGenerator(operator.index), 1), call(operator.index, 1)),
    (call(lambda x: x in {"a", "b", "c"}, 1), call(lambda x: x in {"a", "b", "c"}, 1)),
])  # fmt: skip
def test_equal_calls_have_one_digest(one, same):
    assert one.digest == same.digest


def test_a_worker_makes_tasks_of_the_same_digests_and_values(tmp_path):
    tasks = loaded(tmp_path, *DIFFERENT)
    assert [task.digest for task in tasks] == [one.digest for one in DIFFERENT]
    assert [task.compute() for task in tasks] == [-1, -2, 1, -1.0, 2, 3, 3, 2, 3, 2, 3, 2, 3]


def test_a_future_among_arguments_is_the_task_that_it_stands_for(tmp_path):
    first = CallFuture(call(operator.neg, 1))
    second = call(sum, [first, first], start=first)
    one, other = loaded(tmp_path, first.call, second)
    assert list(other.dependencies()) == [one, one, one]
    assert other.digest == second.digest


def test_a_call_is_loaded_once_however_often_it_was_handed_over(tmp_path):
    assert len(loaded(tmp_path, DIFFERENT[0], DIFFERENT[0])) == 1
    assert len(loaded(tmp_path, DIFFERENT[0], DIFFERENT[1])) == 2


def test_a_call_that_cannot_be_made_again_fails_with_its_reason_and_hinders_no_other(tmp_path):
    bad, good = loaded(tmp_path, call(abs, Unloadable()), DIFFERENT[0])
    with pytest.raises(RuntimeError, match=r"builtins\.abs cannot be loaded here: ValueError.*cannot be made again"):
        bad.compute()
    assert good.compute() == -1


@pytest.mark.parametrize("damage", [b"", b"jughpc calls 1\n", b"\0" * 200, None])
def test_a_damaged_batch_is_told_and_the_others_are_loaded(tmp_path, capsys, damage):
    files = OsFiles(tmp_path)
    number = batches.write(files, Batch([], [DIFFERENT[0]]))
    path = tmp_path / "calls" / f"{number}.batch"
    path.write_bytes(path.read_bytes()[:-1] if damage is None else damage)
    assert [task.digest for task in loaded(tmp_path, DIFFERENT[1])] == [DIFFERENT[1].digest]
    assert "calls/1.batch is damaged: move it away" in capsys.readouterr().err


@pytest.mark.parametrize("odd", ODD)
def test_whatever_stands_in_place_of_a_batch_is_told_and_the_others_are_loaded(tmp_path, capsys, odd):
    (tmp_path / "calls").mkdir()
    ODD[odd](tmp_path / "calls/1.batch")
    (tmp_path / "calls/1.taken").touch()
    assert [task.digest for task in loaded(tmp_path, DIFFERENT[1])] == [DIFFERENT[1].digest]
    assert "calls/1.batch is damaged: move it away" in capsys.readouterr().err


def test_modules_beside_whoever_called_are_found_by_workers(tmp_path, monkeypatch):
    (tmp_path / "beside").mkdir()
    (tmp_path / "beside" / "a_module_beside.py").write_text("def twice(x):\n    return 2 * x\n")
    monkeypatch.syspath_prepend(tmp_path / "beside")
    from a_module_beside import twice

    made = call(twice, 2)
    batches.write(OsFiles(tmp_path), Batch([str(tmp_path / "beside")], [made]))
    monkeypatch.undo()
    del sys.modules["a_module_beside"]
    assert [task.compute() for task in batches.load(str(tmp_path / batches.JUGFILE))] == [4]


def test_what_submission_works_on_a_batch_is_kept(tmp_path):
    files = OsFiles(tmp_path)
    number = batches.write(files, Batch([], [DIFFERENT[0]]))
    assert batches.submission_of(files, number) is None
    batches.mark_submitted(files, number, 12)
    assert batches.submission_of(files, number) == 12
    (tmp_path / "calls" / f"{number}.submitted").write_text("-12")
    assert batches.submission_of(files, number) is None


def test_two_who_write_at_once_have_numbers_of_their_own(tmp_path):
    files = OsFiles(tmp_path)
    files.write("calls/1.taken", [])  # by another, who has not written yet
    assert batches.write(files, Batch([], [DIFFERENT[0]])) == 2
    assert batches.numbers(files) == [2]


@pytest.mark.parametrize("thing", [sys.stdout, (n for n in "ab")])
def test_arguments_that_no_worker_can_have_are_refused(thing):
    with pytest.raises(UsageError):
        call(abs, [thing, lambda: thing])


def test_a_function_that_no_worker_can_import_needs_an_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "cloudpickle", None)
    with pytest.raises(UsageError, match=r"put it into a module of its own, or pip install 'jughpc\[executor\]'"):
        pickled.function(scaled(2))


@pytest.mark.parametrize(("options", "spelt"), [
    ({"time": "2h", "max_crashes": 3}, ["--time", "2h", "--max-crashes", "3"]),
    ({"again": True, "stage": False}, ["--again", "--no-stage"]),
    ({"after": ["1", "2"], "mem": None}, ["--after", "1", "--after", "2"]),
])  # fmt: skip
def test_options_are_spelt_as_on_a_command_line(options, spelt):
    assert commands.words(options) == spelt


@pytest.mark.parametrize(("how", "words"), [
    ({"scheduler_options": "--nice=5"}, r"scheduler_options is to be a list of words"),
    ({"scheduler_options": [5]}, r"scheduler_options is to be a list of words"),
    ({"array": object()}, "array is to be a text, a number"),
    ({"mem": {"a": 1}}, "mem is to be a text, a number"),
    ({"dry_run": True}, "dry_run is for `jughpc submit` on a command line"),
])  # fmt: skip
def test_what_submit_cannot_be_asked_is_told_before_anything_is_started(monkeypatch, how, words):
    monkeypatch.setattr(commands, "answer", lambda *argv, timeout: pytest.fail(f"{argv} is run"))
    with pytest.raises(TypeError, match=words):
        commands.submit("primes.py", **how)


def test_elements_are_added_from_python_as_on_the_command_line(monkeypatch):
    asked = []
    monkeypatch.setattr(commands, "answer", lambda *argv, timeout: asked.append(argv) or TOLD)
    commands.submit("primes.py", "x", more=2, scheduler="local", scheduler_options=["--nice=5"])
    assert asked == [("submit", "primes.py", "x", "--json", "--more", "2", "--scheduler", "local", "--", "--nice=5")]


def test_a_jugfile_that_is_being_loaded_submits_nothing_for_it_is_loaded_again_and_again(tmp_path):
    (path := tmp_path / "again.py").write_text("import jughpc\njughpc.submit(__file__)\n")
    with pytest.raises(JugfileError) as found:
        jugfile.load(path)
    assert "is not submitted by a jugfile that is being loaded" in found.value.trace
    assert not running.loading


def test_what_is_no_option_is_told_when_the_executor_is_made(tmp_path):
    with pytest.raises(TypeError, match="time is to be a text"):
        Executor(tmp_path / "results", time=object())


def test_a_folder_of_something_else_is_no_executors(tmp_path):
    (tmp_path / "calls.py").write_text("print('mine')\n")
    with pytest.raises(UsageError, match=r"calls\.py is none of an executor's: choose another name"):
        Executor(tmp_path)
    assert (tmp_path / "calls.py").read_text() == "print('mine')\n"


def test_a_folder_that_others_may_write_is_not_used(tmp_path):
    (tmp_path / "calls").mkdir()
    (tmp_path / "calls").chmod(0o777)
    with pytest.raises(TrustError, match="jughpc trust"):
        Executor(tmp_path)


def test_an_executor_that_was_shut_down_takes_no_more(tmp_path):
    executor = Executor(tmp_path)
    executor.shutdown()
    with pytest.raises(RuntimeError, match="takes no more calls"):
        executor.submit(abs, 1)


def test_calls_that_were_not_handed_over_can_be_cancelled(tmp_path):
    executor = Executor(tmp_path)
    future = executor._desk.take([call(abs, 1)])[0]
    executor.shutdown(cancel_futures=True)
    assert future.cancelled()
    executor._desk.run()
    assert batches.numbers(OsFiles(tmp_path)) == []


def test_nobody_waits_for_ever_for_calls_whose_folder_is_gone(tmp_path):
    desk = Executor(tmp_path / "results")._desk
    (future,) = desk.take([call(abs, 1)])
    desk._open, desk._new = {future.digest: [future]}, []
    desk._ask()
    assert not future.done()
    shutil.rmtree(tmp_path / "results")
    desk._ask()
    desk._next_poll = 0.0
    desk._ask()
    with pytest.raises(CallLostError, match="results is gone"):
        future.result(0)


def test_what_is_wrong_with_the_jugdir_is_told_to_each_call_the_later_ones_too(tmp_path):
    (tmp_path / "calls.jugdata").mkdir()
    (tmp_path / "calls.jugdata" / "mine.txt").touch()
    with Executor(tmp_path) as executor:
        for number in range(2):
            with pytest.raises(UsageError, match="belongs to something else"):
                executor.submit(abs, number).result(60)


def test_modules_in_a_folder_that_is_named_like_the_environment_are_the_users(monkeypatch):
    monkeypatch.setattr(sys, "prefix", "/home/ada/env")
    monkeypatch.setattr(sys, "path", ["/home/ada/env/lib", "/home/ada/env2/code", ""])
    assert desks._paths() == ["/home/ada/env2/code", str(Path.cwd())]


def test_an_executor_shows_itself(tmp_path):
    executor = Executor(tmp_path / "<results>")
    executor._desk.take([call(abs, 1)])
    assert repr(executor) == "<jughpc.Executor <results>: 1 calls, 0 done>"
    assert "&lt;results&gt;" in executor._repr_html_()


def test_a_bar_shows_how_far_the_calls_are_and_ends_with_them(tmp_path, capsys):
    executor = Executor(tmp_path / "results")
    one, other = executor._desk.take([call(abs, 1), call(abs, 2)])
    one.set_result(1)
    other.set_exception(ValueError())
    assert str(executor.watch()) == "2 calls, 1 done, 1 failed"
    assert "2/2" in capsys.readouterr().out


def test_a_call_in_a_batch_is_plain(tmp_path):
    batches.write(OsFiles(tmp_path), Batch(["/a"], [DIFFERENT[0]]))
    kept = batches.read(OsFiles(tmp_path), 1)
    assert kept == Batch(["/a"], [Call(DIFFERENT[0].digest, DIFFERENT[0].function, DIFFERENT[0].pickled)])
