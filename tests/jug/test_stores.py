"""Stores, locks and loops, as scripts of jug's users hold them in hand."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

import jughpc
from jughpc.errors import JugdirError, UsageError
from jughpc.jug import options
from jughpc.jug.backends import base, dict_store, encode, file_store, redis_store, select
from jughpc.jug.jug import ExecutionState, execution_loop
from jughpc.jug.task import alltasks

Run = Callable[[str], list[str]]

OPEN = {
    "file_store": lambda: file_store.file_store("results"),
    "dict_store": lambda: dict_store.dict_store(),
    "select": lambda: select("results"),
}

JUGFILE = """
from jug import TaskGenerator

@TaskGenerator
def invert(x):
    return 1 / x

one, two = invert(1), invert(2)
both = [invert(0.5), invert(one)]
"""


def double(x: int) -> int:
    return 2 * x


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path) -> None:
    os.chdir(tmp_path)


@pytest.fixture
def script(tmp_path: Path) -> Run:
    """Return what runs a script beside `jugfile.py` and returns the lines that it prints."""
    (tmp_path / "jugfile.py").write_text(JUGFILE)

    def run(text: str) -> list[str]:
        argv = [sys.executable, "-W", "error", "-c", text]
        done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False)
        return (done.stdout + done.stderr).splitlines()

    return run


@pytest.mark.parametrize("opened", OPEN.values(), ids=OPEN)
def test_results_can_be_had_by_the_names_of_tasks(opened: Callable[[], Any]) -> None:
    store = jughpc.set_jugdir(opened())
    task = jughpc.Task(double, 2)
    assert not store.can_load(task.hash())
    task.run()
    assert (store.can_load(task.hash()), store.load(task.hash().decode())) == (True, 4)
    assert (store.list(), store.metadata(task)) == ([task.hash()], {"computed": True})
    assert (store.remove(task.hash()), store.remove(task.hash()), task.can_load()) == (True, False, False)
    store.dump(5, task.hash())
    task.load()
    assert task.value() == 5
    store.close()


@pytest.mark.parametrize("opened", OPEN.values(), ids=OPEN)
def test_a_lock_keeps_a_task_for_whoever_took_it(opened: Callable[[], Any]) -> None:
    store = jughpc.set_jugdir(opened())
    task = jughpc.Task(double, 2)
    assert (task.is_locked(), task.lock(), task.lock(), task.is_locked()) == (False, True, False, True)
    task.unlock()
    assert (task.is_locked(), store.listlocks()) == (False, [])
    assert (task.fail(), task.is_failed(), task.is_locked(), task.lock()) == (True, True, True, False)
    assert (store.listlocks(), store.remove_locks(), task.is_failed()) == ([task.hash()], 1, False)


def test_a_lock_holds_in_other_processes_and_goes_with_its_script(script: Run, tmp_path: Path) -> None:
    held = script(
        "import subprocess, sys, jughpc\nstore, space = jughpc.init('jugfile.py', 'results')\n"
        "print(space['one'].lock())\nother = \"import jughpc; _, space = jughpc.init('jugfile.py', 'results');\"\n"
        "other += \"print(space['one'].is_locked(), space['one'].lock(), space['two'].lock())\"\n"
        "print(subprocess.run([sys.executable, '-c', other], capture_output=True, text=True).stdout)\n"
    )
    assert held[:2] == ["True", "True False True"]
    after = script("import jughpc; _, space = jughpc.init('jugfile.py', 'results'); print(space['one'].is_locked())")
    assert after == ["False"]
    assert not list((tmp_path / "results").rglob("*.claim.*"))


def test_cleanup_of_a_store_keeps_the_results_of_active_tasks() -> None:
    store = jughpc.set_jugdir("results")
    kept, gone = jughpc.Task(double, 1), jughpc.Task(double, 2)
    kept.run()
    gone.run()
    assert (store.cleanup([kept]), kept.can_load(), gone.can_load()) == (1, True, False)


def test_what_is_no_hash_of_ours_is_refused_with_the_way_to_take_over_jugs() -> None:
    store = dict_store.dict_store()
    with pytest.raises(UsageError, match="import-jug"):
        store.load(b"9b7ff40abf66935b3f0ee3987e77b2c8d8f8117b")
    with pytest.raises(UsageError, match="'notes' names no result"):
        store.can_load("notes")


def test_a_store_is_removed_with_its_results_and_no_other_folder(tmp_path: Path) -> None:
    store = file_store.file_store("results")
    store.dump(1, jughpc.Task(double, 1).hash())
    file_store.file_store.remove_store("results")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "thesis").mkdir()
    with pytest.raises(JugdirError, match="holds no store"):
        file_store.file_store.remove_store("thesis")
    assert (tmp_path / "thesis").is_dir()


def test_a_store_in_memory_may_be_kept_in_a_file(script: Run) -> None:
    lines = "from jug import *\nimport jug\ns = dict_store.dict_store('kept')\nset_jugdir(s)\nt = Task(abs, -3)\n"
    again = f"import jughpc.tasks.alias as a; a.serve()\n{lines}print(t.can_load() or t.run())\ns.close()"
    assert [script(again), script(again)] == [["3"], ["True"]]


def test_an_address_that_is_no_redis_servers_is_refused() -> None:
    with pytest.raises(JugdirError, match="no redis address"):
        redis_store.redis_store("results")


class Shelf(base.base_store):
    """Somebody's own store."""

    def __init__(self) -> None:
        super().__init__("shelf")
        self.things: dict[bytes, Any] = {}

    def dump(self, object: Any, name: bytes) -> None:  # noqa: A002
        self.things[name] = object

    def load(self, name: bytes) -> Any:
        return self.things[name]

    def can_load(self, name: bytes) -> bool:
        return name in self.things

    def remove(self, name: bytes) -> bool:
        return self.things.pop(name, None) is not None

    def list(self) -> Iterable[bytes]:
        return list(self.things)

    def listlocks(self) -> Iterable[bytes]:
        return []

    def getlock(self, name: bytes) -> Any:
        return None

    def cleanup(self, active: Iterable[Any], keeplocks: bool = False) -> int:
        return 0

    def remove_locks(self) -> int:
        return 0

    def close(self) -> None:
        self.things.clear()


def test_a_store_of_ones_own_holds_the_results_of_tasks() -> None:
    shelf = jughpc.set_jugdir(Shelf())
    task = jughpc.Task(double, jughpc.Task(double, 1))
    assert not task.can_run()
    for each in alltasks:
        each.run()
    assert (shelf.things[task.hash()], task.can_load(), shelf.metadata(task)) == (4, True, {"computed": True})
    task.invalidate()
    assert list(shelf.things) == [alltasks[0].hash()]


def test_a_store_of_ones_own_is_no_store_for_workers() -> None:
    jughpc.set_jugdir(Shelf())
    with pytest.raises(JugdirError, match="a Shelf has no claims"):
        execution_loop([jughpc.Task(double, 1)], options.default_options)


def test_all_stores_are_stores() -> None:
    assert isinstance(dict_store.dict_store(), base.base_store)


@pytest.mark.parametrize("value", [None, 3, {"a": [1, 2]}])
def test_values_are_encoded_as_jug_does(value: Any) -> None:
    stream = io.BytesIO()
    encode.encode_to(value, stream)
    stream.seek(0)
    assert (encode.decode_from(stream), encode.decode(encode.encode(value))) == (value, value)


def test_a_loop_runs_the_tasks_of_a_script(script: Run) -> None:
    lines = script(
        "import jughpc, jughpc.tasks.alias as a; a.serve()\nimport jug.jug\nfrom jug.task import alltasks\n"
        "from jug.options import default_options\n_, space = jug.init('jugfile.py', 'results')\n"
        "mine = list(alltasks)\nprint(jug.jug.execution_loop(mine, default_options.copy()), mine)\n"
        "print(jug.value(space['both']))\n"
    )
    assert lines == ["False []", "[2.0, 1.0]"]


def test_a_loop_raises_what_a_task_raises_unless_it_is_to_keep_going() -> None:
    jughpc.set_jugdir("dict_store")
    tasks = [jughpc.Task(int, "x"), jughpc.Task(int, "7")]
    with pytest.raises(ValueError, match="invalid literal"):
        execution_loop(tasks[:1], options.default_options)
    going, state, left = options.default_options.copy(), ExecutionState(), list(tasks)
    going.execute_keep_going = True
    assert execution_loop(left, going, state)
    assert (left, state.failed, tasks[1].value()) == (tasks[:1], {tasks[0]}, 7)


def test_a_loop_runs_the_selected_tasks_only() -> None:
    jughpc.set_jugdir("dict_store")
    tasks = [jughpc.Task(abs, -1), jughpc.Task(double, 1)]
    some = options.default_options.copy()
    some.execute_name = "abs"
    execution_loop(list(tasks), some)
    assert [task.can_load() for task in tasks] == [True, False]


def test_a_command_can_be_run_from_a_script(script: Run) -> None:
    run = "import jughpc, jughpc.tasks.alias as a; a.serve()\nfrom jug.jug import main\nmain(['jug', {}])"
    assert "Executed:  4 tasks" in script(run.format("'execute', 'jugfile.py', '--short'"))
    assert script(run.format("'status', 'jugfile.py', '--short'")) == ["All tasks complete (4 tasks)."]


def test_a_jugfile_opened_beside_another_keeps_the_tasks_of_both(script: Run) -> None:
    Path("other.py").write_text("import jug\n_, names = jug.init('jugfile.py', 'there')\nlast = jug.Task(abs, -1)\n")
    lines = script("import jughpc; from jughpc.jug.task import alltasks\njughpc.init('other.py'); print(len(alltasks))")
    assert lines == ["5"]
