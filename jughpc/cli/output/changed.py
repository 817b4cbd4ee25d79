"""What is no more what was submitted, or what computed the results."""

from __future__ import annotations

from collections.abc import Iterator

from jughpc.app.context.manifest import Manifest
from jughpc.app.context.sources import Changed
from jughpc.app.status.report import Report
from jughpc.cli.output.rows import BUSY, FAINT, Row, row
from jughpc.units import moment


def as_loaded(manifest: Manifest) -> Iterator[Row]:
    """Yield when the tasks were loaded, if that is not just now."""
    if manifest.since is not None:
        when = f"as loaded at {moment(manifest.since)}" if manifest.since else "of old"
        yield row(f"These are the tasks {when}: the jugfile was not run.", FAINT)


def changes(report: Report) -> Iterator[Row]:
    """Yield what changed, a line each."""
    for name in report.changes.texts:
        since = report.changes.since
        yield row(f"{name} has changed since submission {since} was submitted, which runs what was submitted", BUSY)
    for function in report.changes.functions:
        yield row(changed_function(function), BUSY)


def changed_function(function: Changed) -> str:
    """Return that the source of a function changed, and what to do."""
    name = function.name.rpartition(".")[2]
    which = (
        f"{function.old} of its {function.results} results"
        if function.old < function.results
        else (f"its {function.results} results")
    )
    return f"{name} changed since {which}: run `jughpc invalidate --name {name}`, or give it a version"
