"""A text means tasks by their digest, their call or their name, the same wherever tasks are chosen."""

from __future__ import annotations

import pytest

from jughpc.errors import UsageError
from jughpc.tasks import brief
from jughpc.tasks.meaning import meant, meant_of_calls
from jughpc.tasks.task import Task


def work(*args, **kwargs):
    """Stand for any function."""


def tasks():
    found = [Task(work, 1), Task(work, "a'b", fast=True), Task(work, [1, 2]), Task(work)]
    return [*found, Task(work, found[0])]


def both(text):
    """Return what a text means of tasks, and of what is known in short of them."""
    every = tasks()
    digests = [task.digest for task in every]
    calls = [(task.name, brief.call(task.name, task.args, task.kwargs)) for task in every]
    return meant(text, every, digests), meant_of_calls(text, calls, digests)


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("work", [0, 1, 2, 3, 4]),
        ("w?rk", [0, 1, 2, 3, 4]),
        ("work()", [3]),
        ("work(1)", [0]),
        ("work( 1 )", [0]),
        (f"{__name__}.work([1,2])", [2]),
        ("""work("a'b", fast = True)""", [1]),
        ("work(work(1))", [4]),
        (f"work( {__name__}.work( 1 ))", [4]),
    ],
)
def test_a_call_or_a_name_means_the_same_of_tasks_and_of_what_is_kept_of_them(text, places):
    assert both(text) == (places, places)


def test_a_task_among_the_arguments_is_written_as_it_is_shown():
    last = tasks()[4]
    assert both(brief.call("work", last.args, last.kwargs)) == ([4], [4])


def test_the_beginning_of_a_digest_means_its_task():
    for place, task in enumerate(tasks()):
        assert both(task.digest.hex()[:12]) == ([place], [place])


@pytest.mark.parametrize("text", ["", "nosuch", "work(", "nosuch(1)", "ffffffff", "(" * 500])
def test_what_means_nothing_is_refused_with_the_names_that_there_are(text):
    for find in (lambda: meant(text, tasks(), []), lambda: meant_of_calls(text, [("m.work", "m.work(1)")], [])):
        with pytest.raises(UsageError, match=r"give a name \(.*work\)"):
            find()


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("one", [0]),
        ("rows", [0, 1]),
        ("rows[1]", [1]),
        ("rows[-1]", [1]),
        ("by_name['list']", [2]),
        ("part", [3]),
        ("part[0]", [3]),
    ],
)
def test_a_variable_of_the_jugfile_means_the_tasks_that_it_holds(text, places):
    every = tasks()
    space = {"one": every[0], "rows": every[:2], "by_name": {"list": every[2]}, "part": every[3][5], "n": 3}
    assert meant(text, every, [task.digest for task in every], space) == places
    for wrong in ("rows[7]", "rows[one]", "n", "n[0]", "rows.pop()", "other"):
        with pytest.raises(UsageError, match="a variable of the jugfile"):
            meant(wrong, every, [task.digest for task in every], space)


def test_in_place_of_a_call_that_there_is_not_those_most_like_it_are_told():
    every = [Task(work, i, seed=seed) for i in range(20) for seed in (0, 1)]
    with pytest.raises(UsageError, match=r"there is .*\.work\(7, seed=.*\.work\(7, seed="):
        meant("work(7)", every, [])
