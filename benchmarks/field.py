"""Where rows are measured: what is compared, how much of it, and on which folders."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import engines
from benchmarks.engines import Engine
from benchmarks.measure import Cost, middle, run

LOAD_OURS = """
import sys
from pathlib import Path
from jughpc.tasks.graph import Graph
from jughpc.tasks.jugfile import load
Graph(load(Path(sys.argv[1])).tasks)
"""

LOAD_JUG = """
import sys
import jug
store, space = jug.init(sys.argv[1], 'dict_store')
import jug.task
for task in jug.task.alltasks:
    task.hash()
"""


@dataclass(frozen=True)
class Sizes:
    """How much is run.

    Attributes:
        times: Repetitions of each measurement.
        tasks, jug_tasks: Empty tasks for us, and for jug, which is given fewer.
        many: The million.
        steps: Length of chains, and of maps.
        arrays: How many of 1 MiB.
        crowds: How many workers at once.
        width: Of a stencil of so many rows.
        barriers: Each after a thousand tasks.
    """

    times: int = 3
    tasks: int = 100_000
    jug_tasks: int = 4_000
    many: int = 1_000_000
    steps: int = 1000
    arrays: int = 200
    crowds: tuple[int, ...] = (2, 4, 8)
    width: int = 100
    barriers: int = 20


QUICK = Sizes(
    times=1, tasks=20_000, jug_tasks=300, many=100_000, steps=100, arrays=40, crowds=(2,), width=40, barriers=5
)  # fmt: skip


@dataclass(frozen=True)
class Field:
    """Where a row is measured, and what is compared."""

    ours: Engine
    jug: Engine
    sizes: Sizes
    ram: Path
    disk: Path

    @contextmanager
    def folder(self, above: Path) -> Iterator[Path]:
        """Give a fresh folder, and take it away."""
        place = Path(tempfile.mkdtemp(prefix="benchmark-", dir=above))
        try:
            yield place
        finally:
            shutil.rmtree(place, ignore_errors=True)

    def work(self, engine: Engine, above: Path, text: str, count: int, workers: int = 1) -> Cost:
        """Execute a jugfile of `count` tasks from nothing, by so many workers at once."""
        with self.folder(above) as place:
            command = engine.execute(engines.write(place, text), place / "jugdir")
            cost = run([command] * workers, place, {"N": str(count)})
            _check_that_each_ran_once(engine, cost, text, count)
            return cost

    def net(self, engine: Engine, above: Path, text: str, count: int, workers: int = 1) -> float:
        """Return the wall time of a run less that of one with a single task [s]: medians, but of jug, which is slow."""
        times, crowd = (self.sizes.times, workers) if engine is self.ours else (1, 1)  # two of jug's may wait 12 s
        whole = middle(lambda: self.work(engine, above, text, count, workers).wall, times)
        start = middle(lambda: self.work(engine, above, text, 1, crowd).wall, times)
        return whole - start


def _check_that_each_ran_once(engine: Engine, cost: Cost, text: str, count: int) -> None:
    expected = count + engines.REDUCES.get(text, 0)
    if engine.name == "jughpc" and (found := engines.executed(cost.out)) != expected:
        raise RuntimeError(f"{found} runs of {expected} tasks:\n" + "\n".join(cost.out))


def field(quick: bool) -> Field:
    """Return where to measure."""
    ram = Path("/dev/shm") if Path("/dev/shm").is_dir() else Path(tempfile.gettempdir())
    return Field(engines.ours(), engines.jug(), QUICK if quick else Sizes(), ram, Path(tempfile.gettempdir()))


def machine() -> str:
    """Return on what this was measured."""
    import os
    import platform

    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return f"{os.cpu_count()} cores, Linux {platform.release()}, Python {sys.version.split()[0]}; load {load}"
