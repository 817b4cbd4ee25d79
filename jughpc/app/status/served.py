"""Who would run a task: live workers and queued elements of a submission, by what they are there for.

Elements of a class run the functions that ask for just that; those that were queued for tasks which got too little run
these alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from jughpc.app.status.elements import Jobs, goes_on
from jughpc.app.status.outlook import Crew
from jughpc.app.status.tasks import READY, Standing
from jughpc.batch import journal
from jughpc.batch.scheduler import State
from jughpc.batch.submissions import Submission
from jughpc.config.asks import DEFAULT, RULES, Ask, Rule
from jughpc.errors import SettingError
from jughpc.store.death import Death
from jughpc.store.record import MEMORY, TIME, Record
from jughpc.tasks.classes import asked_for

OPTION = "--resources="
"""How the command line of an element says what functions ask for."""

RETRIES = {MEMORY: "--mem-retry=", TIME: "--time-retry="}
"""How it says that tasks are for others which died of that."""

SHARE = "share"
"""What a submission keeps if its elements run tasks that ask for less, too."""

_LACKED = {MEMORY: "memory", TIME: "time"}


@dataclass(frozen=True)
class Hands:
    """Who may take up a task.

    Attributes:
        asks: What its function asks for; "" for nothing of its own.
        lacked: What workers died of that ran it, memory or time, if elements with more are to run it; "" for nothing.
        workers: Live workers that may.
        queued: Elements that will, once they start.
        why: Why these have not, in words, "" if nobody says.
        goes_on: Whether anything of the submission does, so that its collector sees to what is left.
        trouble: Why its scheduler could not be asked, "" if it could.
    """

    asks: str = ""
    lacked: str = ""
    workers: int = 0
    queued: int = 0
    why: str = ""
    goes_on: bool = False
    trouble: str = ""


class Served:
    """Who works for a submission now, and who will.

    Args:
        jobs: The submission; None for none: who works by hand runs anything.
        states: How each of its elements stands.
        asks: What decorators ask for, by the name of the function.
        names: Of all functions.
    """

    def __init__(
        self, jobs: Jobs | None, states: Mapping[int, State], asks: Mapping[str, Ask], names: Iterable[str]
    ) -> None:
        self._jobs, self._states, self._asks = jobs, states, asks
        self._rules = _rules(jobs) if jobs else ()
        self._classes = {*map(self.class_of, names), ""}
        self._only = journal.only(jobs.accepted) if jobs else {}

    def class_of(self, name: str) -> str:
        """Return the class of a function."""
        return str(asked_for(name, self._asks.get(name, Ask()), self._rules))

    def by_class(self) -> dict[str, Counter[State]]:
        """Return how the elements stand of each class, and of each array for tasks that need more."""
        found: dict[str, Counter[State]] = {}
        for number, state in sorted(self._states.items()):
            found.setdefault(self._only.get(number, ""), Counter())[state] += 1
        return found

    def unserved(self, standing: Standing) -> dict[str, int]:
        """Return how many tasks are ready of each class for which nobody works, nor any element runs or is queued."""
        ready = Counter[str]()
        for name, counts in standing.by_name().items():
            ready[self.class_of(name)] += counts[READY]
        return {asks: count for asks, count in ready.items() if count and not self._is_served(asks, standing.workers)}

    def crews(self, standing: Standing) -> dict[str, Crew]:
        """Return who runs the tasks of each function; {} where all run any."""
        classes = {name: self.class_of(name) for name in standing.manifest.names}
        if len(set(classes.values())) < 2:
            return {}
        return {name: Crew(one, self._able(one, False, standing.workers)[0]) for name, one in classes.items()}

    def hands(self, name: str, deaths: Sequence[Death], workers: Sequence[Record]) -> Hands:
        """Return who may take up a task.

        Args:
            deaths: Of workers that had it in hand.
            workers: Those that live.
        """
        asks, lacked = self.class_of(name), self._lacked(deaths)
        able, queued = self._able(asks, bool(lacked), workers)
        found = Hands("" if asks == DEFAULT else asks, lacked, able, queued)
        if (jobs := self._jobs) is None:
            return found
        waiting = (status for status in jobs.poll.elements.values() if status.state is State.QUEUED)
        why = next((status.why.words if status.why else status.reason for status in waiting), "") if queued else ""
        return Hands(found.asks, lacked, able, queued, why, goes_on(jobs), jobs.trouble)

    def _able(self, asks: str, is_lacking: bool, workers: Sequence[Record]) -> tuple[int, int]:
        """Return how many live workers, and how many queued elements, run tasks of a class, or one that needs more."""
        token = self._jobs.submission.token if self._jobs else ""
        live = sum(one.submission != token or self._takes(one.element, asks, is_lacking) for one in workers)
        states = self._states.items()
        return live, sum(state is State.QUEUED and self._takes(number, asks, is_lacking) for number, state in states)

    def _is_served(self, asks: str, workers: Sequence[Record]) -> bool:
        states = self._states.items()
        runs = any(state is State.RUNNING and self._takes(number, asks, False) for number, state in states)
        return runs or any(self._able(asks, False, workers))

    def _takes(self, element: int, asks: str, is_lacking: bool) -> bool:
        """Return whether an element runs tasks of a class, or one of those that need more."""
        only = self._only.get(element, "")
        if is_lacking:
            return only not in self._classes
        return only in ("", asks) or (self._jobs is not None and shares(self._jobs.submission))

    def _lacked(self, deaths: Sequence[Death]) -> str:
        argv: Collection[str] = self._jobs.submission.workload.argv if self._jobs else ()
        left = {how for how, option in RETRIES.items() if any(word.startswith(option) for word in argv)}
        return next((_LACKED[death.how] for death in deaths if death.how in left), "")


def lines_in(argv: Sequence[str]) -> tuple[str, ...]:
    """Return what the command line of an element says of what functions ask for."""
    return tuple(word.removeprefix(OPTION) for word in argv if word.startswith(OPTION))


def _rules(jobs: Jobs) -> tuple[Rule, ...]:
    """Return what that means, nothing where it is damaged: this is for people who look."""
    try:
        return RULES.read(lines_in(jobs.submission.workload.argv))
    except SettingError:
        return ()


def shares(submission: Submission) -> bool:
    """Return whether the elements of a submission run tasks that ask for less, once none of theirs can be run."""
    return SHARE in submission.meta
