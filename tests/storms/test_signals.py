"""Workers killed, stopped and terminated at random moments lose nothing and get nothing wrong.

`--rounds 200` makes it ten minutes' work; a failure names its seed, which `--storm-seed` repeats as far as an operating
system can.
"""

from __future__ import annotations

import os
import random
import signal
import time
from contextlib import suppress

import pytest

WORKERS = 8


class Storm:
    """Eight workers, and what befalls them.

    Attributes:
        salt: Which set of tasks they work on; a new one whenever all are done.
        blows: How many were struck so far.
    """

    def __init__(self, crew, rng, check):
        self.crew, self.rng, self.check = crew, rng, check
        self.salt = self.blows = 0
        self.stopped = []
        self.begin()

    def begin(self):
        """Start on a new set of tasks."""
        self.salt += 1
        self.workers = [self.crew.start(str(self.salt)) for _ in range(WORKERS)]

    def rage(self, blows):
        """Strike so often, at random moments, and see each set of tasks through to its end."""
        while self.blows < blows:
            time.sleep(self.rng.uniform(0, 0.4))
            self.wake(time.monotonic())
            if any(worker.poll() == 0 for worker in self.workers):
                self.settle()
                self.begin()
            self.strike(self.rng.randrange(WORKERS))
        self.settle()

    def strike(self, number):
        worker = self.workers[number]
        if worker.poll() is not None:
            self.workers[number] = self.crew.start(str(self.salt))
            return
        self.blows += 1
        send = self.rng.choice([os.kill, os.killpg])  # the worker alone, or its witness with it
        blow = self.rng.choice([signal.SIGKILL, signal.SIGTERM, signal.SIGSTOP])
        send(worker.pid, blow)
        if blow == signal.SIGSTOP:
            self.stopped.append((time.monotonic() + self.rng.uniform(0, 6), worker))  # ttl is 4 s

    def wake(self, now):
        """Let those go on whose time has come, and the witnesses of those that were killed meanwhile."""
        for until, worker in self.stopped:
            if until <= now:
                with suppress(ProcessLookupError):
                    os.killpg(worker.pid, signal.SIGCONT)
        self.stopped = [(until, worker) for until, worker in self.stopped if until > now]

    def settle(self):
        """Wait for all workers, and check what they did."""
        self.wake(float("inf"))
        for worker in self.workers:
            worker.wait(60)
        self.check(str(self.salt))

    def end(self):
        """Leave no process behind."""
        self.wake(float("inf"))
        for worker in self.workers:
            with suppress(ProcessLookupError):
                os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()


@pytest.fixture
def storm(crew, expected, pytestconfig):
    seed = pytestconfig.getoption("storm_seed")
    seed = random.randrange(1 << 30) if seed is None else seed

    def check(salt):
        crew.finish(salt)
        assert crew.results(salt) == expected(int(salt)), f"--storm-seed {seed}"
        crew.run("cleanup", "--locks-only", args=[salt])
        assert crew.claims() == [], f"--storm-seed {seed}"

    storm = Storm(crew, random.Random(seed), check)
    yield storm
    storm.end()


def test_nothing_is_lost_and_nothing_is_wrong_after_a_storm_of_signals(storm, pytestconfig):
    storm.rage(pytestconfig.getoption("rounds") * WORKERS)
