"""What beats for simulated workers: an actor instead of a process, which serves one of them or all of an element."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from jughpc.store.lease.ending import End
from jughpc.store.lease.heartbeat import RETRY, Heartbeat, Singles
from jughpc.store.lease.progress import Board
from jughpc.store.record import UNKNOWN, Record
from jughpc.testing.clocks import SimClock
from jughpc.testing.stage import Stage

_TICK = 5.0  # [s] between two looks at what the workers do

MakeHeartbeat = Callable[[Board], Heartbeat]


class Witness:
    """Serves the lines of workers until all have ended.

    Attributes:
        served: Whose line it is at, None between them.
    """

    def __init__(self, stage: Stage, name: str, clock: SimClock) -> None:
        self._stage, self._clock = stage, clock
        self._lines: list[SimBeats] = []
        self._idle = False
        self.served: SimBeats | None = None
        self.actor = stage.spawn(name, self._serve)

    @property
    def is_there(self) -> bool:
        """Whether it lives, and goes on to."""
        return not (self.actor.over or self.actor.doomed)

    def take(self, line: SimBeats) -> None:
        """Serve a line from now on."""
        self._lines.append(line)
        self.wake()

    def wake(self) -> None:
        """Have it look at once what there is to do."""
        if self._idle:
            self._stage.wake(self.actor)

    def _serve(self) -> None:
        while self._lines:
            for line in self._lines:
                self._at(line, line.obey)
            self._lines = [line for line in self._lines if not line.ended]
            if any(line.is_asked for line in self._lines):
                continue
            for line in self._lines:
                self._at(line, line.beat_if_due)
            self._rest()
            self._deescalate()

    def _deescalate(self) -> None:
        """Have go what shards are to go, until somebody is to be beaten for."""
        for line in list(self._lines):
            if any(one.is_due for one in self._lines):
                return
            self._at(line, partial(line.deescalate, self._lines))
            self._lines.remove(line)
            self._lines.append(line)  # those first, the next time, who had no turn

    def _at(self, line: SimBeats, act: Callable[[], object]) -> None:
        self.served = line
        act()
        self.served = None

    def _rest(self) -> None:
        """Wait for an order, until the next beat at most."""
        if not self._lines or any(line.is_asked for line in self._lines):
            return
        pause = min(line.due for line in self._lines) - self._clock.now()
        self._idle = True
        self._stage.hold(max(0.0, min(pause + 1e-6, _TICK)) / self._clock.rate)
        self._idle = False


class SimBeats:
    """A line of one worker; meets lease.Beats.

    Args:
        witness: Who serves it, with others.

    Attributes:
        due: When its next beat is, by its host's clock [s].
        ended: Whether it needs to be served no more.
    """

    def __init__(self, stage: Stage, name: str, clock: SimClock, make: MakeHeartbeat, witness: Witness) -> None:
        self._stage, self._name, self._clock = stage, name, clock
        self.board = Board()
        self._heartbeat = make(self.board)
        self._order: Callable[[], float] | None = None
        self.ended = self._orphaned = False
        self.due = clock.now() + RETRY
        self.witness = witness
        witness.take(self)

    # as the worker sees it

    def begin(self, record: Record) -> None:
        self._give(lambda: self._heartbeat.begin(record))

    def settle(self) -> Singles:
        answers: list[Singles] = []

        def settle() -> float:
            answers.append(self._heartbeat.settle())
            return 0.0

        self._ask(settle)
        return answers[0] if answers else Singles([], in_place=False)

    def stop(self) -> None:
        if not self._ask(self._heartbeat.stop):
            self._stage.hold(0.0)  # by which who unwinds where it was killed starts nothing
            self.witness = Witness(self._stage, self._name, self._clock)
            self.witness.take(self)

    def end(self) -> None:
        self.ended = True
        self.witness.wake()

    def orphan(self) -> None:
        """Let it be seen that the worker died."""

        def say_that_it_died() -> float:
            self._heartbeat.say_that_it_died(End(UNKNOWN, "killed by SIGKILL"))
            self.ended = True
            return 0.0

        self._give(say_that_it_died)
        self._orphaned = True
        last, self.board = self.board, Board()  # whoever unwinds where it was killed writes down nothing any more
        self.board.beaten = last.beaten

    # as the witness sees it

    @property
    def is_asked(self) -> bool:
        """Whether the worker waits for something."""
        return self._order is not None

    def obey(self) -> None:
        """Do what the worker ordered."""
        order, self._order = self._order, None
        if order:
            self.due = self._clock.now() + order()

    def beat_if_due(self) -> None:
        """Beat, if it is time to."""
        if self.is_due and not self.ended:
            self.due = self._clock.now() + self._heartbeat.beat()

    @property
    def is_due(self) -> bool:
        """Whether it is time to beat."""
        return self._clock.now() >= self.due

    def deescalate(self, lines: Sequence[SimBeats]) -> None:
        """Have the worker's shard go if its task runs for long; others are not kept waiting for a beat."""
        self._heartbeat.deescalate(lambda: any(line.is_due for line in lines if line is not self))

    def _ask(self, order: Callable[[], float]) -> bool:
        """Give an order and wait until it is done; return whether it was, or nobody was there to do it."""
        self._give(order)
        while self._order and self.witness.is_there:
            self._stage.hold(0.1)  # it is in the midst of a beat
        return self._order is None

    def _give(self, order: Callable[[], float]) -> None:
        if not self._orphaned:  # else whoever unwinds where it was killed orders nothing any more
            self._order = order
            self.witness.wake()
