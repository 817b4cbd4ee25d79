"""What is no more what it was: a jugfile since it was submitted, functions since they computed results in use."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from jughpc.app.context import pinned, sources
from jughpc.app.context.site import Site
from jughpc.app.context.sources import Changed, Project
from jughpc.app.status.elements import Jobs
from jughpc.app.status.tasks import COMPLETE, Standing
from jughpc.batch import submissions
from jughpc.fs import Files
from jughpc.tasks.jugfile import read


@dataclass(frozen=True)
class Changes:
    """What changed, as far as it is known.

    Attributes:
        since: The submission that runs another text of the jugfile, or of its reduce, 0 if there is none.
        texts: The names of those of these two that changed.
        functions: Those whose source is not that which computed results in use.
    """

    since: int = 0
    texts: tuple[str, ...] = ()
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
    changed = _changed_texts(site, jobs, text) if jobs and not _over(jobs, files) else ()
    return Changes(
        since=jobs.submission.number if jobs and changed else 0,
        texts=changed,
        functions=sources.changes(files, standing.manifest, standing.state == COMPLETE, project),
    )


def _changed_texts(site: Site, jobs: Jobs, text: bytes) -> tuple[str, ...]:
    """Return the names of the jugfile and of the reduce, each if jobs run another text of it than the user's file has.

    A file that is gone changed nothing.
    """
    meta, found = jobs.submission.meta, list[str]()
    if meta.get("text") and meta["text"] != pinned.key_of(text):
        found.append(site.target.jugfile.name)
    script = jobs.submission.options.workdir / meta.get("reduce", "")
    with suppress(OSError):
        if meta.get("reduce_text") and meta["reduce_text"] != pinned.key_of(script.read_bytes()):
            found.append(script.name)
    return tuple(found)


def _over(jobs: Jobs, files: Files) -> bool:
    told = [*jobs.poll.elements.values(), *jobs.poll.dependents.values()]
    return (
        jobs.cancelled
        or submissions.is_over(files, jobs.submission)
        or (bool(told) and all(status.state.ended for status in told))
    )
