"""One element of K workers against K elements of one: `python -m benchmarks.nodes`; it needs scipy, pandas, strace."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

HEAVY = """
import numpy as np, scipy.optimize, scipy.stats, pandas as pd
from jug import TaskGenerator

@TaskGenerator
def mean(i):
    return float(pd.Series(np.arange(1000) + i).mean())

means = [mean(i) for i in range(64)]
"""

WAITING = """
import time
from pathlib import Path
import numpy as np, scipy.optimize, scipy.stats, pandas as pd
from jug import TaskGenerator

@TaskGenerator
def wait(i):
    Path(f"here{i}").touch()
    while not Path("go").exists():
        time.sleep(0.05)

waits = [wait(i) for i in range(8)]
"""

EMPTY = """
from jug import TaskGenerator

@TaskGenerator
def nothing(i):
    return i

nothings = [nothing(i) for i in range(100_000)]
"""

WORKERS = 8


class Cost(NamedTuple):
    """What a run took [s]."""

    wall: float
    cpu: float


def commands(text: str, folder: Path, workers: int, together: bool) -> list[list[str]]:
    """Return the commands that work on a fresh jugfile in `folder`, together or each by itself."""
    (folder / "many.py").write_text(text)
    execute = [sys.executable, "-m", "jughpc", "execute", "many.py", "--keep-going"]
    return [[*execute, "--workers", str(workers)]] if together else [execute] * workers


def start(commands: Sequence[Sequence[str]], folder: Path) -> list[subprocess.Popen[bytes]]:
    """Start commands that say nothing."""
    nowhere = subprocess.DEVNULL
    return [subprocess.Popen(argv, cwd=folder, stdout=nowhere, stderr=nowhere) for argv in commands]


def cost(text: str, workers: int, together: bool, where: str | None = None) -> Cost:
    """Return what one run takes."""
    with tempfile.TemporaryDirectory(dir=where) as name:
        folder = Path(name)
        argvs = commands(text, folder, workers, together)
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        for process in start(argvs, folder):
            process.wait()
        wall, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Cost(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def opened(text: str, workers: int, together: bool) -> int:
    """Return how many files one run opens."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        trace = ["strace", "-f", "-qq", "-e", "trace=open,openat", "-e", "signal=none"]
        argvs = [
            [*trace, "-o", str(folder / f"trace{number}"), *argv]
            for number, argv in enumerate(commands(text, folder, workers, together))
        ]
        for process in start(argvs, folder):
            process.wait()
        lines = (line for path in folder.glob("trace*") for line in path.read_text().splitlines())
        return sum(" = -1 " not in line and "open" in line for line in lines)


def shared_out(workers: int, together: bool) -> float:
    """Return the memory of all processes while each worker has a task in hand [MB], shared pages counted once (PSS)."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        processes = start(commands(WAITING, folder, workers, together), folder)
        while len(list(folder.glob("here*"))) < workers:
            time.sleep(0.1)
        total = sum(_pss(pid) for process in processes for pid in (process.pid, *_offspring(process.pid)))
        (folder / "go").touch()
        for process in processes:
            process.wait()
    return total / 1e6


def _offspring(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [one for child in map(int, children) for one in (child, *_offspring(child))]


def _pss(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def main() -> None:
    """Print the tables."""
    both = (("8 elements of one worker", False), ("one element of 8", True))
    cost(HEAVY, 1, together=False)  # what is on the disk is in memory from here on
    print("| numpy, scipy, pandas, 64 small tasks | wall [s] | CPU [s] | PSS [MB] | files opened |")
    print("|---|---|---|---|---|")
    for words, together in both:
        took, files = cost(HEAVY, WORKERS, together), opened(HEAVY, WORKERS, together) if shutil.which("strace") else 0
        print(f"| {words} | {took.wall:.1f} | {took.cpu:.1f} | {shared_out(WORKERS, together):.0f} | {files:,} |")
    print("\n| 100,000 empty tasks, whole command | wall [s] | CPU [s] | apart: wall [s] | CPU [s] |")
    print("|---|---|---|---|---|")
    memory = "/dev/shm" if os.path.isdir("/dev/shm") else None
    for workers in (1, 2, 4, 8):
        one, many = cost(EMPTY, workers, True, memory), cost(EMPTY, workers, False, memory)
        print(f"| {workers} workers | {one.wall:.2f} | {one.cpu:.2f} | {many.wall:.2f} | {many.cpu:.2f} |")


if __name__ == "__main__":
    main()
