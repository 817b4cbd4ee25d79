"""Functions count by name; local ones and lambdas also by what they bring."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from jughpc.errors import DigestError
from jughpc.tasks.task import Task
from jughpc.tasks.tasklet import Tasklet


def f(*args: object) -> object:
    return args


def digest(argument: object) -> bytes:
    return Task(f, argument).digest


@pytest.fixture
def module(tmp_path: Path) -> Callable[[str], ModuleType]:
    """Import a text as the module `lambdas`, each time from a file of its own."""

    def module(text: str) -> ModuleType:
        path = tmp_path / str(len(list(tmp_path.iterdir()))) / "lambdas.py"
        path.parent.mkdir()
        path.write_text(text)
        spec = importlib.util.spec_from_file_location("lambdas", path)
        assert spec
        assert spec.loader
        new = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(new)
        return new

    return module


def test_a_lambda_counts_by_its_text(module: Callable[[str], ModuleType]) -> None:
    texts = ["g = lambda x: x + 1", "\n\ng = lambda x: x + 1", "g = lambda x: x - 1"]
    one, moved, other = (digest(module(text).g) for text in texts)
    assert one == moved != other


def test_two_lambdas_of_one_text_count_by_what_they_close_over(module: Callable[[str], ModuleType]) -> None:
    text = "def make(n):\n    return lambda x: x[n]\ndef bind(n):\n    return lambda x, n=n: x[n]\n"
    make, bind = module(text).make, module(text).bind
    assert digest(make(1)) == digest(make(1)) != digest(make(2))
    assert digest(bind(1)) == digest(bind(1)) != digest(bind(2))


SHARED = "f, g = lambda x: (lambda x: x), lambda x: -x\nh = f(1)\n"
ALONE = "f = lambda x: (lambda x: x)\ng = lambda x: -x\n"


def test_lambdas_that_share_a_line_with_others_are_told_apart_or_refused(module: Callable[[str], ModuleType]) -> None:
    shared, alone = module(SHARED), module(ALONE)
    if sys.version_info < (3, 11):  # code does not tell its columns
        with pytest.raises(DigestError, match=r"line 1 of .*lambdas.py.*a line of its own"):
            digest(shared.g)
    else:
        assert [digest(shared.f), digest(shared.g)] == [digest(alone.f), digest(alone.g)]
        assert digest(shared.h) not in (digest(shared.f), digest(shared.g))


def test_equal_lambdas_may_share_a_line(module: Callable[[str], ModuleType]) -> None:
    there = module("g, h = lambda x: x, lambda x: x")
    assert digest(there.g) == digest(there.h)


def test_a_lambda_without_source_must_get_a_name() -> None:
    space: dict[str, Callable[[int], int]] = {}
    exec("g = lambda x: x", space)
    with pytest.raises(DigestError, match="a name: def name"):
        digest(space["g"])


def test_a_lambda_in_a_tasklet_counts(module: Callable[[str], ModuleType]) -> None:
    there = module("g = lambda x: x[0]\nh = lambda x: x[1]\n")
    task = Task(f, 1)
    assert digest(Tasklet(task, there.g)) == digest(Tasklet(task, there.g)) != digest(Tasklet(task, there.h))


def test_a_recursive_local_function_has_a_digest() -> None:
    def make(limit: int) -> Callable[[int], int]:
        def down(n: int) -> int:
            return n if n < limit else down(n - 1)

        return down

    assert digest(make(1)) == digest(make(1)) != digest(make(2))


def test_local_functions_that_call_each_other_have_digests() -> None:
    def make(limit: int) -> Callable[[int], bool]:
        def even(n: int) -> bool:
            return n < limit or odd(n - 1)

        def odd(n: int) -> bool:
            return n >= limit and even(n - 1)

        return even

    assert digest(make(1)) == digest(make(1)) != digest(make(2))


def test_a_variable_that_is_not_assigned_yet_counts_as_such() -> None:
    def make(assigned: bool) -> Callable[[], object]:
        def local() -> object:
            return later

        if assigned:
            later = 1
        return local

    assert digest(make(False)) != digest(make(True))


def test_a_function_behind_a_plain_decorator_counts_by_the_decorated_one() -> None:
    def decorate(inner: Callable[[], int]) -> Callable[[], int]:
        def outer() -> int:
            return inner()

        return outer

    def one() -> int:
        return 1

    def two() -> int:
        return 2

    assert Task(decorate(one)).digest != Task(decorate(two)).digest


class Compiled:
    """A function as a compiler wraps it."""

    def __init__(self, name: str, state: object) -> None:
        self.__name__ = self.__qualname__ = name
        self.state = state

    def __call__(self) -> object:
        return self.state


compiled = Compiled("compiled", 1)


def test_a_callable_that_its_name_leads_to_counts_by_name_alone() -> None:
    before = Task(compiled).digest
    compiled.state = 2
    assert Task(compiled).digest == before


def test_a_callable_that_no_name_leads_to_counts_with_its_state() -> None:
    assert Task(Compiled("lost", 1)).digest != Task(Compiled("lost", 2)).digest
