"""What the page shows, made by one thread for all who look: many looks cost the file server as much as one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http import HTTPStatus

from jughpc.fs import Clock

KEPT = 2.0
"""How long a report stands for those who ask [s]: less than the page's own pause."""

PATIENCE = 60.0
"""How long one who asks waits for a report [s]: a full table of a large store on a slow file server takes 10 s."""

_NAP = 0.5
"""How long the first thread waits at a stretch [s]: a Ctrl-C that the system hands to another wakes it no sooner."""

Answer = tuple[HTTPStatus, str]

LATE: Answer = (HTTPStatus.SERVICE_UNAVAILABLE, "The status takes very long to tell; look again later.\n")


class Reporter:
    """Makes answers in the thread that runs it, the process's first: only there can a jugfile be loaded.

    Args:
        make: Returns the answer as of now; never raises.
    """

    def __init__(self, make: Callable[[], Answer], clock: Clock) -> None:
        self._make, self._clock = make, clock
        self._changed = threading.Condition()
        self._wanted, self._made = False, float("-inf")
        self._answer = LATE

    def answer(self, patience: float = PATIENCE) -> Answer:
        """Return an answer that was made less than KEPT ago, or for this call."""
        asked = self._clock.now()
        with self._changed:
            if not self._is_fresh(asked):
                self._wanted = True
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._made >= asked, patience)
            return self._answer if self._is_fresh(asked) else LATE

    def run(self) -> None:
        """Make answers while they are wanted, for ever."""
        while True:
            self.serve_one()

    def serve_one(self) -> None:
        """Wait until an answer is wanted, and make it."""
        with self._changed:
            while not self._changed.wait_for(lambda: self._wanted, _NAP):
                pass
            self._wanted = False
        answer = self._make()
        with self._changed:
            self._answer, self._made = answer, self._clock.now()
            self._changed.notify_all()

    def _is_fresh(self, asked: float) -> bool:
        return self._made > asked - KEPT
