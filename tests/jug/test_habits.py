"""Habits of jug's users: what their scripts do, and what their jugfiles rely on."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import jughpc
from jughpc.errors import JugModuleError, UsageError
from jughpc.jug import options
from jughpc.jug.backends import dict_store, file_store
from jughpc.jug.jug import execution_loop
from jughpc.jug.task import describe, recursive_dependencies
from jughpc.jug.utils import prepare_matcher_from_options, prepare_task_matcher
from jughpc.tasks import alias, hooks
from jughpc.tasks.jugfile import load

OPEN = {"file_store": lambda: file_store.file_store("results"), "dict_store": dict_store.dict_store}

every_store = pytest.mark.parametrize("opened", OPEN.values(), ids=OPEN)


def double(x: int) -> int:
    return 2 * x


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path) -> None:
    os.chdir(tmp_path)
    hooks.reset_all_hooks()


# locks


@every_store
def test_a_task_that_is_done_can_be_locked_invalidated_and_unlocked(opened: Callable[[], Any]) -> None:
    jughpc.set_jugdir(opened())
    task = jughpc.Task(double, 2)
    task.run()
    task.load()
    assert (task.lock(), task.lock(), task.is_locked()) == (True, False, True)
    task.invalidate()
    assert (task.can_load(), task.is_locked()) == (False, True)
    task.unlock()
    assert (task.is_locked(), task.lock()) == (False, True)


@every_store
def test_a_lock_that_was_released_after_a_failure_is_free(opened: Callable[[], Any]) -> None:
    lock = opened().getlock(jughpc.Task(double, 2).hash())
    assert (lock.get(), lock.fail(), lock.is_failed()) == (True, True, True)
    lock.release()
    assert (lock.is_failed(), lock.is_locked(), lock.get()) == (False, False, True)


@every_store
def test_locks_that_are_held_are_listed(opened: Callable[[], Any]) -> None:
    store, task = jughpc.set_jugdir(opened()), jughpc.Task(double, 2)
    assert (task.lock(), store.listlocks()) == (True, [task.hash()])
    task.unlock()
    assert store.listlocks() == []


def test_what_a_store_in_memory_holds_can_be_counted() -> None:
    store, task = jughpc.set_jugdir(dict_store.dict_store()), jughpc.Task(double, 2)
    assert len(store.store) == 0
    task.run()
    assert store.store == {b"result:" + task.hash(): 4}
    task.lock()
    assert len(store.store) == 2


# words on tasks


def test_what_is_no_task_stays_in_a_description_as_it_is() -> None:
    jughpc.set_jugdir("dict_store")
    words = describe((jughpc.Task(double, 2), 1))
    assert words == ({"name": f"{__name__}.double", "args": [2], "meta": {"computed": False}}, 1)


@pytest.mark.parametrize(("levels", "found"), [(None, 2), (-1, 2), (1, 1), (0, 0)])
def test_dependencies_are_followed_so_far(levels: int | None, found: int) -> None:
    task = jughpc.Task(double, jughpc.Task(double, jughpc.Task(double, 1)))
    assert len(recursive_dependencies(task, max_level=levels)) == found


# selection and options


@pytest.mark.parametrize("pattern", ["", "//", "/(/"])
def test_a_pattern_that_means_nothing_is_a_value_error(pattern: str) -> None:
    with pytest.raises(ValueError, match="pattern"):
        prepare_task_matcher(pattern)


def test_both_a_name_and_a_pattern_must_match_and_that_is_said() -> None:
    with pytest.warns(UserWarning, match="both must match"):
        matches = prepare_matcher_from_options("f*", "oo")
    assert matches is not None
    assert [matches(name) for name in ("m.foo", "m.far", "m.zoo")] == [True, False, False]


def test_a_loop_over_chosen_tasks_keeps_the_rest() -> None:
    jughpc.set_jugdir("dict_store")
    tasks = [jughpc.Task(abs, -1), jughpc.Task(double, 1)]
    left, some = list(tasks), options.default_options.copy()
    some.execute_name = "abs"
    execution_loop(left, some)
    assert left == [tasks[1]]


def test_the_format_of_a_graph_is_an_option_under_its_name_on_the_command_line() -> None:
    assert options.parse(["graph", "primes.py", "--file-format", "svg"]).graph_format == "svg"


@pytest.mark.parametrize(("words", "debug"), [((), False), (("--pdb",), True), (("--debug",), True)])
def test_the_debugger_implies_to_look_closely(words: tuple[str, ...], debug: bool) -> None:
    assert options.parse(["execute", "primes.py", *words]).debug is debug


# loading


@pytest.mark.parametrize(
    ("args", "seen"), [(None, ["script", "-v"]), (["7"], ["jugfile.py", "7"]), ([], ["jugfile.py"])]
)
def test_a_jugfile_sees_the_arguments_of_its_script_or_those_it_is_given(
    args: list[str] | None, seen: list[str]
) -> None:
    Path("jugfile.py").write_text("import sys\nseen = list(sys.argv)\n")
    sys.argv = ["script", "-v"]
    _, names = jughpc.init(jugdir="dict_store", args=args)
    assert (names["seen"], sys.argv) == (seen, ["script", "-v"])


HOOKED = """
import functools, helpers
from jug.hooks import register_hook

@register_hook("execute.task-executed1")
def note(task):
    seen.append("function")

class Noter:
    def __call__(self, task):
        seen.append("object")
    def method(self, task):
        seen.append("method")

seen = helpers.seen
for i in (1, 2):
    register_hook("execute.task-executed1", lambda task: seen.append("lambda"))
register_hook("execute.task-executed1", Noter())
register_hook("execute.task-executed1", Noter().method)
register_hook("execute.task-executed1", functools.partial(note))
register_hook("execute.task-executed1", helpers.note)
"""

HELPERS = """
from jug.hooks import register_hook
seen = []
def note(task):
    seen.append("helper's")
register_hook("execute.task-executed1", lambda task: seen.append("imported"))
"""

ONCE = ["imported", "function", "lambda", "lambda", "object", "method", "function", "helper's"]


@pytest.mark.parametrize("loads", [1, 2, 3])
def test_hooks_that_a_jugfile_registers_at_each_load_count_once(loads: int) -> None:
    Path("helpers.py").write_text(HELPERS)
    Path("hooked.py").write_text(HOOKED)
    for _ in range(loads):
        space = load(Path("hooked.py")).space
    hooks.jug_hook(hooks.TASK_EXECUTED, (None,))
    assert space["seen"] == ONCE


def test_what_a_jugfile_registers_anew_takes_the_place_of_what_it_had() -> None:
    Path("hooked.py").write_text(
        "from jug.hooks import register_hook\nseen = []\n"
        "register_hook('execute.task-executed1', lambda task: seen.append(task))\n"
    )
    first, second = load(Path("hooked.py")).space["seen"], load(Path("hooked.py")).space["seen"]
    hooks.jug_hook(hooks.TASK_EXECUTED, (5,))
    assert (first, second) == ([], [5])


# commands


@pytest.mark.parametrize("name", ["execute", "status", "check", "cleanup"])
def test_who_imports_one_of_jugs_commands_is_told_what_takes_its_place(name: str) -> None:
    alias.serve()
    for package in ("jug", "jughpc"):
        with pytest.raises(JugModuleError, match=r"jug\.jug\.main\(\['jug', 'status'"):
            importlib.import_module(f"{package}.subcommands.{name}")


def test_jugs_own_commands_cannot_be_run_by_its_registry() -> None:
    from jughpc.jug.subcommands import cmdapi

    with pytest.raises(UsageError, match=r"jug\.jug\.main"):
        cmdapi.run("status")
    with pytest.raises(UsageError, match=r"cmdapi\.usage is not there"):
        cmdapi.usage()
