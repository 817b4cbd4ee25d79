"""That a reduce which takes what is there may run: its collector found that nobody works on the rest any more.

submissions/<number>/<k>-collect.released   written by that collector before its reduce may start
"""

from __future__ import annotations

from jughpc.app.context.site import Site
from jughpc.app.submit.followed import latest_collector
from jughpc.batch import submissions
from jughpc.fs import Files

_SUFFIX = ".released"


def release(files: Files, site: Site, number: int, collector: str) -> None:
    """Record that what follows this collector may run with what is there."""
    submission = submissions.load(files, site.location.folder(), number)
    files.save(f"{submission.path}/{collector}{_SUFFIX}", [])


def is_released(site: Site, number: int | None) -> bool:
    """Return whether the latest collector of submission `number` lets its reduce run with what is there.

    A system that has forgotten a collector may start what waits for it while workers go on. By hand nobody has to.
    """
    if number is None or (files := site.files) is None:
        return True
    submission = submissions.load(files, site.location.folder(), number)
    return f"{latest_collector(files, submission)}{_SUFFIX}" in files.names(submission.path)
