"""The tasks of a jugfile as a graph for Graphviz: a node a task name, an edge where one needs the other."""

from __future__ import annotations

from collections.abc import Iterator

from jughpc.app.context.manifest import Manifest
from jughpc.app.status.tasks import COLUMNS, Standing


def dot(standing: Standing, with_status: bool = True) -> str:
    """Return the graph in the DOT language."""
    labels = {name: name for name in standing.manifest.names}
    if with_status:
        labels = {name: f"{name}\\n{_in_letters(counts)}" for name, counts in standing.by_name().items()}
    nodes = [f"  {_quoted(name)} [shape=box, label={_quoted(label)}];" for name, label in labels.items()]
    edges = [f"  {_quoted(needed)} -> {_quoted(needing)};" for needed, needing in _edges(standing.manifest)]
    return "\n".join(["digraph tasks {", *nodes, *edges, "}", ""])


def _in_letters(counts: list[int]) -> str:
    return " ".join(f"{count}{column[0]}" for count, column in zip(counts, COLUMNS, strict=True))


def _edges(manifest: Manifest) -> Iterator[tuple[str, str]]:
    """Yield which task names need which, as (needed, needing), each pair once."""
    for source, target in sorted(manifest.name_pairs()):
        yield manifest.names[source], manifest.names[target]


def _quoted(text: str) -> str:
    escaped = text.replace('"', '\\"')
    return f'"{escaped}"'
