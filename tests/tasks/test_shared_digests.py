"""A container that is met again is not digested again, and gives the same digest as one that is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from jughpc.errors import DigestError
from jughpc.tasks.digest import hashing
from jughpc.tasks.digest.shared import MANY, Shared, shared
from jughpc.tasks.task import Task


def f(*args: Any) -> Any:
    return args


def digests(container: Any) -> list[bytes]:
    """Return the digest of a call with `container`, of which nothing is known at first, four times."""
    shared.forget()
    return [Task(f, container).digest for _ in range(4)]


LARGE: dict[str, Callable[[], Any]] = {
    "a list of tasks": lambda: [Task(f, i) for i in range(100)],
    "a tuple": lambda: tuple(range(100)),
    "a dict of tasks": lambda: {i: Task(f, i) for i in range(100)},
    "a set": lambda: set(range(100)),
    "pairs": lambda: [(str(i), Task(f, i)) for i in range(100)],
    "lists": lambda: [[i] for i in range(100)],
    "byte arrays": lambda: [bytearray([i]) for i in range(100)],
    "within another": lambda: {"a": [Task(f, i) for i in range(100)], "b": 1},
    "of itself": lambda: _knotted(),
}


def _knotted() -> list[Any]:
    knot: list[Any] = list(range(100))
    knot.append(knot)
    return knot


@pytest.mark.parametrize("kind", LARGE)
def test_the_digest_is_the_same_whether_it_was_met_before_or_not(kind: str) -> None:
    assert len({*digests(LARGE[kind]()), *digests(LARGE[kind]())}) == 1


CHANGES: dict[str, Callable[[list[Any]], None]] = {
    "one more": lambda parts: parts.append(1),
    "one less": lambda parts: parts.clear(),
    "another order": lambda parts: parts.reverse(),
    "an equal one of another type": lambda parts: parts.__setitem__(1, True),
    "another task": lambda parts: parts.__setitem__(70, Task(f, "other")),
    "a task of another name": lambda parts: setattr(parts[80], "name", "renamed"),
    "what is in a pair": lambda parts: parts[90][1].append(2),
    "bytes in place": lambda parts: parts[91].append(2),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("uses", [0, 1, 2, 3])
def test_a_container_that_was_changed_between_two_calls_has_another_digest(change: str, uses: int) -> None:
    parts: list[Any] = [*range(70), *(Task(f, i) for i in range(20)), ("pair", [1]), bytearray(b"x"), *range(MANY)]
    before = {Task(f, parts).digest for _ in range(uses)}
    CHANGES[change](parts)
    after = Task(f, parts).digest
    assert after not in before
    shared.forget()
    assert Task(f, parts).digest == after


def test_another_container_in_the_place_of_one_that_is_gone_has_its_own_digest() -> None:
    numbers = list(range(100))
    seen = set()
    for kind in (list, tuple, list, tuple, list, tuple):
        for _ in range(3):
            seen.add((kind, hashing.token(kind(numbers))))
    assert len(seen) == 2


def test_what_is_kept_of_containers_is_bounded() -> None:
    known = Shared(most=1000)
    containers = [[i] * 300 for i in range(10)]
    for _ in range(3):
        for container in containers:
            known.met(container, b"token")
    assert 0 < known.size <= 1000
    assert known.find(containers[9]) == b"token"
    assert known.find(containers[0]) is None


def test_a_list_of_many_calls_is_digested_twice_at_most() -> None:
    parts = [Task(f, i) for i in range(100)]
    digests(parts)
    assert shared.find(parts) == hashing.token(parts)


class Bag:
    """Hides what it holds."""

    def __init__(self, content: Any) -> None:
        self.content = content


def test_tasks_in_a_list_that_is_known_are_refused_where_nobody_replaces_them() -> None:
    parts = [Task(f, i) for i in range(100)]
    digests(parts)
    with pytest.raises(DigestError, match="Bag"):
        Task(f, Bag(parts)).digest  # noqa: B018
    with pytest.raises(DigestError, match="Bag"):
        Task(f, Bag([("pair", part) for part in parts])).digest  # noqa: B018
