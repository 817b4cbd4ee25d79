"""Two calls have the same digest if, and only if, they are the same call."""

from __future__ import annotations

import enum
import subprocess
import sys
import threading
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cached_property, partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jughpc.errors import DigestError
from jughpc.tasks.digest.hashing import hash_one, hash_update, new_hash_object
from jughpc.tasks.generator import TaskGenerator
from jughpc.tasks.task import Task
from jughpc.tasks.tasklet import NoLoad, Tasklet, iteratetask
from jughpc.tasks.unsafe import NoHash

DEEP = 100_000


def f(*args: object, **kwargs: object) -> object:
    return args, kwargs


def g(*args: object) -> object:
    return args


class A:
    @staticmethod
    def make(x: int) -> int:
        return x


class B:
    @staticmethod
    def make(x: int) -> int:
        return -x


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


class Other(enum.Enum):
    RED = 1


class Mode(enum.Flag):
    READ = 1
    WRITE = 2


@dataclass(frozen=True)
class Point:
    x: object
    y: object = None


@dataclass
class Place:
    x: object
    y: object = None


@dataclass
class Lazy:
    x: int
    tags: set[str] = field(default_factory=set)

    @cached_property
    def double(self) -> int:
        return 2 * self.x


class Plain:
    def __init__(self, **state: object) -> None:
        self.__dict__.update(state)

    def scaled(self, x: int) -> int:
        return x


class Slotted:
    __slots__ = ("x",)

    def __init__(self, x: object) -> None:
        self.x = x


class Names(set):  # type: ignore[type-arg]
    pass


class Row(list):  # type: ignore[type-arg]
    pass


Pair = namedtuple("Pair", "a b")
Couple = namedtuple("Couple", "a b")


def digest(*args: object, **kwargs: object) -> bytes:
    return Task(f, *args, **kwargs).digest


def test_a_digest_is_sixteen_bytes_and_its_hash_the_same_in_hexadecimal_text() -> None:
    task = Task(f, 1)
    assert len(task.digest) == 16
    assert task.hash() == task.__jug_hash__() == task.digest.hex().encode()


DIFFERENT: list[tuple[object, object]] = [
    (([1], 2), ([1, 2],)),
    (([1], 2, 3), ([1, 2], 3)),
    (([[1], 2],), ([[1, 2]],)),
    ((1,), (True,)),
    ((1,), (1.0,)),
    ((0.0,), (-0.0,)),
    ((1,), ("1",)),
    (("1",), (b"1",)),
    ((b"1",), (bytearray(b"1"),)),
    ((None,), ("None",)),
    ((), (None,)),
    (((1, 2),), ([1, 2],)),
    (((1, 2),), (1, 2)),
    (((),), ([],)),
    (({1, 2},), (frozenset({1, 2}),)),
    (({1: 2},), ({2: 1},)),
    (({1: 2, 3: 4},), ({1: 4, 3: 2},)),
    (({"a": 1},), (OrderedDict(a=1),)),
    ((OrderedDict(a=1, b=2),), (OrderedDict(b=2, a=1),)),
    ((defaultdict(int),), (defaultdict(list),)),
    ((Pair(1, 2),), ((1, 2),)),
    ((Pair(1, 2),), (Couple(1, 2),)),
    ((Point(1, 2),), (Place(1, 2),)),
    ((Point(1, 2),), (Point(2, 1),)),
    ((Colour.RED,), (Colour.BLUE,)),
    ((Colour.RED,), (Other.RED,)),
    ((Mode.READ | Mode.WRITE,), (Mode.READ,)),
    ((Path("a"),), ("a",)),
    ((Path("a/b"),), (Path("a"), "b")),
    ((range(3),), ([0, 1, 2],)),
    ((range(3),), (range(4),)),
    ((slice(1, 2),), (slice(1, 2, 1),)),
    ((Plain(x=1),), (Plain(x=2),)),
    ((Slotted(1),), (Slotted(2),)),
    ((Names("ab"),), (set("ab"),)),
    ((Row([1]),), ([1],)),
    ((deque([1, 2]),), (deque([2, 1]),)),
    ((Decimal("1.0"),), (Decimal("1.00"),)),
    ((Fraction(1, 2),), (0.5,)),
    ((date(2020, 1, 2),), (date(2020, 2, 1),)),
    ((f,), (g,)),
    ((A,), (B,)),
    ((A.make,), (B.make,)),
    ((len,), (max,)),
    ((str.upper,), (str.lower,)),
    ((partial(f, 1),), (partial(f, 2),)),
    ((partial(f, 1),), (f, 1)),
    ((Plain(x=1).scaled,), (Plain(x=2).scaled,)),
    ((enum,), (sys,)),
    ((..., 1), (None, 1)),
    ((1 + 2j,), (2 + 1j,)),
    (("a", "bc"), ("ab", "c")),
    (("\ud800",), ("\ud801",)),
    ((2**70,), (-(2**70),)),
]


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_calls_that_differ_have_different_digests(one: tuple[object, ...], other: tuple[object, ...]) -> None:
    assert digest(*one) != digest(*other)


def shuffled_dict() -> dict[str, int]:
    return {name: ord(name) for name in reversed("abcdefgh")}


SAME: list[tuple[object, object]] = [
    ({name: ord(name) for name in "abcdefgh"}, shuffled_dict()),
    (set("abcdefgh"), set("hgfedcba")),
    ({"x": {"y": {1, 2}}}, {"x": {"y": {2, 1}}}),
    (Counter("abcb"), Counter("bbac")),
    (defaultdict(int, a=1, b=2), defaultdict(int, b=2, a=1)),
    (Plain(a=1, b={"x", "y"}), Plain(b={"y", "x"}, a=1)),
    (range(0, 10, 3), range(0, 12, 3)),
    (range(5, 5), range(0)),
    (float("nan"), -float("nan")),
    ("ab" * 2, "".join(["a", "b", "a", "b"])),
    (["ab", "ab"], ["ab", "".join(["a", "b"])]),
    (Path("a/b"), Path("a") / "b"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_equal_arguments_have_equal_digests_however_they_were_made(one: object, other: object) -> None:
    assert digest(one) == digest(other)
    assert digest(k=[one]) == digest(k=[other])


def test_a_number_too_long_to_be_printed_has_a_digest() -> None:
    assert digest(10**5000) == digest(10**4999 * 10) != digest(10**5000 + 1)


def test_keyword_arguments_count_by_name_in_any_order() -> None:
    assert digest(a=1, b=2) == digest(b=2, a=1)
    assert digest(a=1, b=2) != digest(a=2, b=1)
    assert digest(a=1) != digest(1)


def test_functions_of_other_names_have_other_digests() -> None:
    assert Task(f, 1).digest != Task(g, 1).digest


def test_static_methods_of_two_classes_differ_though_they_show_the_same_name() -> None:
    one, other = Task(A.make, 1), Task(B.make, 1)
    assert one.name == other.name
    assert one.digest != other.digest


def test_a_name_that_was_set_counts_and_replaces_the_function_in_the_digest() -> None:
    one, other = Task(f, 1), Task(g, 1)
    before = one.digest
    one.name = other.name = "mine"
    assert one.name == "mine"
    assert one.digest == other.digest != before


def test_methods_of_two_instances_differ() -> None:
    assert Task(Plain(x=1).scaled, 1).digest != Task(Plain(x=2).scaled, 1).digest
    assert Task(Plain(x=1).scaled, 1).digest == Task(Plain(x=1).scaled, 1).digest


def test_a_version_gives_another_digest_and_none_is_no_version() -> None:
    plain, first, second = TaskGenerator(f), TaskGenerator(f, version="1"), TaskGenerator(f, version="2")
    digests = {make(1).digest for make in (plain, first, second)}
    assert len(digests) == 3
    assert plain(1).digest == Task(f, 1).digest
    assert first(1).name == Task(f, 1).name


def test_a_task_as_an_argument_counts_by_its_digest() -> None:
    assert digest(Task(f, 1)) == digest(Task(f, 1)) != digest(Task(f, 2))
    assert digest([Task(f, 1)]) != digest(Task(f, 1))
    assert digest(Task(f, 1)) != digest(Task(f, 1).hash())


def test_tasklets_count_by_base_and_by_what_is_taken_of_it() -> None:
    task = Task(f, 1)
    tokens = [task, task[0], task[1], task["a"], task[0][1], task[task[0]], NoLoad(task), iteratetask(task, 2)]
    tokens += [Tasklet(task, len), Tasklet(task, abs), Tasklet(task[0], len)]
    digests = [digest(token) for token in tokens]
    assert len(set(digests)) == len(digests)
    assert digest(task[1:3]) == digest(Task(f, 1)[1:3])


def test_a_task_generator_as_an_argument_counts_by_its_function() -> None:
    assert digest(TaskGenerator(f)) == digest(TaskGenerator(f)) != digest(TaskGenerator(g))
    assert digest(TaskGenerator(f)) != digest(f)


def test_what_is_wrapped_in_no_hash_does_not_count() -> None:
    assert digest(NoHash(1)) == digest(NoHash([2])) != digest(1)


def test_the_hash_of_an_objects_own_wins_over_every_rule() -> None:
    class Own(dict):  # type: ignore[type-arg]
        def __jug_hash__(self) -> bytes:
            return b"own"

    assert digest(Own(a=1)) == digest(Own(b=2)) != digest({})


def test_cached_properties_of_a_dataclass_do_not_count() -> None:
    fresh, used = Lazy(1, {"a", "b"}), Lazy(1, {"b", "a"})
    assert used.double == 2
    assert digest(fresh) == digest(used)


def test_an_argument_that_cannot_be_pickled_is_an_error_that_names_its_type() -> None:
    with pytest.raises(DigestError, match=r"^tests.*\.f was called with an object of type _thread.lock.*__jug_hash__"):
        digest({"a": [threading.Lock()]})


@pytest.mark.local  # takes a while
def test_a_container_a_hundred_thousand_levels_deep_has_a_digest() -> None:
    def nest(first: object) -> object:
        for i in range(DEEP):
            first = [first] if i % 3 == 0 else (first,) if i % 3 == 1 else {"a": first}
        return first

    assert digest(nest(1)) != digest(nest(2))


def test_frozen_sets_a_hundred_thousand_levels_deep_have_a_digest() -> None:
    inner: frozenset[object] = frozenset()
    for _ in range(DEEP):
        inner = frozenset([inner])
    assert len(digest(inner)) == 16


def test_the_last_task_of_a_chain_of_a_hundred_thousand_has_a_digest() -> None:
    task = Task(f, 0)
    for _ in range(DEEP):
        task = Task(f, task)
    assert len(task.digest) == 16


def test_a_list_that_contains_itself_has_a_digest() -> None:
    def loop(first: int) -> list[object]:
        new: list[object] = [first]
        new.append(new)
        return new

    assert digest(loop(1)) == digest(loop(1)) != digest(loop(2))


def test_objects_that_know_their_parents_have_a_digest() -> None:
    def tree(leaf: int) -> Plain:
        root = Plain(children=[])
        root.children = [Plain(parent=root, value=value) for value in (1, leaf)]
        return root

    assert digest(tree(2)) == digest(tree(2)) != digest(tree(3))


def test_objects_that_share_their_parts_are_taken_apart_once() -> None:
    shared: object = Point(1)
    for _ in range(200):  # 2 ** 200 paths lead to the first
        shared = Point(shared, shared)
    assert len(digest(shared)) == 16


def test_hash_one_tells_values_as_a_digest_does() -> None:
    assert hash_one([1, {2: 3}]) == hash_one([1, {2: 3}]) != hash_one([1, {2: 4}])
    assert len(hash_one(1)) == 32


def test_a_hash_that_is_fed_pairs_tells_labels_and_values() -> None:
    def fed(*pairs: tuple[object, object]) -> str:
        hasher = new_hash_object()
        hash_update(hasher, pairs)
        return hasher.hexdigest()

    assert fed(("a", 1), ("b", [2])) == fed(("a", 1), ("b", [2]))
    assert len({fed(("a", 1), ("b", 2)), fed(("b", 1), ("a", 2)), fed(("a", 1)), fed(("a", "1"))}) == 4


numbers = st.booleans() | st.integers() | st.floats(allow_nan=False) | st.complex_numbers(allow_nan=False)
atoms = st.none() | numbers | st.text() | st.binary()
hashable = st.recursive(atoms, lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=3), max_leaves=5)
values = st.recursive(
    atoms,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner)
        | st.dictionaries(hashable, inner, max_size=4)
        | st.sets(hashable, max_size=4)
        | st.builds(Point, inner, inner)
    ),
    max_leaves=10,
)


def spelled(value: object) -> object:
    """Return what tells values apart as strictly as digests should, containers without their order."""
    if isinstance(value, list | tuple):
        return type(value).__name__, [spelled(part) for part in value]
    if isinstance(value, set | frozenset):
        return type(value).__name__, sorted(repr(spelled(part)) for part in value)
    if isinstance(value, dict):
        return "dict", sorted(repr((spelled(key), spelled(part))) for key, part in value.items())
    if isinstance(value, Point):
        return "Point", spelled(value.x), spelled(value.y)
    return type(value).__name__, repr(value)


@given(values, values)
def test_two_values_have_one_digest_exactly_if_they_are_spelled_alike(one: object, other: object) -> None:
    assert (digest(one) == digest(other)) == (spelled(one) == spelled(other))


@given(st.lists(values, max_size=3), st.lists(values, max_size=3))
def test_two_calls_have_one_digest_exactly_if_their_arguments_are_spelled_alike(
    one: list[object], other: list[object]
) -> None:
    assert (digest(*one) == digest(*other)) == (spelled(one) == spelled(other))


@given(values)
def test_a_copy_of_a_value_has_its_digest(value: object) -> None:
    def copied(part: object) -> object:
        if isinstance(part, dict):
            return dict(reversed([(key, copied(inner)) for key, inner in part.items()]))
        if isinstance(part, list):
            return [copied(inner) for inner in part]
        return part

    assert digest(value) == digest(copied(value))


SNIPPET = """
from jughpc.tasks.digest.hashing import hash_one
class Box:
    def __init__(self, **state): self.__dict__.update(state)
names = ["n%d" % i for i in range(50)]
value = [set(names), frozenset(names), {n: {n} for n in names}, Box(tags=set(names)), {"a": Box(x=frozenset(names))}]
print(hash_one(value).decode())
"""


def test_digests_do_not_depend_on_the_hash_seed() -> None:
    def run(seed: str) -> str:
        env = {"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)}
        command = [sys.executable, "-c", SNIPPET]
        return subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout

    assert len({run("0"), run("1"), run("2")}) == 1


def test_calls_of_a_local_function_differ_by_what_it_closes_over() -> None:
    def make(n: object) -> Callable[[], object]:
        def local() -> object:
            return n

        return local

    assert Task(make(1)).digest == Task(make(1)).digest != Task(make(2)).digest
