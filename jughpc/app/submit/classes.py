"""Arrays for each class of functions: those that ask for the same are run by elements that get just that."""

from __future__ import annotations

import heapq
import math
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace

import numpy as np

from jughpc.app.status.measured import by_function, means
from jughpc.app.status.served import OPTION, SHARE, lines_in, shares
from jughpc.app.status.tasks import ACTIVE, FAILED, READY, WAITING, Standing
from jughpc.app.submit import dependents
from jughpc.app.submit.request import check_time, read_kept, read_said
from jughpc.batch.scheduler import Part, Resources, Workload
from jughpc.batch.submissions import Submission
from jughpc.config.asks import DEFAULT, NOTHING, RULES, Ask, Rule
from jughpc.config.kinds import COUNT
from jughpc.errors import UsageError
from jughpc.store.base import Store
from jughpc.tasks.classes import asked_for
from jughpc.tasks.matching import by_name

_ONLY = "--only="
_MOST = 3  # names told


@dataclass(frozen=True)
class Class:
    """Functions that ask for the same.

    Attributes:
        ask: What for.
        functions: How many tasks are left of each, by name.
        can_begin: Whether any of these can be run now.
        work: How long all of them take one worker [s]; where nobody knows how long one takes, as if that were 1.
    """

    ask: Ask
    functions: Mapping[str, int]
    can_begin: bool
    work: float

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.ask)

    @property
    def tasks(self) -> int:
        """How many tasks are left."""
        return sum(self.functions.values())


def of_tasks(
    standing: Standing, rules: Sequence[Rule], store: Store | None, given_up: Set[bytes] | None = None,
    without: Mapping[str, int] | None = None,
) -> list[Class]:  # fmt: skip
    """Return the classes of which tasks are left that may be run; the one of those that ask for nothing first.

    Args:
        store: Where it is looked how long tasks take, once there is more than one class.
        given_up: The tasks that stay failed, where others that failed are tried again; None where none is.
        without: How many tasks of functions are for others to run.
    """
    manifest = standing.manifest
    found: dict[Ask, dict[str, int]] = {}
    beginning: set[Ask] = set()
    for name, (left, ready) in _left(standing, given_up).items():
        ask, apart = asked_for(name, manifest.asks.get(name, Ask()), rules), (without or {}).get(name, 0)
        left, ready = left - apart, ready - apart
        if left > 0:
            found.setdefault(ask, {})[name] = left
            beginning |= {ask} if ready > 0 else set()
    each = _each(store if len(found) > 1 else None, [name for functions in found.values() for name in functions])
    return [
        Class(ask, functions, ask in beginning, sum(each[name] * count for name, count in functions.items()))
        for ask, functions in sorted(found.items(), key=lambda item: (str(item[0]) != DEFAULT, str(item[0])))
    ]


def in_parts(submission: Submission, found: Sequence[Class], total: int, workers: int = 1) -> Submission:
    """Return the submission with an array for each class that can begin; as it is if all elements are to be alike.

    Args:
        total: Elements of all arrays together, if each gets one at least; no more than there is work for.
        workers: In each element.
    Raises:
        UsageError: A class asks for less time than a worker needs.
    """
    workload = submission.workload
    wanted = replace(workload, size=total)
    some = parts(found, wanted, submission.options.resources, workers) if workload.size else ()
    some = _sharing(found, some, submission.options.resources) if shares(submission) else some
    for part in some:
        check_time(part.resources.walltime, f"{part.only}: ")
    size = sum(part.size for part in some) or workload.size
    return replace(submission, workload=replace(workload, size=size, parts=some))


def parts(found: Sequence[Class], workload: Workload, resources: Resources, workers: int = 1) -> tuple[Part, ...]:
    """Return the elements of each class that can begin, as `in_parts` has them; () if all are to be alike.

    Args:
        resources: What all ask for that their functions say nothing of.
    """
    able = [one for one in found if one.can_begin]
    if not able or all(one.name == DEFAULT for one in found):
        return ()
    most = [math.ceil(one.tasks / (1 if one.ask.tasks else workers)) for one in able]
    sizes = shared_out(workload.size, [one.work for one in able], most)
    return tuple(
        Part(one.name, _argv(workload.argv, one), size, resources_for(resources, one.ask))
        for one, size in zip(able, sizes, strict=True)
    )


def shared_out(total: int, work: Sequence[float], most: Sequence[int]) -> list[int]:
    """Return shares of `total`, each at least 1 and at most `most`: the next goes to where each has most work."""
    sizes = [1] * len(work)
    heap = [(-amount, place) for place, amount in enumerate(work) if most[place] > 1]
    heapq.heapify(heap)
    for _ in range(total - len(sizes)):
        if not heap:
            break
        place = heap[0][1]
        sizes[place] += 1
        if sizes[place] < most[place]:
            heapq.heapreplace(heap, (-work[place] / sizes[place], place))
        else:
            heapq.heappop(heap)
    return sizes


def resources_for(resources: Resources, ask: Ask) -> Resources:
    """Return what elements get whose functions ask for that, and else as all others."""
    own = {"walltime": ask.time, "memory": ask.mem} | {
        name: getattr(ask, name) for name in ("cpus", "gpus", "partition", "account", "qos", "constraint", "tasks")
    }
    said = {name: value for name, value in own.items() if value is not None}
    sized = {"select": None} if resources.select and {"memory", "cpus", "gpus", "tasks"} & said.keys() else {}
    return replace(resources, **said, **sized)


def words_of(rules: Sequence[Rule]) -> tuple[str, ...]:
    """Return the options by which elements learn what functions ask for, whatever files say by then; () if nothing."""
    return tuple(f"{OPTION}{rule}" for rule in (NOTHING, *(one for one in rules if one != NOTHING))) if rules else ()


def workers_of(submission: Submission) -> int:
    """Return how many workers an element has, 1 where that is as many as it gets cores. Raises JugdirError."""
    return read_said(submission, dependents.WORKERS, COUNT, 1) or 1


def rules_in(submission: Submission) -> tuple[Rule, ...]:
    """Return the rules that the command line of an element says. Raises JugdirError."""
    return read_kept(submission, OPTION.rstrip("="), lines_in(submission.workload.argv), RULES, ())


def refuse_vain(rules: Sequence[Rule], standing: Standing, jugfile: str) -> None:
    """Raise UsageError for the first rule that names no function, unless more may come behind a barrier."""
    names = standing.manifest.names
    vain = [rule for rule in rules if rule != NOTHING and not any(map(by_name(rule.pattern), names))]
    if not vain or standing.manifest.barrier:
        return
    known = [name for name, _ in Counter(dict(zip(names, standing.manifest.by_kind(), strict=True))).most_common(_MOST)]
    raise UsageError(
        f"--resources {str(vain[0])!r} names no function of {jugfile}, which calls "
        f"{', '.join(known)}{', ...' if len(names) > _MOST else ''}. Write such a name, its end behind a dot, or a "
        "pattern with * and ?."
    )


def kept(share: bool) -> dict[str, str]:
    """Return what a submission keeps of it that elements run tasks that ask for less."""
    return {SHARE: "yes"} if share else {}


def is_less(one: Resources, other: Resources) -> bool:
    """Return whether what is content with `one` can do with `other`; what says nothing of something takes any."""
    cpus, gpus = (one.cpus or 1) <= (other.cpus or 1), (one.gpus or 0) <= (other.gpus or 0)
    fits = all(
        mine is None or (theirs is not None and mine <= theirs)
        for mine, theirs in ((one.memory, other.memory), (one.walltime, other.walltime))
    )
    return cpus and gpus and fits and one.tasks == other.tasks and one.constraint in (None, other.constraint)


def _sharing(found: Sequence[Class], some: Sequence[Part], resources: Resources) -> tuple[Part, ...]:
    """Return the elements of each class as ones that run tasks of those which ask for less, too."""
    asked = {one.name: resources_for(resources, one.ask) for one in found}
    less = {
        part.only: [name for name, own in asked.items() if name != part.only and is_less(own, part.resources)]
        for part in some
    }
    return tuple(
        replace(part, argv=dependents.with_options(part.argv, *(f"--and-then={name}" for name in less[part.only])))
        for part in some
    )


def _argv(argv: tuple[str, ...], one: Class) -> tuple[str, ...]:
    """Return the command line of elements that keep to a class; of functions that start processes they run one."""
    if one.ask.tasks:
        argv = tuple(word for word in argv if not word.startswith(dependents.WORKERS))
    return argv if one.name == DEFAULT else dependents.with_options(argv, f"{_ONLY}{one.name}")


def _left(standing: Standing, given_up: Set[bytes] | None) -> dict[str, tuple[int, int]]:
    """Return how many tasks of each function are left, and how many of these can be run now."""
    found = {}
    hopeless = _given_up(standing, given_up or frozenset())
    for name, counts in standing.by_name().items():
        again = 0 if given_up is None else counts[FAILED] - hopeless[name]
        ready = counts[READY] + counts[ACTIVE] + again
        found[name] = (ready + counts[WAITING], ready)
    return found


def _given_up(standing: Standing, given_up: Set[bytes]) -> Counter[str]:
    manifest = standing.manifest
    failed = np.flatnonzero(standing.state == FAILED) if given_up else ()
    return Counter(manifest.name(int(i)) for i in failed if manifest.digests[i].tobytes() in given_up)


def _each(store: Store | None, names: Sequence[str]) -> dict[str, float]:
    """Return how long a task takes of each function [s]; 1 of each where none was measured."""
    return means(by_function(store) if store else {}, names) or dict.fromkeys(names, 1.0)
