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


def flat(count: int) -> Graph:
    tasks = [Task(max, [value]) for value in range(count)]
    alltasks.clear()
    return Graph(tasks)


def test_a_shard_takes_a_set_only_once_a_task_of_it_is_taken_out() -> None:
    frontier = Frontier(flat(6), lambda digest: digest[0] % 2)
    one, other = sorted(frontier.ready)
    taken = list(frontier.members(one))[:1]
    frontier.done(one, taken)
    assert not isinstance(frontier.ready[other], set)
    assert set(frontier.ready.get(one, ())) == set(frontier.members(one)) - set(taken)


def test_where_a_task_is_can_be_asked_of_any_number_of_shards() -> None:
    graph = flat(20)
    frontier = Frontier(graph, lambda digest: digest[0] % 5)
    assert [frontier.index(digest) for digest in graph.digests] == list(range(20))
    assert frontier.index(bytes(16)) is None
    assert [graph.index[digest] for digest in graph.digests] == list(range(20))


def test_what_a_shard_lacks_and_where_its_tasks_are_is_told_by_digest() -> None:
    graph = chain(1, 2, 3)
    frontier = Frontier(graph, lambda digest: 0)
    frontier.done(0, [0, 2])
    assert frontier.lacking(0) == {graph.digests[1]}
    assert frontier.indices(0, graph.digests[1:]) == [1, 2]
    assert frontier.indices(7, set()) == []
