"""What went wrong: the failures of a jugfile's tasks, told apart in words."""

from __future__ import annotations

from jughpc.app.context.site import Site
from jughpc.app.status.tasks import Standing
from jughpc.store.base import Failure, Store


def failures(site: Site, standing: Standing) -> list[Failure]:
    """Return the failures of the tasks that the jugfile defines, those of the same task name together."""
    store = site.store()
    found = [failure for digest in standing.failed() if store and (failure := store.failure(digest))]
    return sorted(found, key=lambda failure: (failure.name, failure.when))


def retry(site: Site, standing: Standing) -> int:
    """Make the failed tasks of the jugfile ready again; return how many there were."""
    store = site.store()
    return make_ready(store, standing.failed()) if store else 0


def make_ready(store: Store, failed: list[bytes]) -> int:
    """Let tasks run as if they had never failed, nor killed a worker; return how many had failed."""
    store.forget_deaths(failed)  # first: a worker that comes between would else find the task as deadly as before
    return store.forget_failures(failed)
