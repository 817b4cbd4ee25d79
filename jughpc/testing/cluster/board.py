"""What is true of tasks and workers, whatever the store shows of it; and workers that write what a store shows."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Set
from contextlib import suppress
from dataclasses import dataclass, field, replace

from jughpc.config.asks import DEFAULT
from jughpc.store.base import Claim, Store, View
from jughpc.store.failure import Failure
from jughpc.store.record import DIED, MEMORY, Record
from jughpc.testing.cluster.processes import KillError, Start, Steps, TermError
from jughpc.worker.element import Place, place

_LOOK = 15.0  # [s] between two looks at what others hold
_QUIET = 120.0  # [s] between two signs of life at most
_MARGIN = 30.0  # [s] kept back before the time limit
_DEATHS = 3  # of workers, after which a task has failed


@dataclass(frozen=True)
class Task:
    """One task.

    Attributes:
        fate: `well`; `fails`; `kills` its worker, each time.
        only: The class that its function is of.
        needs: The number of a task that is to be done before, None for none.
    """

    seconds: float
    fate: str = "well"
    only: str = DEFAULT
    needs: int | None = None


@dataclass
class Board:
    """All tasks of one jugfile.

    Attributes:
        digests: By number.
        done: When each was done that is [s], by number.
        failed: By number.
    """

    time: Callable[[], float]
    tasks: tuple[Task, ...]
    digests: tuple[bytes, ...]
    done: dict[int, float] = field(default_factory=dict)
    failed: set[int] = field(default_factory=set)

    @property
    def all_done(self) -> bool:
        """Whether every task has its result."""
        return len(self.done) == len(self.tasks)

    def possible(self) -> set[int]:
        """Return the tasks that end well, as does what they need, by number."""
        found: set[int] = set()
        for number, task in enumerate(self.tasks):  # what one needs comes before it
            if task.fate == "well" and (task.needs is None or task.needs in found):
                found.add(number)
        return found

    def counts(self) -> tuple[int, int]:
        """Return how many tasks are done, and how many failed."""
        return len(self.done), len(self.failed)


@dataclass
class Worker:
    """A worker in an element, in miniature: it claims, publishes and ends as a real one, with fewer calls.

    Attributes:
        store: As the server has it: what this one does there takes no time.
        environ: As its script sets it.
        only: The class that it keeps to.
        digests: The tasks that it is for, by the beginnings of their digests; none for all of the class.
        leaves: Whether it leaves to others what ran out of memory.
        nothing_left: Called as it ends where nobody could do anything any more, with whether that holds of all
            tasks, or of its own alone.
        broken_off: Called with the exit code as it ends by a signal.
    """

    board: Board
    start: Start
    store: Store
    environ: Mapping[str, str]
    epoch: float
    nothing_left: Callable[[Place, bool], None] = lambda where, is_all: None
    broken_off: Callable[[int], None] = lambda code: None
    only: str = DEFAULT
    digests: frozenset[str] = frozenset()
    leaves: bool = False

    def __post_init__(self) -> None:
        self.where = place(self.environ)
        self.record = Record(
            life=f"{self.where.ref or 'hand'}-{self.start.node.name}-{self.start.job.number}-{self.start.run}",
            host=self.start.node.name, space="sim", pid=7, started=5, user="ada", owner=self.where.owner,
            submission=self.where.ref.submission if self.where.ref else "", element=self.where.element,
            run=self.where.ref.run if self.where.ref else 0, begun=self._now(), beaten=self._now(),
        )  # fmt: skip

    def play(self) -> Steps:
        """Be a worker to the end: 0 all done, 1 some failed, 3 stopped with work left."""
        self.store.begin(self.record)
        self._claims = self.store.claims(self.record.life)
        try:
            code = yield from self._work()
        except TermError:
            self._end(reason="TERM")
            self.broken_off(143)
            return 143
        self._end()
        if code != 3 and self._sees_all():
            self.nothing_left(self.where, True)
        elif not self._sees_all() and self._is_class_over():
            self.nothing_left(self.where, False)
        return code

    def _sees_all(self) -> bool:
        """Return whether it may run any task: else it knows too little of others to say that nothing is left."""
        return not (self.digests or self.leaves) and all(task.only == self.only for task in self.board.tasks)

    def _is_class_over(self) -> bool:
        """Return whether each task that it is for is done or failed, as the store tells."""
        views = [self.store.look(self.store.shard_of(digest)) for digest in self.board.digests]
        ended = set[bytes]().union(*(view.done | view.failed for view in views))
        return all(digest in ended for number, digest in enumerate(self.board.digests) if self._is_for(number))

    def _is_for(self, number: int) -> bool:
        if self.digests:
            return self.board.digests[number].hex()[: len(next(iter(self.digests)))] in self.digests
        return self.board.tasks[number].only == self.only

    def _work(self) -> Generator[float, None, int]:
        while left := self._left():
            taken = self._take(left)
            if taken is not None:
                yield from self._run(*taken)
            elif self._worth_waiting():
                self._beat()
                yield _LOOK
            else:
                return 3 if self._left() else self._code()
        return self._code()

    def _code(self) -> int:
        return 0 if self.board.all_done else 1

    def _left(self) -> dict[int, View]:
        """Return the tasks of its class that can be run and did not fail, each with a view of its shard."""
        views: dict[int, View] = {}
        found = {}
        for number, digest in enumerate(self.board.digests):
            shard = self.store.shard_of(digest)
            view = views[shard] = views.get(shard) or self.store.look(shard)
            if digest not in view.done | view.failed:
                found[number] = view
        lacking = self.store.missing(self.board.digests)
        return {number: view for number, view in found.items() if self._can_run(number, lacking)}

    def _can_run(self, number: int, lacking: Set[bytes]) -> bool:
        task, digest = self.board.tasks[number], self.board.digests[number]
        if task.needs is not None and self.board.digests[task.needs] in lacking:
            return False
        lacked = self.leaves and any(death.how == MEMORY for death in self.store.deaths(digest))
        return self._is_for(number) and not lacked

    def _take(self, left: Mapping[int, View]) -> tuple[int, Claim] | None:
        """Return a task that nobody holds and that ends in time, and the claim on it; None if there is none."""
        for number, view in sorted(left.items(), key=lambda row: self._deaths(*row)):  # of which none died come first
            digest, latest = self.board.digests[number], self.start.deadline
            if latest is not None and self.board.time() + self.board.tasks[number].seconds + _MARGIN > latest:
                continue
            claim, seen = self._claims.take(self.store.shard_of(digest), digest, view)
            if claim and self._deaths(number, self._mourned(claim, seen)) >= _DEATHS:
                self._fail(number, "killed its workers")
                self._claims.release(claim)
            elif claim:
                return number, claim
        return None

    def _deaths(self, number: int, view: View) -> int:
        return len(view.deaths.get(self.board.digests[number], ()))

    def _mourned(self, claim: Claim, view: View) -> View:
        """Write down what those died of who held `claim` before; return how the shard looks then."""
        deaths = [self.store.death_at(claim.shard, claim.key, former) for former in view.superseded(claim)]
        for death in filter(None, deaths):
            self.store.bury(death)
        return self.store.look(claim.shard) if any(deaths) else view

    def _worth_waiting(self) -> bool:
        """Return whether others hold what is left, so that it may come back before this one's time is over."""
        later = self.start.deadline is None or self.board.time() + _LOOK + _MARGIN < self.start.deadline
        return later and any(
            self.board.digests[number] in view.claims and self._fits(number) for number, view in self._left().items()
        )

    def _fits(self, number: int) -> bool:
        latest = self.start.deadline
        return latest is None or self.board.time() + self.board.tasks[number].seconds + _MARGIN <= latest

    def _run(self, number: int, claim: Claim) -> Generator[float, None, None]:
        task, digest = self.board.tasks[number], self.board.digests[number]
        self._beat(task="primes.work", digest=digest.hex(), since=self._now())
        try:
            yield from self._last(task.seconds)
        except TermError:
            self._claims.release(claim)
            raise
        if task.fate == "kills":
            self._beat(state=DIED, reason="killed by SIGKILL")
            raise KillError
        if task.fate == "fails":
            self._fail(number, "ValueError: no")
        else:
            self.store.put(digest, number)
            self.board.done.setdefault(number, self.board.time())
        self._claims.release(claim)
        self._beat(task="", digest="", since=0.0)

    def _last(self, seconds: float) -> Generator[float, None, None]:
        """Let that time pass, with a sign of life often enough for nobody to take it for dead."""
        while seconds > _QUIET:
            yield _QUIET
            self._beat()
            seconds -= _QUIET
        yield seconds

    def _fail(self, number: int, words: str) -> None:
        digest, where = self.board.digests[number], self.record
        self.store.fail(Failure(digest, "primes.work", words, "", where.life, where.host, where.owner, self._now()))
        self.board.failed.add(number)

    def _beat(self, **changes: object) -> None:
        self.record = replace(self.record, beats=self.record.beats + 1, beaten=self._now(), **changes)  # type: ignore[arg-type]
        try:
            self.store.beat(self.record)
        except FileNotFoundError:  # somebody took it for dead
            self.record = replace(self.record, life=f"{self.record.life}-{self.record.beats}")
            self.store.begin(self.record)
            self._claims = self.store.claims(self.record.life)

    def _end(self, reason: str = "") -> None:
        with suppress(FileNotFoundError):  # somebody took it for dead
            self.store.end(replace(self.record, reason=reason))

    def _now(self) -> float:
        return self.epoch + self.board.time()
