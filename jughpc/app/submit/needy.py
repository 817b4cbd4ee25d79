"""Tasks that got too little memory or time: they run next in elements that get more, and no others do.

How often a task got too little its deaths tell, which the store keeps: so the next submission knows it, too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from math import inf
from typing import Any

from jughpc.app.status.served import RETRIES
from jughpc.app.status.tasks import FAILED, Standing, stand
from jughpc.app.submit import classes, dependents
from jughpc.app.submit.classes import Class
from jughpc.app.submit.request import Retry, read_said
from jughpc.batch.scheduler import Part, Resources
from jughpc.batch.submissions import Submission
from jughpc.config.asks import Ask, Rule
from jughpc.config.kinds import FACTOR, SIZE, WALLTIME, Kind
from jughpc.store.base import Store
from jughpc.store.death import Death
from jughpc.store.record import MEMORY, TIME, UNKNOWN
from jughpc.tasks.classes import asked_for

_OPTIONS: Mapping[str, Kind[Any]] = {
    RETRIES[MEMORY]: FACTOR, "--mem-max=": SIZE, RETRIES[TIME]: FACTOR, "--time-max=": WALLTIME,
}  # fmt: skip
_NEAR = 0.9  # of what was asked for: who was killed that near to it ran out of memory, whoever says nothing of it
_LETTERS = 12  # of a digest, on a command line
_MOST = 1000  # tasks of an array


@dataclass(frozen=True)
class Needy:
    """Tasks that are to get more than others of their class.

    Attributes:
        ask: What their elements get, in place of what all others do.
        names: How many there are of each function.
        why: What they got too little of, in words.
        peak: The most memory that one of them was seen with [bytes].
    """

    ask: Ask
    digests: Sequence[bytes]
    names: Mapping[str, int]
    why: str
    peak: int = 0


def needy(
    standing: Standing,
    rules: Sequence[Rule],
    store: Store | None,
    retry: Retry,
    resources: Resources,
    given_up: Set[bytes] | None = None,
) -> list[Needy]:
    """Return the tasks that are to get more, by what they get.

    Args:
        resources: What all ask for that their functions say nothing of.
        given_up: As `classes.of_tasks` takes it.
    """
    if store is None or not standing.suspects or not (retry.mem or retry.time):
        return []
    wanted: dict[Ask, list[tuple[bytes, str, list[Death]]]] = {}
    for digest, name in _suspects(standing, given_up):
        deaths, own = store.deaths(digest), asked_for(name, standing.manifest.asks.get(name, Ask()), rules)
        if (ask := _more(deaths, own, retry, resources)) is not None:
            wanted.setdefault(ask, []).append((digest, name, deaths))
    return [
        Needy(
            ask,
            [digest for digest, _, _ in rows][:_MOST],
            Counter(name for _, name, _ in rows),
            " and ".join(sorted({_WHY[death.how] for _, _, deaths in rows for death in deaths if death.how in _WHY})),
            max(death.memory for _, _, deaths in rows for death in deaths),
        )
        for ask, rows in wanted.items()
    ]


_WHY = {MEMORY: "ran out of memory", UNKNOWN: "ran out of memory", TIME: "met the time limit"}


def left_of(submission: Submission, standing: Standing, store: Store | None) -> tuple[list[Class], list[Needy]]:
    """Return what further elements of a submission may run: classes of tasks that are left, and tasks that need more.

    What failed is tried no more.
    """
    rules, retry = classes.rules_in(submission), retry_in(submission)
    if retry.mem or retry.time:
        standing = stand(standing.manifest, store, {})  # anew: deaths may have been written down just now
    some = needy(standing, rules, store, retry, submission.options.resources)
    return classes.of_tasks(standing, rules, store, without=counts(some)), some


def counts(some: Sequence[Needy]) -> Counter[str]:
    """Return how many tasks of each function there are among them."""
    return sum((Counter(one.names) for one in some), Counter[str]())


def with_needy(submission: Submission, some: Sequence[Needy], found: Sequence[Class]) -> Submission:
    """Return the submission with an array for each kind of tasks that need more, besides those that it has.

    Args:
        found: The classes of the other tasks: without any there are no other elements.
    """
    workload, resources = submission.workload, submission.options.resources
    if not some:
        return submission
    own = tuple(word for word in workload.argv if not word.startswith((*_OPTIONS, dependents.WORKERS)))
    parts = [
        *(workload.in_parts(resources) if any(one.can_begin for one in found) else ()),
        *(
            Part(
                str(one.ask), dependents.with_options(own, f"--digests={_said(one.digests)}"),
                min(len(one.digests), max(1, workload.size)), classes.resources_for(resources, one.ask),
            )
            for one in some
        ),
    ]  # fmt: skip
    return replace(submission, workload=replace(workload, size=sum(part.size for part in parts), parts=tuple(parts)))


def words_of(retry: Retry) -> tuple[str, ...]:
    """Return the options by which elements, and who queues further ones, learn what is to get more."""
    values = (retry.mem, retry.mem_max, retry.time, retry.time_max)
    said = zip(_OPTIONS.items(), values, strict=True)
    return tuple(f"{option}{kind.show(value)}" for (option, kind), value in said if value)


def retry_in(submission: Submission) -> Retry:
    """Return what the command line of an element says of that. Raises JugdirError."""
    return Retry(*(read_said(submission, option, kind, None) for option, kind in _OPTIONS.items()))


def _suspects(standing: Standing, given_up: Set[bytes] | None) -> list[tuple[bytes, str]]:
    """Return the tasks that workers died of and that may be run, with the names of their functions."""
    manifest, suspects = standing.manifest, set(standing.suspects)
    found = ((index, row.tobytes()) for index, row in enumerate(manifest.digests))
    rows = [(index, digest) for index, digest in found if digest in suspects]
    if given_up is None:
        rows = [(index, digest) for index, digest in rows if standing.state[index] != FAILED]
    return [(digest, manifest.name(index)) for index, digest in rows if digest not in (given_up or ())]


def _more(deaths: Sequence[Death], own: Ask, retry: Retry, resources: Resources) -> Ask | None:
    """Return what a task is to get after these deaths, None if it runs with all others.

    Where more is not allowed, or nobody knows what it had, it gets as much as before: others leave it all the same.
    """
    mem, time = own.mem or resources.memory, own.time or resources.walltime
    killed = [death for death in deaths if death.how == MEMORY or (death.how == UNKNOWN and _is_near(death, mem))]
    late = [death for death in deaths if death.how == TIME]
    more = Ask()
    if retry.mem and killed:
        begin = mem or max(1 << 30, *(death.memory for death in killed))
        wanted = min(begin * retry.mem ** len(killed), retry.mem_max or inf)
        more = replace(more, mem=max(mem or 0, _rounded(wanted)))
    if retry.time and late and time:
        more = replace(more, time=max(time, min(time * retry.time ** len(late), retry.time_max or inf)))
    return more.over(own) if (retry.mem and killed) or (retry.time and late) else None


def _is_near(death: Death, mem: int | None) -> bool:
    return mem is not None and death.memory > _NEAR * mem


def _rounded(value: float) -> int:
    """Return as many bytes, or as few more as make whole mebibytes or gibibytes."""
    unit = 1 << 30 if value >= 1 << 30 else 1 << 20
    return int(-(-value // unit) * unit)


def _said(digests: Sequence[bytes]) -> str:
    return ",".join(digest.hex()[:_LETTERS] for digest in digests)
