"""How what ran where looks on a terminal: a line a node, and under it what went wrong there last."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from jughpc.app.status.nodes import NodeTally


def lines(found: Sequence[NodeTally]) -> Iterator[str]:
    """Yield the lines on all nodes."""
    if not found:
        yield "no worker of this store is known"
    for one in found:
        yield f"{one.host}  {', '.join(_counts(one))}"
        if one.reason:
            yield f"      the last: {one.reason}"
        if one.avoided:
            numbers = ", ".join(map(str, one.avoided))
            yield f"      further arrays of submission {numbers} keep off it"


def _counts(one: NodeTally) -> Iterator[str]:
    yield f"{one.working} workers live"
    yield f"{one.ended} ended in order"
    yield f"{one.done} tasks done"
    yield f"{one.failed} failed"
    yield f"{one.died} workers died"
    if one.unbegun:
        yield f"{one.unbegun} that never began to work"
