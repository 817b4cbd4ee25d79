"""A jugfile is run as a module, with jug's names at hand, and gives its tasks."""

from __future__ import annotations

import gc
import importlib.util
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from jughpc.errors import DigestError, JugfileError, JugfileNotFoundError, LazyJugfileError, UsageError
from jughpc.tasks.jugfile import Jugfile, load
from jughpc.tasks.task import Task, alltasks
from tests.tasks.conftest import Memory

Load = Callable[..., Jugfile]

PRIMES = """
from jug import TaskGenerator

@TaskGenerator
def is_prime(n):
    return all(n % d for d in range(2, n))

primes = list(map(is_prime, range(2, 11)))
"""


def test_a_jugfile_gives_its_tasks_and_names(load_text: Load, tmp_path: Path) -> None:
    jugfile = load_text(PRIMES, name="primes.py")
    assert jugfile.path == tmp_path / "primes.py"
    assert jugfile.name == "primes"
    assert jugfile.tasks == jugfile.space["primes"] == alltasks
    assert {task.name for task in jugfile.tasks} == {"primes.is_prime"}
    assert not jugfile.barrier


def test_digests_do_not_depend_on_where_the_jugfile_lies(tmp_path: Path) -> None:
    digests = []
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "primes.py").write_text(PRIMES)
        digests.append([task.digest for task in load(tmp_path / folder / "primes.py").tasks])
    assert digests[0] == digests[1]


def test_a_jugfile_is_a_module_of_its_base_name(load_text: Load, tmp_path: Path) -> None:
    jugfile = load_text("import sys\nhere = sys.modules[__name__]\nfile, name = __file__, __name__", name="mine.py")
    assert jugfile.space["name"] == "mine"
    assert jugfile.space["file"] == str(tmp_path / "mine.py")
    assert sys.modules["mine"] is jugfile.space["here"]
    assert vars(sys.modules["mine"]) is jugfile.space


def test_a_jugfile_sees_its_arguments(load_text: Load, tmp_path: Path) -> None:
    jugfile = load_text("import sys\nargv = sys.argv", "--deep", "3")
    assert jugfile.space["argv"] == [str(tmp_path / "jugfile.py"), "--deep", "3"]


def test_the_jugfiles_folder_and_the_current_one_can_be_imported_from(load_text: Load, tmp_path: Path) -> None:
    (tmp_path / "here_it_lies.py").write_text("x = 1")
    load_text("import here_it_lies, sys, os\nassert os.getcwd() in sys.path")
    before = sys.path[:]
    load_text("import here_it_lies")
    assert sys.path == before


def test_loading_again_begins_anew(load_text: Load) -> None:
    first = load_text("state = globals().get('state', 0) + 1\n" + PRIMES)
    second = load_text("state = globals().get('state', 0) + 1\n" + PRIMES)
    assert second.space["state"] == 1
    assert second.space is not first.space
    assert second.tasks == alltasks
    assert not set(first.tasks) & set(second.tasks)
    assert [task.digest for task in first.tasks] == [task.digest for task in second.tasks]


def test_functions_can_be_pickled_by_name(load_text: Load) -> None:
    load_text("import pickle\ndef f(): pass\nassert pickle.loads(pickle.dumps(f)) is f")


def test_an_unmet_barrier_ends_the_load(load_text: Load, memory: Memory) -> None:
    jugfile = load_text(PRIMES + "from jug import barrier\nbarrier()\nafter = 1\n")
    assert jugfile.barrier
    assert jugfile.space["__jug__hasbarrier__"]
    assert len(jugfile.tasks) == 9
    assert "after" not in jugfile.space


def test_a_met_barrier_is_passed(load_text: Load, memory: Memory) -> None:
    text = PRIMES + "from jug import barrier\nbarrier()\nafter = 1\n"
    for task in load_text(text).tasks:
        task.run()
    jugfile = load_text(text)
    assert not jugfile.barrier
    assert jugfile.space["after"] == 1


def test_a_barrier_in_an_imported_module_ends_the_load(load_text: Load, memory: Memory, tmp_path: Path) -> None:
    (tmp_path / "steps_to_take.py").write_text("from jug import Task, barrier\nTask(len, [])\nbarrier()\n")
    for _ in range(2):
        jugfile = load_text("import steps_to_take")
        assert jugfile.barrier
        assert len(jugfile.tasks) == 1


def test_a_jugfile_without_tasks_is_none_of_our_business(load_text: Load) -> None:
    assert load_text("x = [1]").tasks == []


def test_the_collector_is_as_it_was_after_a_load(load_text: Load) -> None:
    before = gc.get_threshold()
    load_text("")
    with pytest.raises(JugfileError):
        load_text("1 / 0")
    assert gc.get_threshold() == before


def test_a_jugfile_that_is_not_there_is_an_error_with_near_names(tmp_path: Path) -> None:
    (tmp_path / "primes.py").touch()
    with pytest.raises(JugfileNotFoundError, match=r"No jugfile .*primes2.py; near it: primes.py"):
        load(tmp_path / "primes2.py")


def test_where_no_python_file_is_that_is_said(tmp_path: Path) -> None:
    with pytest.raises(JugfileNotFoundError, match="no Python file in"):
        load(tmp_path / "none" / "primes.py")


def test_a_folder_is_no_jugfile(tmp_path: Path) -> None:
    with pytest.raises(JugfileNotFoundError, match="is a folder"):
        load(tmp_path)


@pytest.mark.parametrize("name", ["jug.py", "jughpc.py"])
def test_a_jugfile_must_not_hide_what_it_needs(name: str, load_text: Load) -> None:
    with pytest.raises(UsageError, match=f"{name}.*rename it"):
        load_text("", name=name)


def test_an_error_shows_the_users_lines_and_none_of_ours(load_text: Load, tmp_path: Path) -> None:
    text = "from jug import Task\ndef make():\n    return Task(lambda: 1)\nmake()\n"
    with pytest.raises(JugfileError) as raised:
        load_text(text)
    trace = raised.value.trace
    assert trace.startswith("Traceback (most recent call last):")
    assert f'File "{tmp_path / "jugfile.py"}", line 4, in <module>' in trace
    assert "return Task(lambda: 1)" in trace
    assert "ValueError: jug.Task does not work with lambda functions!" in trace
    assert "jughpc/tasks" not in trace
    assert raised.value.path == str(tmp_path / "jugfile.py")
    assert str(raised.value).startswith(trace.rstrip())


def test_the_cause_of_an_error_is_shown_the_same_way(load_text: Load) -> None:
    text = """
    def fail():
        try:
            {}["key"]
        except KeyError as error:
            raise ValueError("outer") from error
    fail()
    """
    with pytest.raises(JugfileError) as raised:
        load_text(text)
    assert '{}["key"]' in raised.value.trace
    assert "direct cause" in raised.value.trace
    assert "jughpc/tasks" not in raised.value.trace


def test_a_syntax_error_shows_its_line(load_text: Load, tmp_path: Path) -> None:
    with pytest.raises(JugfileError) as raised:
        load_text("x = 1\ny = (\n")
    assert f'File "{tmp_path / "jugfile.py"}", line 2' in raised.value.trace
    assert "y = (" in raised.value.trace
    assert "SyntaxError" in raised.value.trace
    assert "jughpc/tasks" not in raised.value.trace


@pytest.mark.parametrize("code", ["0", "'no data'", ""])
def test_a_jugfile_that_ends_the_process_is_an_error_even_if_it_says_success(code: str, load_text: Load) -> None:
    with pytest.raises(JugfileError, match="SystemExit"):
        load_text(f"import sys\nsys.exit({code})\n")


def test_an_interrupt_from_the_keyboard_is_not_the_jugfiles_error(load_text: Load) -> None:
    with pytest.raises(KeyboardInterrupt):
        load_text("raise KeyboardInterrupt")


def test_a_usage_error_comes_as_it_is(load_text: Load) -> None:
    with pytest.raises(DigestError):
        load_text("import threading\nfrom jug import Task\nTask(len, threading.Lock()).hash()")


LAZY = [
    ("xs = map(f, range(3))", "xs", "map"),
    ("xs = (f(i) for i in range(3))", "xs", "generator"),
    ("xs = filter(None, map(f, range(3)))", "xs", "filter"),
    ("xs = zip(range(3), map(f, range(3)))", "xs", "zip"),
]


@pytest.mark.parametrize(("line", "name", "kind"), LAZY)
@pytest.mark.parametrize("more", ["", "f(0)"])
def test_a_lazy_iterator_that_holds_back_tasks_is_an_error(
    line: str, name: str, kind: str, more: str, load_text: Load
) -> None:
    text = f"from jug import TaskGenerator\n@TaskGenerator\ndef f(i): return i\n{line}\n{more}\n"
    with pytest.raises(LazyJugfileError, match=rf"`{name}` is a lazy {kind}.*{name} = list\(\.\.\.\)"):
        load_text(text)


def test_any_lazy_iterator_is_suspect_where_no_task_was_made(load_text: Load) -> None:
    with pytest.raises(LazyJugfileError, match="`xs`"):
        load_text("from jug import Task\nxs = (Task(abs, i) for i in range(3))")


@pytest.mark.parametrize(
    "line",
    [
        "xs = map(str, range(3))",
        "xs = (i for i in range(3))",
        "xs = zip(range(3), [1, 2])",
        "xs = map(f, range(3)); ys = list(xs)",
        "xs = (f(i) for i in range(3)); ys = list(xs)",
        "xs = zip(range(3), map(f, [1, 2, 3])); ys = dict(xs)",
    ],
)
def test_other_lazy_iterators_beside_tasks_are_no_error(line: str, load_text: Load) -> None:
    text = f"from jug import TaskGenerator\n@TaskGenerator\ndef f(i): return i\n{line}\nf(0)\n"
    assert load_text(text).tasks


def test_lazy_iterators_before_an_unmet_barrier_may_still_be_used(load_text: Load, memory: Memory) -> None:
    text = "from jug import Task, TaskGenerator, barrier\nf = TaskGenerator(abs)\nxs = map(f, [1])\nf(2)\nbarrier()\n"
    assert load_text(text).barrier


def test_a_cached_function_runs_during_the_load(load_text: Load, memory: Memory) -> None:
    text = "from jug import CachedFunction\nprint_calls = []\nsize = CachedFunction(len, 'abc')\n"
    assert load_text(text).space["size"] == 3
    assert len(memory.found) == 1
    assert isinstance(alltasks[0], Task)


SUBMITTED = """
from jug import TaskGenerator
import beside

@TaskGenerator
def fail():
    raise ValueError("as submitted")

file, name, task = __file__, __name__, fail()
"""


@pytest.fixture
def submitted(tmp_path: Path) -> Path:
    """Return where a text lies that was pinned; the user's own has another by now."""
    pinned = tmp_path / "pinned" / "mine.py"
    pinned.parent.mkdir()
    pinned.write_text(SUBMITTED)
    (tmp_path / "mine.py").write_text("# another text\n" * 9)
    (tmp_path / "beside.py").write_text("")
    return pinned


@pytest.mark.parametrize("is_gone", [False, True])
def test_what_was_submitted_runs_as_if_it_lay_where_the_users_file_is(
    submitted: Path, tmp_path: Path, is_gone: bool
) -> None:
    path = tmp_path / "mine.py"
    path.write_text(SUBMITTED)
    before = load(path).tasks[0].digest
    path.write_text("another = 1")
    if is_gone:
        path.unlink()
    jugfile = load(path, ["-v"], submitted)
    assert (jugfile.space["file"], jugfile.space["name"]) == (str(path), "mine")
    assert (sys.argv, jugfile.path, jugfile.text) == ([str(path), "-v"], path, SUBMITTED.encode())
    assert jugfile.tasks[0].digest == before


def test_a_traceback_shows_the_users_file_and_the_lines_that_were_submitted(submitted: Path, tmp_path: Path) -> None:
    jugfile = load(tmp_path / "mine.py", (), submitted)
    with pytest.raises(ValueError, match="as submitted") as raised:
        jugfile.space["fail"].f()
    trace = "".join(traceback.format_exception(raised.value))
    assert f'{tmp_path / "mine.py"}", line 7' in trace
    assert '    raise ValueError("as submitted")' in trace


def test_a_process_that_a_task_spawns_imports_what_was_submitted(submitted: Path, tmp_path: Path) -> None:
    load(tmp_path / "mine.py", (), submitted)
    found = importlib.util.find_spec("mine") if sys.modules.pop("mine") else None
    assert found is not None
    assert found.origin == str(submitted)


def test_a_text_that_was_submitted_and_is_gone_is_told(tmp_path: Path) -> None:
    with pytest.raises(JugfileNotFoundError, match=r"cannot be read from .*pinned/mine.py"):
        load(tmp_path / "mine.py", (), tmp_path / "pinned" / "mine.py")
