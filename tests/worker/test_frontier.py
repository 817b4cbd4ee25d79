"""What can run now, as results become known."""

from __future__ import annotations

from jughpc.tasks.graph import Graph
from jughpc.tasks.task import Task, alltasks
from jughpc.worker.frontier import Frontier


def chain(*values: int) -> Graph:
    """Return the graph of tasks of which each needs the one before."""
    tasks: list[Task[int]] = []
    for value in values:
        tasks.append(Task(max, [value, *tasks[-1:]]))
    alltasks.clear()
    return Graph(tasks)


def test_a_task_that_a_batch_makes_ready_and_does_is_not_ready_behind_it() -> None:
    frontier = Frontier(chain(1, 2, 3), lambda digest: 0)
    assert frontier.done(0, [0, 1]) == [2]
    assert (frontier.ready, frontier.left[0]) == ({0: {2}}, 1)


def test_a_batch_that_does_all_leaves_nothing_ready() -> None:
    frontier = Frontier(chain(1, 2, 3), lambda digest: 0)
    assert frontier.done(0, [0, 1, 2]) == []
    assert (frontier.ready, frontier.left[0]) == ({}, 0)


def test_a_result_that_is_lost_makes_its_task_ready_and_its_dependents_wait() -> None:
    frontier = Frontier(chain(1, 2, 3), lambda digest: 0)
    frontier.done(0, [0, 1])
    frontier.undone(1)
    assert frontier.ready == {0: {1}}
    assert frontier.done(0, [1]) == [2]
