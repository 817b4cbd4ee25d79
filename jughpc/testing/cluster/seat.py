"""A process of ours in a simulated cluster: its files, its clock, its commands, and its death."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from jughpc.batch.scheduler import Reply
from jughpc.errors import CommandMissingError, CommandTimeoutError
from jughpc.testing.cluster import spoil
from jughpc.testing.cluster.answers import EPOCH, Answer, Caller, System, system_of
from jughpc.testing.cluster.weather import Weather
from jughpc.testing.disk import Disk
from jughpc.testing.simfiles import Client, SimFiles
from jughpc.testing.stage import Actor, Stage

_PATIENCE_OF_CLIENTS = 20.0  # [s] after which Slurm's own commands give up on a controller that hangs
_RETRY, _RETRIES = 10.0, 12  # sbatch asks a full controller again for 120 s


@dataclass(frozen=True)
class Doom:
    """When a process dies, and of what.

    Attributes:
        point: Before its how-manieth call, counting each call twice: odd numbers are after one.
        signal: `KILL`, `INT`, `HUP` or `TERM`.
        commands: Whether only commands of the scheduler are counted, not those of files.
    """

    point: int
    signal: str
    commands: bool = False


class Ground(Protocol):
    """What a process stands on.

    Attributes:
        signals: Those that our processes handle, and what they raise there; any other ends them.
    """

    stage: Stage
    disk: Disk
    weather: Weather
    rng: random.Random

    @property
    def system(self) -> System: ...

    @property
    def signals(self) -> Mapping[str, Callable[[], BaseException]]: ...

    def does(self, seat: Seat, argv: Sequence[str]) -> Answer:
        """Let the batch system do what a command asks for, now."""

    def trace(self, words: str) -> None:
        """Say what happens now, if anybody listens."""


class SeatClock:
    """Meets `Clock` for one process."""

    def __init__(self, seat: Seat) -> None:
        self._seat = seat

    def now(self) -> float:
        return self._seat.ground.stage.time

    def uptime(self) -> float:
        return self._seat.ground.stage.time

    def wall(self) -> float:
        return EPOCH + self._seat.ground.stage.time

    def sleep(self, seconds: float) -> None:
        self._seat.ground.trace(f"sleeps {seconds:g} s")
        self._seat.hold(seconds)


@dataclass(eq=False)
class Seat:
    """One process of ours.

    Attributes:
        commands: Whether the scheduler's commands are on its host.
        lacks: The systems whose commands are not, though others' may be.
        doom: When it dies, None for when it ends.
        died: The signal it died of, "" while it did not.
        told: What it said.
        actor: What runs in it.
        on_death: Called with the signal it dies of.
        on_told: Called with the path of an end that it recorded.
        troubled: Whether any of its commands was not answered as it should have been.
    """

    ground: Ground
    name: str
    caller: Caller
    commands: bool = True
    lacks: tuple[str, ...] = ()
    doom: Doom | None = None
    died: str = ""
    told: list[str] = field(default_factory=list)
    actor: Actor | None = None
    on_death: Callable[[str], None] = lambda signal: None
    on_told: Callable[[str], None] = lambda path: None
    troubled: bool = False
    _points: int = 0
    _commands: int = 0
    _pending: str = ""

    def __post_init__(self) -> None:
        self.clock = SeatClock(self)
        self.files = SimFiles(Client(self.ground.disk), self)

    def find(self, command: str) -> str | None:
        """Return where a command lies on its host, None if nowhere."""
        return command if self.commands and system_of(command) not in self.lacks else None

    def say(self, line: str) -> None:
        """Take a line for the user."""
        self.told.append(line)
        self.ground.trace(f"says: {line}")

    def run(self, argv: Sequence[str], timeout: float = 150.0) -> Reply:
        """Meet `Run`."""
        self.ground.trace(" ".join(argv))
        self._point(command=True)
        self.hold(self.ground.weather.latency())
        answer = self._answer(argv, timeout)
        self.hold(self.ground.weather.latency())
        self._point(command=True)
        self.ground.trace(f"    -> {answer.code} {answer.stdout[:60]!r} {answer.stderr[:60]!r}")
        return Reply(tuple(argv), answer.code, answer.stdout, answer.stderr)

    def hold(self, seconds: float) -> None:
        """Let time go by. Raises what a signal means to this process, and Crash if it is dead."""
        self.ground.stage.hold(seconds)
        if self._pending:
            signal, self._pending = self._pending, ""
            raise self.ground.signals[signal]()

    def deliver(self, signal: str) -> None:
        """Send a signal: one that this process has no handler for ends it where it stands."""
        stage = self.ground.stage
        if self.actor is None or self.actor.over or self.died:
            return
        self.ground.trace(f"*** {self.name} gets {signal}")
        if signal in self.ground.signals:
            self._pending = signal
            if stage.current is not self.actor:
                stage.wake(self.actor)
        else:
            self.died = signal
            stage.kill(self.actor)
            self.on_death(signal)

    def before(self, call: str, path: str) -> None:
        self.ground.trace(f"{call} {path}")
        self._point()
        self.hold(0.001)

    def postpones(self, call: str, path: str, effect: Callable[[], None]) -> bool:
        return False

    def after(self, call: str, path: str) -> None:
        if call == "sync" and "/ends/" in path:
            self.on_told(path)
        self._point()

    def _point(self, *, command: bool = False) -> None:
        """Die here, if that is its doom."""
        doom, here, by_command = self.doom, self._points, self._commands
        self._points += 1
        self._commands += command
        if doom is None or command < doom.commands or not self.ground.stage.current:
            return
        if doom.point == (by_command if doom.commands else here):
            self.deliver(doom.signal)
            self.hold(0.0)

    def _answer(self, argv: Sequence[str], timeout: float) -> Answer:
        ground, command = self.ground, argv[0].rpartition("/")[2]
        if self.find(command) is None:
            raise CommandMissingError(argv[0])
        if outage := ground.weather.outage(ground.stage.time):
            self.troubled = True
            return self._in_outage(argv, timeout, outage.kind, outage.ends)
        fault = ground.weather.fault(command, self.name, ground.stage.time)
        if fault:
            self.troubled = True
            ground.trace(f"*** {fault}")
        if fault == "late":
            return self._too_late(argv, timeout)
        answer = self._patiently(argv, timeout)
        if fault == "slow":
            self._time_out(argv, timeout)
        if fault == "lost":
            return self._silence(argv, timeout)
        return spoil.WAYS[fault](answer, ground.rng) if fault else answer

    def _patiently(self, argv: Sequence[str], timeout: float) -> Answer:
        """Return the answer; where the command itself asks again, after that."""
        ground = self.ground
        end = ground.stage.time + timeout
        answer = ground.does(self, argv)
        for _ in range(_RETRIES):
            if not answer.again:
                break
            if ground.stage.time + _RETRY > end:
                self._time_out(argv, end - ground.stage.time)
            self.hold(_RETRY)
            answer = ground.does(self, argv)
        return answer

    def _in_outage(self, argv: Sequence[str], timeout: float, kind: str, ends: float) -> Answer:
        ground = self.ground
        ground.trace(f"*** the server {kind}")
        if kind == "away":
            self.hold(1.0)
            return ground.system.away(argv)
        if ground.rng.random() < 0.7:
            ground.stage.at(ends - ground.stage.time + 0.5, lambda: self._taken_up(argv))
        return self._silence(argv, timeout)

    def _too_late(self, argv: Sequence[str], timeout: float) -> Answer:
        waits = min(timeout, _PATIENCE_OF_CLIENTS)
        self.ground.stage.at(waits + self.ground.weather.delay(), lambda: self._taken_up(argv))
        return self._silence(argv, timeout)

    def _taken_up(self, argv: Sequence[str]) -> None:
        self.ground.does(self, argv)

    def _silence(self, argv: Sequence[str], timeout: float) -> Answer:
        """Return what the command says of a server that does not answer; or it is ended by its caller."""
        answer = self.ground.system.hung(argv)
        if answer is None or timeout <= _PATIENCE_OF_CLIENTS:
            self._time_out(argv, timeout)
        self.hold(_PATIENCE_OF_CLIENTS)
        return answer or Answer()

    def _time_out(self, argv: Sequence[str], timeout: float) -> None:
        self.hold(timeout)
        raise CommandTimeoutError(tuple(argv), timeout)
