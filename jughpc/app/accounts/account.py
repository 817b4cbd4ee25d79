"""All that `report` shows: what the workers of a submission, or all workers, measured and were asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from jughpc.app.accounts.advice import Advice, advice
from jughpc.app.accounts.usage import Asked, ClassUse, ElementUse, HostUse, asked_of, by_class, by_element, by_host
from jughpc.app.context.site import Site
from jughpc.app.context.target import Target
from jughpc.app.status import measured
from jughpc.app.status.alike import Alike, alike
from jughpc.batch import journal, submissions
from jughpc.batch.submissions import Submission
from jughpc.errors import JugdirError
from jughpc.store.base import Store
from jughpc.store.measures import Columns, Sums, together
from jughpc.store.record import DIED, Record

MOST_FAILURES = 500  # that are read, one by one


@dataclass(frozen=True)
class Account:
    """What work took.

    Attributes:
        made: When this was found out [Unix s].
        asked: The submission that is meant, None for all workers.
        lives: What each worker measured, the earliest first.
        functions: What the tasks of each function took, those first that took most.
        memory: How many of a function's longest tasks had a peak of 2^(e-1) to 2^e bytes, by e.
        failed: How many failures are on record.
        failures: Those of them that were read, by kind.
        advice: For the next submit.
        classes: The elements by class, () where all workers are meant.
    """

    target: Target
    made: float
    asked: Asked | None
    lives: Sequence[Columns]
    functions: Mapping[str, Sums]
    memory: Mapping[str, Counter[int]]
    elements: Sequence[ElementUse]
    hosts: Sequence[HostUse]
    failed: int
    failures: Sequence[Alike]
    advice: Sequence[Advice]
    classes: Sequence[ClassUse] = ()

    @property
    def begun(self) -> float:
        """When the first worker began [Unix s by its clock]; 0 if there was none."""
        return min((one.summary.begun for one in self.lives), default=0.0)

    @property
    def until(self) -> float:
        """When the last of them told something [the same]."""
        return max((one.summary.until for one in self.lives), default=0.0)

    @property
    def tasks(self) -> int:
        """How often a task was run."""
        return sum(sums.count for sums in self.functions.values())

    @property
    def busy(self) -> float:
        """For how long workers ran tasks [s], all together."""
        return sum(sums.wall for sums in self.functions.values())

    @property
    def time(self) -> float:
        """For how long workers were there [s], all together."""
        return sum(one.summary.until - one.summary.begun for one in self.lives)

    @property
    def cpu(self) -> float:
        """The processor time of all workers [s]."""
        return sum(one.summary.cpu for one in self.lives)

    @property
    def core_hours(self) -> float:
        """What is charged for, as far as workers were there [core h]: those of an element share its cores."""
        if not self.asked:
            return self.time / 3600
        return sum(one.wall * some.asked.cores for some in self.classes for one in some.elements) / 3600


def account(site: Site, number: int | None = None, *, everybody: bool = False) -> Account:
    """Return what work took that was done for a submission; nothing is loaded, and the scheduler is not asked.

    Args:
        number: Of the submission, by default the latest; without any, all workers are meant.
        everybody: Account for all workers, whoever started them.

    Raises:
        JugdirError: There is no store, or no submission of that number.
    """
    if (store := site.store()) is None:
        raise JugdirError(f"there is no store in {site.location} yet, so there is nothing to report.")
    submission = None if everybody else _submission(site, number)
    lives = measured.every(store, submission.token if submission else "")
    if submission and number is None and not lives:  # nothing of the latest is known yet
        submission, lives = None, measured.every(store)
    records = [one for one in store.records() if not submission or one.submission == submission.token]
    return _account(site, store, submission, lives, records)


def _account(
    site: Site, store: Store, submission: Submission | None, lives: Sequence[Columns], records: Sequence[Record]
) -> Account:
    functions = together(one.summary for one in lives)
    ordered = dict(sorted(functions.items(), key=lambda one: (-one[1].wall, one[0])))
    asked, elements = _asked(site, submission) if submission else None, by_element(lives)
    died = Counter(record.host for record in records if record.state == DIED)
    may_have_failed = not lives or died or any(sums.failed for sums in functions.values())
    failed, kinds = _failures(store) if may_have_failed else (0, [])
    hosts = by_host(lives, died, functions)
    classes = _classes(site, submission, asked, lives) if asked and submission else []
    words = advice(asked, elements, hosts, functions, failed, classes)
    return Account(
        site.target, site.clock.wall(), asked, lives, ordered, _memory(lives), elements, hosts, failed, kinds, words,
        classes,
    )  # fmt: skip


def _classes(site: Site, submission: Submission, asked: Asked, lives: Sequence[Columns]) -> list[ClassUse]:
    jobs = journal.accepted(site.files, submission) if site.files else []
    return by_class(asked, lives, journal.only(jobs))


def _asked(site: Site, submission: Submission) -> Asked:
    files = site.files
    return asked_of(submission, is_over=files is not None and not submissions.is_live(files, submission))


def _submission(site: Site, number: int | None) -> Submission | None:
    files = site.files
    if files is None:
        if number is not None:
            raise JugdirError(f"{site.location} has no submissions.")
        return None
    folder = site.location.folder()
    return submissions.latest(files, folder) if number is None else submissions.load(files, folder, number)


def _failures(store: Store) -> tuple[int, list[Alike]]:
    """Return how many failures are on record, and some of them by kind; a listing a shard, a read a failure."""
    digests = sorted(digest for shard in store.shards_in_use() for digest in store.look(shard).failed)
    return len(digests), alike(found for digest in digests[:MOST_FAILURES] if (found := store.failure(digest)))


def _memory(lives: Sequence[Columns]) -> dict[str, Counter[int]]:
    found: dict[str, Counter[int]] = {}
    for life in lives:
        exponents = np.frexp(life.tasks[4])[1]
        pairs, counts = np.unique(np.stack([life.tasks[0].astype(int), exponents]), axis=1, return_counts=True)
        for (function, exponent), count in zip(pairs.T.tolist(), counts.tolist(), strict=True):
            if exponent:  # it is known
                found.setdefault(life.names[function], Counter())[exponent] += count
    return found
