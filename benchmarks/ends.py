"""How soon work begins and its output is there, beside jobs that only say the time: `python -m benchmarks.ends`.

On the scheduler that this host has (a Slurm whose nodes are idle), or on the embedded one with `--local`.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

TINY = """
import time
from jug import TaskGenerator

@TaskGenerator
def now(i):
    return time.time()

times = [now(i) for i in range(160)]
"""

REDUCE = """
import time
found = value(times)
with open("out.tmp", "w") as out:
    print(min(found), max(found), time.time(), file=out)
import os
os.rename("out.tmp", "out")
"""

SUBMIT = (sys.executable, "-m", "jughpc", "submit", "tiny.py", "--reduce", "reduce.py")
_DATE = "#!/bin/sh\nexec date +%s.%N >>"


class Ends(NamedTuple):
    """When what happened [s].

    Attributes:
        returned: `submit`, since it was typed.
        first: The first task began, since then.
        last: The last task ended, since then.
        output: The reduce had its output, since the last task.
    """

    returned: float
    first: float
    last: float
    output: float

    def __str__(self) -> str:
        return " | ".join(f"{one:.2f}" for one in self)


def main() -> None:
    """Print a row a run, in turn, and the medians."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ends", description=__doc__)
    parser.add_argument("--local", action="store_true", help="64 elements on the embedded scheduler")
    parser.add_argument("--runs", type=int, default=5)
    asked = parser.parse_args()
    embedded = ("--array", "64", "--scheduler", "local")
    of: dict[str, Callable[[Path], Ends]] = {
        "jughpc": lambda place: ours(place, embedded if asked.local else ("--array", "16"))
    }
    if not asked.local:
        of["date"] = dates
    found: dict[str, list[Ends]] = {name: [] for name in of}
    print("| what | submit returns [s] | first task [s] | last task [s] | then output [s] |\n|---|---|---|---|---|")
    for _ in range(asked.runs):
        for name, run in of.items():
            with tempfile.TemporaryDirectory(dir=Path.cwd()) as place:
                found[name].append(run(Path(place)))
            print(f"| {name} | {found[name][-1]} |", flush=True)
    middles = {name: Ends(*(median(column) for column in zip(*rows, strict=True))) for name, rows in found.items()}
    for name, ends in middles.items():
        print(f"| {name}, median | {ends} |")
    if "date" in middles:
        ratios = [mine / theirs for mine, theirs in zip(middles["jughpc"], middles["date"], strict=True)]
        print(f"| jughpc / date | {' | '.join(f'{one:.1f} x' for one in ratios)} |")


def ours(place: Path, how: Sequence[str]) -> Ends:
    """Return the ends of 160 tasks that take no time, and their reduce."""
    (place / "tiny.py").write_text(TINY)
    (place / "reduce.py").write_text(REDUCE)
    began = time.time()
    _run([*SUBMIT, *how], place)
    returned = time.time()
    first, last, output = map(float, _awaited(place / "out").split())
    _idle(place)
    return Ends(returned - began, first - began, last - began, output - last)


def dates(place: Path) -> Ends:
    """Return the same of an array, a job after it and one after that, all of which only say the time."""
    began = time.time()
    array = _sbatch(place, "array", "--array=0-15")
    collector = _sbatch(place, "collector", f"--dependency=afterany:{array}")
    _sbatch(place, "reduce", f"--dependency=afterok:{collector}", "--kill-on-invalid-dep=yes")
    returned = time.time()
    output = float(_awaited(place / "reduce"))
    said = sorted(map(float, (place / "array").read_text().split()))
    return Ends(returned - began, said[0] - began, said[-1] - began, output - said[-1])


def _sbatch(place: Path, name: str, *words: str) -> str:
    (place / f"{name}.sh").write_text(f"{_DATE}{place / name}\n")
    return _run(["sbatch", "--parsable", "--output=/dev/null", *words, f"{name}.sh"], place).strip()


def _awaited(path: Path) -> str:
    while not (path.exists() and path.stat().st_size):
        time.sleep(0.02)
    return path.read_text()


def _idle(place: Path) -> None:
    """Wait until nothing of ours runs, so that the next run finds the nodes as this one did."""
    _run([sys.executable, "-m", "jughpc", "submit", "tiny.py", "--wait"], place)


def _run(argv: Sequence[str], place: Path) -> str:
    known = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return subprocess.run(argv, cwd=place, env=known, check=True, stdout=subprocess.PIPE, text=True).stdout


if __name__ == "__main__":
    main()
