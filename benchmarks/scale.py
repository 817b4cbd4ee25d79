"""What happens at sizes that no test machine has: a discrete-event model, `python -m benchmarks.scale`.

The model plays the workers' rounds over the shards against one file server with a queue. It is fed
with measured costs, printed with its results; it tells orders of magnitude, not seconds.
"""

from __future__ import annotations

import argparse
import heapq
import random
from dataclasses import dataclass, replace

from jughpc.store.files.layout import MOST_BITS, TASKS_A_SHARD
from jughpc.worker.loop import FIRST_PAUSE, GROWTH, LONGEST_PAUSE

LOOK, CLAIM, STORE, LEARN = 1, 2, 8, 1  # calls: a listing; link and listing; publish, mark, release; complete/
LATENCY = 0.0005  # [s] of a call that need not queue
OVERHEAD = 10e-6  # [s] of our own per short task
JUG_CALLS = 24  # per task, counted by a client kernel
FRUITLESS = 16  # shards found done in a row before complete/ is read
SAMPLE = 32  # shards looked at in one poll


@dataclass(frozen=True)
class World:
    """One run to be played.

    Attributes:
        tasks, seconds: How many, and how long each takes.
        workers: How many work at once, all begun together.
        capacity: Calls that the file server can answer [1/s].
        shard: Tasks a shard.
        factor: By which each pause grows.
        longest: Longest pause [s].
    """

    tasks: int = 1_000_000
    seconds: float = 0.01
    workers: int = 1000
    capacity: float = 5_000.0
    shard: int = TASKS_A_SHARD
    factor: float = GROWTH
    longest: float = LONGEST_PAUSE

    @property
    def shards(self) -> int:
        """Return how many shards there are: a power of two, as the store makes them."""
        return 1 << min(MOST_BITS, max(0, (self.tasks - 1) // self.shard).bit_length())

    @property
    def ideal(self) -> float:
        """Return how long the tasks alone take [s]."""
        return self.tasks * self.seconds / self.workers

    @property
    def jug(self) -> float:
        """Return how long jug would take, at its calls per task [s]."""
        alone = self.tasks * (self.seconds + JUG_CALLS * LATENCY) / self.workers
        return max(alone, self.tasks * JUG_CALLS / self.capacity)


@dataclass(frozen=True)
class Played:
    """What came of it.

    Attributes:
        makespan: Until the last task was done [s].
        calls: Per task.
        rate: Calls a second, until the last worker ended.
        wasted: Part of the claims that were lost to others.
    """

    makespan: float
    calls: float
    rate: float
    wasted: float


FREE, TAKEN, DONE = 0, 1, 2


class Server:
    """Answers calls one after the other."""

    def __init__(self, capacity: float) -> None:
        self._each, self._free, self.calls = 1 / capacity, 0.0, 0

    def ask(self, now: float, calls: int) -> float:
        """Return when so many calls, asked one after the other, are answered."""
        self.calls += calls
        self._free = max(self._free, now) + calls * self._each
        return max(self._free, now + calls * LATENCY)


class Walker:
    """One worker: where it is on its way round, and what it knows."""

    def __init__(self, number: int, play: Play) -> None:
        self.play = play
        self.place = number * play.world.shards // play.world.workers
        self.known: bytearray = bytearray(play.world.shards)
        self.fruitless, self.pause, self.holds = 0, FIRST_PAUSE, -1
        self.step = self.look

    def next(self) -> int:
        """Return the next shard that is not known to be done or taken, -1 if there is none."""
        found = self.known.find(FREE, self.place)
        return found if found >= 0 else self.known.find(FREE, 0, self.place)

    def look(self, now: float) -> float | None:
        """List the next shard; return when that is answered, None if all is done."""
        shard = self.next()
        if shard < 0:
            return self.wait(now)
        self.place, self.holds, self.step = shard, shard, self.claim
        return self.play.server.ask(now, LOOK)

    def claim(self, now: float) -> float:
        """Claim what the listing showed free; go on elsewhere if somebody was faster."""
        play, shard = self.play, self.holds
        self.known[shard] = play.state[shard]
        if play.state[shard] != FREE:
            self.step = self.look
            self.fruitless += 1
            self.place = random.randrange(play.world.shards) if play.state[shard] == TAKEN else shard
            return self.learn(now) if self.fruitless % FRUITLESS == 0 else now
        play.claims += 1
        self.step = self.won if play.intents.setdefault(shard, self) is self else self.lost
        return play.server.ask(now, CLAIM)

    def lost(self, now: float) -> float:
        """Take note that another claimed it at the same moment."""
        self.play.wasted += 1
        self.known[self.holds] = TAKEN
        self.place = random.randrange(self.play.world.shards)
        self.step = self.look
        return self.play.server.ask(now, 1)

    def won(self, now: float) -> float:
        """Run the shard's tasks."""
        self.play.state[self.holds] = TAKEN
        self.step, self.fruitless, self.pause = self.store, 0, FIRST_PAUSE
        return now + self.play.tasks_a_shard * (self.play.world.seconds + OVERHEAD)

    def store(self, now: float) -> float:
        """Publish, mark and release."""
        self.step = self.stored
        return self.play.server.ask(now, STORE)

    def stored(self, now: float) -> float:
        """Let others know."""
        play = self.play
        play.state[self.holds] = self.known[self.holds] = DONE
        play.left -= 1
        self.step = self.look
        return now

    def learn(self, now: float) -> float:
        """Read which shards are complete."""
        for shard, state in enumerate(self.play.state):
            if state == DONE:
                self.known[shard] = DONE
        return self.play.server.ask(now, LEARN)

    def wait(self, now: float) -> float | None:
        """Wait for what others hold, and look at a sample of it."""
        play = self.play
        if not play.left:
            return None
        self.known[:] = play.state
        taken = min(SAMPLE, self.known.count(TAKEN))
        pause = self.pause * random.uniform(0.7, 1.3)
        self.pause = min(self.pause * play.world.factor, play.world.longest)
        return play.server.ask(now + pause, taken + LEARN)


class Play:
    """All workers on one server, until all is done."""

    def __init__(self, world: World) -> None:
        self.world, self.server = world, Server(world.capacity)
        self.state = bytearray(world.shards)
        self.left = world.shards
        self.tasks_a_shard = world.tasks / world.shards
        self.intents: dict[int, Walker] = {}
        self.claims = self.wasted = 0

    def run(self) -> Played:
        """Play."""
        walkers = [Walker(number, self) for number in range(self.world.workers)]
        queue = [(0.0, number) for number in range(len(walkers))]
        makespan = now = 0.0
        while queue:
            now, number = heapq.heappop(queue)
            makespan = now if self.left else makespan
            then = walkers[number].step(now)
            if then is not None:
                heapq.heappush(queue, (then, number))
        calls = self.server.calls
        return Played(makespan, calls / self.world.tasks, calls / now, self.wasted / self.claims)


def line(world: World) -> str:
    """Return one line of a table."""
    random.seed(1)
    played = Play(world).run()
    return (
        f"| {world.tasks:>12,} | {world.seconds:>6g} | {world.workers:>7,} | {world.capacity:>8,.0f} "
        f"| {world.shard:>6} | {played.makespan:>10,.1f} | {world.ideal:>9,.1f} | {world.jug:>9,.0f} "
        f"| {played.rate:>8,.0f} | {played.calls:>10.3f} | {100 * played.wasted:>8.1f} |"
    )


HEAD = (
    "|        tasks | s each | workers | server/s |  shard | makespan/s |   ideal/s | jug alike |  calls/s "
    "| calls/task | wasted/% |\n|" + "|".join("-" * width for width in (14, 8, 9, 10, 8, 12, 11, 11, 10, 12, 10)) + "|"
)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="10^6 tasks only")
    quick = parser.parse_args().quick
    print(
        f"Assumed: {LOOK} call a listing, {CLAIM} a claim, {STORE} to publish, mark and release, {JUG_CALLS} a task in "
        f"jug; {1e3 * LATENCY:g} ms a call without a queue, {1e6 * OVERHEAD:g} us a task of our own; all workers begin "
        "at once; the server answers one call at a time.\n"
    )
    print(HEAD)
    for tasks in (1_000_000,) if quick else (1_000_000, 10_000_000):
        for workers in (64, 1000, 10_000):
            for capacity in (5_000.0, 50_000.0):
                print(line(World(tasks=tasks, workers=workers, capacity=capacity)))
    print("\nThe shard's size, with 1000 workers on a slow server:\n\n" + HEAD)
    for shard in (64, 128, 256, 512, 1024, 4096):
        print(line(World(shard=shard)))
    print("\nThe pauses, alike: how much each grows, up to how many seconds\n\n" + HEAD)
    for factor, longest in ((1.0, FIRST_PAUSE), (1.2, 15.0), (1.5, 15.0), (2.0, 15.0), (1.5, 60.0)):
        print(line(replace(World(seconds=0.1), factor=factor, longest=longest)) + f" {factor:g}, {longest:g} s")


if __name__ == "__main__":
    main()
