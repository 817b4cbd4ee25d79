"""Within one load, no two callables that could behave differently share a digest."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jughpc.errors import DigestError, UsageError
from jughpc.tasks import callee
from jughpc.tasks.jugfile import Jugfile
from tests.tasks.callables import BASES, POSITIONS, WRAPPERS, Recipe, behaviour, callable_by, digests, make, recipes
from tests.tasks.conftest import Memory

LoadText = Callable[..., Jugfile]

numbers = st.integers(1, 3)
stacks = st.lists(st.tuples(st.sampled_from(sorted(WRAPPERS)), numbers), max_size=3).map(tuple)
all_recipes = st.tuples(st.sampled_from(sorted(BASES)), numbers, stacks)
positions = st.sampled_from(sorted(POSITIONS))
PLACE = r"(\S+:\d+|\(a ufunc of numpy\))"  # NumPy does not tell
BOTH_PLACES = re.compile(rf"defined twice, (at {PLACE} and {PLACE}|both times at {PLACE})\. ")


def other_numbers(recipe: Recipe) -> st.SearchStrategy[Recipe]:
    base, _, stack = recipe
    return st.tuples(st.just(base), numbers, st.tuples(*[st.tuples(st.just(name), numbers) for name, _ in stack]))


pairs = all_recipes.flatmap(lambda recipe: st.tuples(st.just(recipe), other_numbers(recipe) | all_recipes))


def told_apart(position: str, one: Recipe, other: Recipe) -> bool:
    """Tell whether two callables of one load have two digests, or the second was refused in the right words."""
    callee.forget()
    digest = POSITIONS[position]
    first, second = make(one), make(other)
    try:
        return digest(first) != digest(second)
    except DigestError:
        return holds_weak_references(one) or holds_weak_references(other)
    except UsageError as error:
        return bool(BOTH_PLACES.search(str(error)))


def holds_weak_references(recipe: Recipe) -> bool:
    """Tell whether an object took over the inner workings of a dispatcher, which nobody can compare."""
    names = [name for name, _ in recipe[2]]
    return "dispatch" in names and not {"class", "method"}.isdisjoint(names[names.index("dispatch") :])


def is_comparable(recipe: Recipe) -> bool:
    return recipe[0] != "ufunc" and not holds_weak_references(recipe)


@settings(max_examples=400, deadline=None)
@given(positions, pairs)
def test_callables_that_differ_have_two_digests_or_the_second_is_refused(
    position: str, pair: tuple[Recipe, Recipe]
) -> None:
    one, other = pair
    if all(callable_by(position, recipe) for recipe in pair) and behaviour(make(one)) != behaviour(make(other)):
        assert told_apart(position, one, other)


@pytest.mark.parametrize("position", POSITIONS)
@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("wrapper", [None, *WRAPPERS])
def test_each_kind_is_told_from_its_like(position: str, base: str, wrapper: str | None) -> None:
    stack = ((wrapper, 3),) if wrapper else ()
    one, other = (base, 1, stack), (base, 2, stack)
    if callable_by(position, one):
        assert behaviour(make(one)) != behaviour(make(other))
        assert told_apart(position, one, other)


@settings(max_examples=200, deadline=None)
@given(positions, all_recipes.filter(is_comparable))
def test_callables_that_are_made_alike_have_one_digest(position: str, recipe: Recipe) -> None:
    if callable_by(position, recipe):
        callee.forget()
        assert POSITIONS[position](make(recipe)) == POSITIONS[position](make(recipe))


def test_digests_of_all_kinds_are_the_same_in_another_process() -> None:
    program = "import json; from tests.tasks.callables import digests; print(json.dumps(digests()))"
    root = str(Path(__file__).parents[2])
    env = {"PYTHONHASHSEED": "7", "PYTHONPATH": ":".join([root, *sys.path])}
    command = [sys.executable, "-O", "-c", program]
    there = subprocess.run(command, env=env, capture_output=True, text=True, check=True, cwd="/").stdout
    assert json.loads(there) == digests()
    assert len(list(recipes())) == 2 * len(BASES) * (1 + len(WRAPPERS))


WRAPS = """
from functools import wraps
from jug import Task, TaskGenerator
def dec(n):
    def decorate(inner):
        @wraps(inner)
        def wrapper(x):
            return inner(x) + n
        return wrapper
    return decorate
def base(x): return x
"""


def test_two_functions_of_one_decorator_have_results_of_their_own(memory: Memory, load_text: LoadText) -> None:
    tasks = load_text(WRAPS + "TaskGenerator(dec(1)(base))(1)\nTask(dec(1000)(base), 1)\nTask(base, 1)\n").tasks
    assert [task.run() for task in tasks] == [2, 1001, 1]
    assert [task.value() for task in tasks] == [2, 1001, 1]
    assert len({task.digest for task in tasks}) == 3


def test_a_decorated_function_that_its_name_leads_to_counts_by_that_name(load_text: LoadText) -> None:
    decorated, plain = "@dec(1)\ndef f(x): return x\n", "def f(x): return x\n"
    one, other = (
        [task.digest for task in load_text(WRAPS + text + "Task(f, 1)\nTask(base, f)\n").tasks]
        for text in (decorated, plain)
    )
    assert one == other


def test_a_decorators_cache_and_lock_do_not_count(load_text: LoadText) -> None:
    text = """
    import threading
    from functools import wraps
    from jug import Task
    def memoized(inner, lock=threading.Lock()):
        cache, guard = {}, threading.Lock()
        @wraps(inner)
        def wrapper(x):
            with guard:
                return cache.setdefault(x, inner(x))
        return wrapper
    @memoized
    def f(x): return x
    Task(f, 1)
    f(2)
    Task(f, 1)
    """
    tasks = load_text(text).tasks
    assert tasks[0].digest == tasks[1].digest


REFUSED = {
    "another function": "def f(x): return x\nTask(f, 1)\ndef f(x): return -x\nTask(f, 1)\n",
    "another default": "for n in 1, 2:\n    def f(x, n=n): return x + n\n    Task(f, 1)\n",
    "another keyword default": "for n in 1, 2:\n    def f(x, *, n=n): return x + n\n    Task(f, 1)\n",
    "another decorator": "@dec(1)\ndef f(x): return x\nTask(f, 1)\n@dec(2)\ndef f(x): return x\nTask(f, 1)\n",
    "decorated in place": "Task(base, 1)\nbase = dec(1)(base)\nTask(base, 1)\n",
    "the inside of a decorated one": "@dec(1)\ndef f(x): return x\nTask(f, 1)\nTask(f.__wrapped__, 1)\n",
    "a name set by hand": "def g(x): return -x\ng.__name__ = g.__qualname__ = 'base'\nTask(base, 1)\nTask(g, 1)\n",
    "another generator": "@TaskGenerator\ndef f(x): return x\nf(1)\n@TaskGenerator\ndef f(x): return -x\nf(1)\n",
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_the_second_of_two_that_one_name_leads_to_is_refused_where_it_is_defined(
    text: str, load_text: LoadText
) -> None:
    with pytest.raises(UsageError, match=BOTH_PLACES):
        load_text(WRAPS + text)


ALIKE = {
    "function": "for n in 1, 1:\n    def f(x, n=n): return x + n\n    Task(f, 1)\n",
    "decorated": "for n in 1, 1:\n    @dec(n)\n    def f(x): return x\n    Task(f, 1)\n",
    "moved": "def f(x): return x\nTask(f, 1)\ndef f(x): return x\nTask(f, 1)\n",
    "named tuple": "from collections import namedtuple\nfor n in 1, 1:\n    Task(base, namedtuple('P', 'a b')(1, 2))\n",
    "enum": "from enum import Enum\nfor n in 1, 1:\n    Task(base, Enum('Colour', 'RED BLUE').RED)\n",
    "class": "for n in 1, 1:\n    class C:\n        __slots__ = 'x'\n        def f(self): super()\n    Task(base, C)\n",
    "dataclass": (
        "from dataclasses import dataclass, field\nfor n in 1, 1:\n    @dataclass(order=True)\n    class C:\n"
        "        x: int = 1\n        y: list = field(default_factory=list)\n    Task(base, C())\n"
    ),
    "abstract class": (
        "import abc, functools\nfor n in 1, 1:\n    class C(abc.ABC):\n        @functools.cached_property\n"
        "        def f(self): return 1\n        @property\n        def g(self): return 1\n    Task(base, C())\n"
    ),
}


@pytest.mark.parametrize("text", ALIKE.values(), ids=ALIKE)
def test_what_is_defined_again_alike_is_the_same(text: str, load_text: LoadText) -> None:
    one, other = load_text(WRAPS + text).tasks
    assert one.digest == other.digest


def test_a_class_defined_again_with_another_method_is_refused_as_an_argument(load_text: LoadText) -> None:
    text = "for n in 1, 2:\n    class C:\n        def f(self, n=n): return n\n    Task(base, C())\n"
    one, other = load_text(WRAPS + text).tasks
    assert one.digest
    with pytest.raises(UsageError, match=BOTH_PLACES):
        other.digest  # noqa: B018  # what is tested


def test_a_function_with_another_version_is_another(load_text: LoadText) -> None:
    text = "for n in '1', '2':\n    def f(x, n=n): return n\n    TaskGenerator(f, version=n)(1)\n"
    one, other = load_text(WRAPS + text).tasks
    assert one.digest != other.digest


def test_what_an_imported_module_holds_is_held_in_the_next_load(load_text: LoadText, tmp_path: Path) -> None:
    (tmp_path / "kept.py").write_text(WRAPS + "f = TaskGenerator(base)\n")
    assert load_text("import kept\nkept.f(1)\n").tasks
    text = "import kept\nkept.f(1)\ndef base(x): return -x\nbase.__module__ = 'kept'\nkept.Task(base, 1)\n"
    with pytest.raises(UsageError, match=r"kept\.base is defined twice"):
        load_text(text)


REDEFINED = {
    "global": "for n in 1, 2, 3:\n    def f(x): return x + n\n    Task(f, 1)\n",
    "global of an inner one": "for n in 1, 2, 3:\n    @dec(1)\n    def f(x): return [n for x in [x]]\n    Task(f, 1)\n",
    "variable": "def main():\n    for n in 1, 2, 3:\n        def f(x): return x + n\n        Task(f, 1)\nmain()\n",
}


@pytest.mark.parametrize("text", REDEFINED.values(), ids=REDEFINED)
def test_a_function_redefined_over_a_changing_variable_is_warned_of_once(text: str, load_text: LoadText) -> None:
    with pytest.warns(UserWarning, match=r"f is defined again while `n`.*n=n") as warned:
        tasks = load_text(WRAPS + text).tasks
    assert len(warned) == 1
    assert warned[0].filename.endswith("jugfile.py")
    assert len({task.digest for task in tasks}) == 1


def test_a_function_redefined_over_what_stays_is_not_warned_of(load_text: LoadText) -> None:
    text = "k = [1]\nfor n in 1, 2:\n    def g(x): return k\n    def f(x): return g(x).n\n    Task(f, 1)\n"
    assert len(load_text(WRAPS + text + "    Task(dec(n)(base), 1)\n").tasks) == 4


def test_what_a_local_function_holds_and_cannot_be_compared_is_told_with_its_place(load_text: LoadText) -> None:
    text = (
        "import threading\ndef make(lock):\n    def f(x): return lock\n    return f\nTask(make(threading.Lock()), 1)\n"
    )
    task = load_text(WRAPS + text).tasks[0]
    with pytest.raises(DigestError, match=r"f, defined at \S+jugfile.py:\d+, holds an object of type _thread.lock"):
        task.digest  # noqa: B018  # what is tested
