"""One world at a time, one step at a time: many actors whose interleaving is a function of one seed.

Each actor has a thread, but runs only while it holds the baton, which it passes on whenever it lets
time go by. Who is due first goes next. Nothing here looks at a real clock, so a history repeats.
"""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable

Effect = Callable[[], None]


class Crash(BaseException):
    """Whoever runs here is dead; nothing after this point happens."""


class Actor:
    """One thread of control in the simulated world.

    Attributes:
        doomed: Whether it dies as soon as it is its turn.
        over: Whether it has ended.
    """

    def __init__(self, name: str, body: Callable[[], None], stage: Stage) -> None:
        self.name, self._body, self._stage = name, body, stage
        self.doomed = self.over = False
        self.due = 0.0
        self.baton = threading.Lock()
        self.baton.acquire()
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        self.baton.acquire()
        try:
            if not self.doomed:
                self._body()
        except Crash:
            pass
        except BaseException as error:
            self._stage.fail(error)
        self.over = True
        self._stage.leave()


class Stage:
    """True time, and whose turn it is.

    Attributes:
        time: True time [s].
        current: Who holds the baton, None between runs.
    """

    def __init__(self) -> None:
        self.time = 0.0
        self.current: Actor | None = None
        self.actors: list[Actor] = []
        self._queue: list[tuple[float, int, Actor | Effect]] = []
        self._order = itertools.count()
        self._main = threading.Lock()
        self._main.acquire()
        self._over: Callable[[], bool] = lambda: False
        self._error: BaseException | None = None

    def spawn(self, name: str, body: Callable[[], None], delay: float = 0.0) -> Actor:
        """Bring an actor into the world; it begins after `delay` seconds."""
        actor = Actor(name, body, self)
        self.actors.append(actor)
        self.wake(actor, delay)
        return actor

    def wake(self, actor: Actor, delay: float = 0.0) -> None:
        """Let `actor` go on after `delay` seconds, whatever it waits for."""
        actor.due = self.time + delay
        heapq.heappush(self._queue, (actor.due, next(self._order), actor))

    def at(self, delay: float, effect: Effect) -> None:
        """Let `effect` happen after `delay` seconds; it takes no time, and no thread."""
        heapq.heappush(self._queue, (self.time + delay, next(self._order), effect))

    def kill(self, actor: Actor) -> None:
        """End an actor where it stands."""
        actor.doomed = True
        self.wake(actor)

    def hold(self, seconds: float) -> None:
        """Let `seconds` go by for the current actor. Raises Crash if it is killed meanwhile."""
        me = self.current
        if me is None:
            return  # nobody plays: a call from outside takes no time
        if not me.doomed:
            self.wake(me, seconds)
            self._pass_on(me)
        if me.doomed:
            raise Crash

    def run(self, over: Callable[[], bool]) -> None:
        """Play until `over` or nobody is left. Raises what an actor raised."""
        self._over = over
        self._start(self._next())
        if self._error:
            raise self._error

    def close(self) -> None:
        """End all actors."""
        for actor in self.actors:
            actor.doomed = True
        self._over = lambda: True
        for actor in self.actors:
            if not actor.over:
                self._start(actor)

    def fail(self, error: BaseException) -> None:
        """Take note that somebody raised what nobody should: the play is over."""
        self._error = self._error or error
        self._over = lambda: True

    def leave(self) -> None:
        """Let the current actor, who has ended, pass the baton on."""
        self.current = successor = self._next()
        (successor.baton if successor else self._main).release()

    def _start(self, actor: Actor | None) -> None:
        if actor is not None:
            self.current = actor
            actor.baton.release()
            self._main.acquire()

    def _pass_on(self, me: Actor) -> None:
        successor = self._next()
        if successor is me:
            return
        self.current = successor
        (successor.baton if successor else self._main).release()
        me.baton.acquire()
        self.current = me

    def _next(self) -> Actor | None:
        """Let happen what is due, and return who is due next, None if the play is over."""
        while self._queue and not self._over():
            due, _, who = heapq.heappop(self._queue)
            if not isinstance(who, Actor):
                self.time = max(self.time, due)
                self._do(who)
            elif not who.over and due == who.due:  # else it was woken for another time
                self.time = max(self.time, due)
                return who
        return None

    def _do(self, effect: Effect) -> None:
        before, self.current = self.current, None
        try:
            effect()
        except BaseException as error:
            self.fail(error)
        self.current = before
