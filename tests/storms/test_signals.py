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
from pathlib import Path

import pytest

WORKERS = 8


def in_session(leader):
    """Return the processes of a session, zombies left out."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it ended meanwhile
            state, _, _, session, *_ = path.read_text().rpartition(")")[2].split()
            found += [int(path.parent.name)] if session == str(leader) and state != "Z" else []
    return sorted(found)


class Storm:
    """Eight workers, and what befalls them.

    Attributes:
        together: How many of them are of one element.
        salt: Which set of tasks they work on; a new one whenever all are done.
        blows: How many were struck so far.
    """

    def __init__(self, crew, rng, check, together):
        self.crew, self.rng, self.check, self.together = crew, rng, check, together
        self.salt = self.blows = 0
        self.stopped = []
        self.begin()

    def begin(self):
        """Start on a new set of tasks."""
        self.salt += 1
        self.workers = [self.start() for _ in range(WORKERS // self.together)]

    def start(self):
        return self.crew.start(str(self.salt), workers=self.together)

    def rage(self, blows):
        """Strike so often, at random moments, and see each set of tasks through to its end."""
        while self.blows < blows:
            time.sleep(self.rng.uniform(0, 0.4))
            self.wake(time.monotonic())
            if any(worker.poll() == 0 for worker in self.workers):
                self.settle()
                self.begin()
            self.strike(self.rng.randrange(len(self.workers)))
        self.settle()

    def strike(self, number):
        worker = self.workers[number]
        if worker.poll() is not None:
            self.workers[number] = self.start()
            return
        self.blows += 1
        blow = self.rng.choice([signal.SIGKILL, signal.SIGTERM, signal.SIGSTOP])
        with suppress(ProcessLookupError):  # it may have ended just now
            self.rng.choice([os.kill, os.killpg, self.one_of])(worker.pid, blow)  # it alone, all of it, or any
        if blow == signal.SIGSTOP:
            self.stopped.append((time.monotonic() + self.rng.uniform(0, 6), worker))  # ttl is 4 s

    def one_of(self, leader, blow):
        """Strike one of an element's processes: a worker, what beats for them, or what they come from."""
        os.kill(self.rng.choice(in_session(leader) or [leader]), blow)

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
            worker.wait(120)
        end = time.monotonic() + 120
        while any(in_session(worker.pid) for worker in self.workers):
            assert time.monotonic() < end, "workers outlive the process that they come from"
            time.sleep(0.05)
        self.check(str(self.salt))

    def end(self):
        """Leave no process behind."""
        self.wake(float("inf"))
        for worker in self.workers:
            with suppress(ProcessLookupError):
                os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()


@pytest.fixture(params=[1, 4], ids=["apart", "together"])
def storm(request, crew, expected, pytestconfig):
    seed = pytestconfig.getoption("storm_seed")
    seed = random.randrange(1 << 30) if seed is None else seed

    def check(salt):
        crew.finish(salt)
        assert crew.results(salt) == expected(int(salt)), f"--storm-seed {seed}"
        crew.run("cleanup", "--locks-only", args=[salt])
        assert crew.claims() == [], f"--storm-seed {seed}"

    storm = Storm(crew, random.Random(seed), check, request.param)
    yield storm
    storm.end()


def test_nothing_is_lost_and_nothing_is_wrong_after_a_storm_of_signals(storm, pytestconfig):
    storm.rage(pytestconfig.getoption("rounds") * WORKERS)
