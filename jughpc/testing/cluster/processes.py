"""What runs inside simulated jobs: Python generators on the simulated clock, or use cases that block."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass

from jughpc.testing.cluster.model import Element, Node, Process, SimJob
from jughpc.testing.stage import Stage

TERM, KILL = 15, 9

Exited = Callable[[int], None]
"""Takes an exit code, or minus the signal that ended the process."""


class TermError(Exception):
    """SIGTERM, as a generator sees it that handles it."""


class KillError(Exception):
    """Raised by a generator whose own work kills it."""


@dataclass(frozen=True)
class Start:
    """An element that starts.

    Attributes:
        run: How often it was started before.
        deadline: When its time limit strikes [s], None for never.
    """

    job: SimJob
    element: Element
    node: Node
    run: int
    deadline: float | None


Launch = Callable[[Start, Exited], Process]
"""Begins what an element runs. `Exited` is to be called once, when it ended by itself or after `term`."""

Steps = Generator[float, None, int | None]
"""Yields the seconds that go by before its next step; returns the exit code, None for 0."""


class Stepped:
    """A process that is a generator: it costs no thread. What it does between two yields takes no time.

    Args:
        killed: Called when it is.
    """

    def __init__(self, stage: Stage, steps: Steps, exited: Exited, killed: Callable[[], None] = lambda: None) -> None:
        self._stage, self._steps, self._exited, self._killed = stage, steps, exited, killed
        self._step = 0
        stage.at(0.0, lambda: self._go_on(0))

    def term(self) -> None:
        if self._step >= 0:
            self._advance(lambda: self._steps.throw(TermError()))

    def kill(self) -> None:
        if self._step >= 0:
            self._step = -1
            self._killed()

    def _go_on(self, step: int) -> None:
        if step == self._step:
            self._advance(lambda: next(self._steps))

    def _advance(self, resume: Callable[[], float]) -> None:
        self._step = step = self._step + 1
        try:
            pause = resume()
        except StopIteration as stop:
            self._end(stop.value or 0)
        except TermError:
            self._end(-TERM)
        except KillError:
            self._end(-KILL)
        else:
            self._stage.at(pause, lambda: self._go_on(step))

    def _end(self, code: int) -> None:
        self._step = -1
        self._exited(code)


class Acting:
    """A process that is real, blocking code: an actor on the stage.

    Args:
        term: Does to it what SIGTERM does; None ends it at once, as the system does to who has no handler.
    """

    def __init__(
        self, stage: Stage, name: str, body: Callable[[], int], exited: Exited, term: Callable[[], None] | None = None
    ) -> None:
        self._stage, self._body, self._exited, self._term = stage, body, exited, term
        self._silent = False
        self.actor = stage.spawn(name, self._play)

    def term(self) -> None:
        if self._term:
            self._term()
        elif not self.actor.over:
            self._die(-TERM)

    def kill(self) -> None:
        self._silent = True
        self._stage.kill(self.actor)

    def die(self, signal: int = KILL) -> None:
        """End it here and now by a signal that nobody of the batch system sent."""
        if not self._silent:
            self._die(-signal)

    def _die(self, code: int) -> None:
        self.kill()
        self._stage.at(0.0, lambda: self._exited(code))

    def _play(self) -> None:
        code = self._body()
        if not self._silent:
            self._stage.at(0.0, lambda: self._exited(code))
