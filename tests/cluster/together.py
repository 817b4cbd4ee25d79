"""Tests that run at the same time, each on a cluster of its own: they wait for Slurm more than they compute."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from tests.cluster.lab import Cluster, Login

Flow = Callable[[Login], None]
Boot = Callable[..., AbstractContextManager[Cluster]]
Started = dict[str, "Future[None]"]

AT_ONCE = 6  # clusters


def together(nodes: int, *lines: str) -> Callable[[Flow], Callable[[Started], None]]:
    """Let a test run beside others, handed a user of a cluster of its own: so many nodes, these lines of slurm.conf."""

    def decorate(flow: Flow) -> Callable[[Started], None]:
        def test(started: Started) -> None:
            started[flow.__name__].result()

        test.__name__, test.__doc__ = flow.__name__, flow.__doc__
        test.together = (flow, nodes, lines)  # type: ignore[attr-defined]
        return test

    return decorate


@contextmanager
def begun(tests: Sequence[Any], boots: Boot, folder: Callable[[str], Path]) -> Iterator[Started]:
    """Begin those of the tests that are marked so, some at once, in their order."""

    def run(flow: Flow, booted: AbstractContextManager[Cluster], home: Path) -> None:
        with booted as cluster:
            flow(Login(home, cluster))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        marked = [test.together for test in tests if hasattr(test, "together")]
        yield {
            flow.__name__: pool.submit(run, flow, boots(nodes, *lines), folder("login"))
            for flow, nodes, lines in marked
        }
