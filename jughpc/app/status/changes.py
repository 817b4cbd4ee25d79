"""What is no more what it was: a jugfile since it was submitted, functions since they computed results in use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jughpc.app.context import pinned, sources
from jughpc.app.context.site import Site
from jughpc.app.context.sources import Changed, Project
from jughpc.app.status.elements import Jobs
from jughpc.app.status.tasks import COMPLETE, Standing
from jughpc.tasks.jugfile import read


@dataclass(frozen=True)
class Changes:
    """What changed, as far as it is known.

    Attributes:
        since: The submission that runs another text of the jugfile, 0 if there is none.
        functions: Those whose source is not that which computed results in use.
    """

    since: int = 0
    functions: Sequence[Changed] = ()


def changes(site: Site, standing: Standing, jobs: Jobs | None) -> Changes:
    """Return what changed; nothing is recomputed, whatever it is.

    Args:
        jobs: The submission that may still run.
    """
    if (files := site.files) is None or not site.target.is_there():
        return Changes()
    text = read(site.target.place)
    project = Project(site.target, text, site.folder)
    return Changes(
        since=jobs.submission.number if jobs and _runs_another(jobs, text) else 0,
        functions=sources.changes(files, standing.manifest, standing.state == COMPLETE, project),
    )


def _runs_another(jobs: Jobs, text: bytes) -> bool:
    """Return whether the jobs may still run, and run another text."""
    submitted = jobs.submission.meta.get("text")
    return bool(submitted) and submitted != pinned.key_of(text) and not _over(jobs)


def _over(jobs: Jobs) -> bool:
    told = [*jobs.poll.elements.values(), *jobs.poll.dependents.values()]
    return jobs.cancelled or (bool(told) and all(status.state.ended for status in told))
