"""Tasks and workers as a store would show them, in miniature: what the jobs of a simulated cluster work on."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field

from jughpc.testing.cluster.processes import KillError, Start, Steps, TermError

TTL = 180.0  # [s] after which a worker that beats no more is dead
_LOOK = 15.0  # [s] between two looks at what others hold
_MARGIN = 30.0  # [s] kept back before the time limit


@dataclass(frozen=True)
class Task:
    """One task.

    Attributes:
        fate: `well`; `fails`; `kills` its worker, each time.
    """

    seconds: float
    fate: str = "well"


@dataclass(eq=False)
class Life:
    """One worker.

    Attributes:
        died: When it was killed [s], None while it was not.
        holds: The task in hand, by number.
    """

    died: float | None = None
    ended: bool = False
    holds: int | None = None


@dataclass
class Board:
    """All tasks of one jugfile, and who works on them.

    Attributes:
        done, failed: By number.
        deaths: How many workers a task has killed; three, and it is failed.
    """

    time: Callable[[], float]
    tasks: tuple[Task, ...]
    done: set[int] = field(default_factory=set)
    failed: set[int] = field(default_factory=set)
    deaths: dict[int, int] = field(default_factory=dict)
    lives: list[Life] = field(default_factory=list)

    @property
    def killed(self) -> int:
        """How many workers died with a task in hand, those that somebody found and those that nobody did yet."""
        return sum(self.deaths.values()) + sum(life.died is not None and life.holds is not None for life in self.lives)

    def join(self) -> Life:
        """Return a new worker."""
        life = Life()
        self.lives.append(life)
        return life

    def living(self) -> list[Life]:
        """Return the workers that seem to live; who was killed does for a while."""
        return [life for life in self.lives if not life.ended and not self._seems_dead(life)]

    def take(self, life: Life, latest: float | None) -> int | None:
        """Return a task that nobody holds and that ends by `latest`, None if there is none."""
        held = {other.holds for other in self.living()}
        for number in self.ready():
            fits = latest is None or self.time() + self.tasks[number].seconds + _MARGIN <= latest
            if number not in held and fits:
                self._bury(number)
                if number not in self.failed:
                    life.holds = number
                    return number
        return None

    def ready(self) -> list[int]:
        """Return the tasks that have neither result nor failure."""
        return [number for number in range(len(self.tasks)) if number not in self.done | self.failed]

    @property
    def all_done(self) -> bool:
        """Whether every task has its result."""
        return len(self.done) == len(self.tasks)

    def worker(self, start: Start, life: Life) -> Steps:
        """Be a worker to the end: 0 all done, 1 some failed, 3 stopped with work left."""
        try:
            while self.ready():
                number = self.take(life, start.deadline)
                if number is None:
                    if not self._worth_waiting(life, start):
                        break
                    yield _LOOK
                    continue
                yield from self._run(life, number)
        except TermError:
            return 143
        finally:
            if life.died is None:
                life.ended, life.holds = True, None
        return 0 if self.all_done else 3 if self.ready() else 1

    def kill(self, life: Life) -> None:
        """Take note that a worker was killed."""
        if not life.ended and life.died is None:
            life.died = self.time()

    def _run(self, life: Life, number: int) -> Generator[float, None, None]:
        task = self.tasks[number]
        yield task.seconds
        if task.fate == "kills":
            self.kill(life)
            raise KillError
        (self.failed if task.fate == "fails" else self.done).add(number)
        life.holds = None

    def _worth_waiting(self, life: Life, start: Start) -> bool:
        held = {other.holds for other in self.living() if other is not life}
        later = start.deadline is None or self.time() + _LOOK + _MARGIN < start.deadline
        return later and not held.isdisjoint(self.ready())

    def _bury(self, number: int) -> None:
        """Count the dead who held a task, once."""
        for life in self.lives:
            if life.holds == number and not life.ended and life.died is not None:
                life.holds = None
                self.deaths[number] = self.deaths.get(number, 0) + 1
        if self.deaths.get(number, 0) >= 3 and self.tasks[number].fate == "kills":
            self.failed.add(number)

    def _seems_dead(self, life: Life) -> bool:
        return life.died is not None and self.time() - life.died >= TTL
