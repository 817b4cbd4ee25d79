"""What went wrong: the failures of a jugfile's tasks, told apart in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from jughpc.app.context import session as sessions
from jughpc.app.context.site import Site
from jughpc.app.status.tasks import Standing, standing, standing_in
from jughpc.store.base import Store
from jughpc.store.failure import Failure
from jughpc.tasks import brief
from jughpc.tasks.matching import Matcher
from jughpc.tasks.meaning import meant_of_calls


@dataclass(frozen=True)
class Which:
    """Which failures are meant, all unless anything is said.

    Attributes:
        matches: Tells by its name whether a task's is.
        text: The tasks whose are, see tasks.meaning.
    """

    matches: Matcher | None = None
    text: str | None = None

    @property
    def is_all(self) -> bool:
        return self.matches is None and self.text is None


@dataclass(frozen=True)
class Found:
    """The failures that were meant.

    Attributes:
        failures: Those of one task name together.
        digests: The tasks that failed, also those of which nothing more can be read.
        calls: How tasks were called, with all arguments, by digest, if that was asked for.
    """

    failures: Sequence[Failure]
    digests: Sequence[bytes]
    calls: Mapping[bytes, str] = field(default_factory=dict)


def look(site: Site, which: Which, full: bool = False) -> Found:
    """Return what went wrong. Raises UsageError if there are failures, and none of the task that is meant.

    Args:
        full: Return `calls`, too.
    """
    session = sessions.peek(site) if full and not site.cached else None
    now = standing(site) if session is None else standing_in(session)
    found = _of(failures(site, now), which)
    digests = now.failed() if which.is_all else [failure.digest for failure in found]
    if session is None:
        return Found(found, digests)
    failed, tasks = set(digests), session.jugfile.tasks
    calls = {task.digest: brief.in_full(task.name, task.args, task.kwargs) for task in tasks if task.digest in failed}
    return Found(found, digests, calls)


def _of(found: Sequence[Failure], which: Which) -> Sequence[Failure]:
    if which.matches is not None:
        found = [failure for failure in found if which.matches(failure.name)]
    if which.text is None or not found:
        return found
    calls = [(failure.name, failure.call) for failure in found]
    return [found[place] for place in meant_of_calls(which.text, calls, [failure.digest for failure in found])]


def failures(site: Site, standing: Standing) -> list[Failure]:
    """Return the failures of the tasks that the jugfile defines, those of the same task name together."""
    store = site.store()
    found = [failure for digest in standing.failed() if store and (failure := store.failure(digest))]
    return sorted(found, key=lambda failure: (failure.name, failure.when))


def retry(site: Site, digests: Sequence[bytes]) -> int:
    """Make tasks that failed ready again; return how many there were."""
    store = site.store()
    return make_ready(store, digests) if store else 0


def make_ready(store: Store, failed: Sequence[bytes]) -> int:
    """Let tasks run as if they had never failed, nor killed a worker; return how many had failed."""
    store.forget_deaths(failed)  # first: a worker that comes between would else find the task as deadly as before
    return store.forget_failures(failed)
