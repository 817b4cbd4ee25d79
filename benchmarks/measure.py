"""Run commands and measure them as wholes: wall, processor time, peak memory."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median


@dataclass(frozen=True)
class Cost:
    """What one or several processes took.

    Attributes:
        wall: From the first start to the last end [s].
        cpu: Processor time of all, with their children [s].
        peak: Largest resident set of one [bytes].
        out: What they printed.
    """

    wall: float
    cpu: float
    peak: int
    out: tuple[str, ...]


def run(commands: Sequence[Sequence[str]], folder: Path, environ: Mapping[str, str] | None = None) -> Cost:
    """Run commands at the same time. Raises RuntimeError with what one printed that failed."""
    began = time.perf_counter()
    processes = [_start(command, folder, environ or {}) for command in commands]
    ends = [_end(process) for process in processes]
    wall = time.perf_counter() - began
    return Cost(wall, sum(cpu for cpu, _, _ in ends), max(peak for _, peak, _ in ends), tuple(out for *_, out in ends))


def middle(measure: Callable[[], float], times: int) -> float:
    """Return the median of so many measurements."""
    return median(measure() for _ in range(times))


def _start(command: Sequence[str], folder: Path, environ: Mapping[str, str]) -> subprocess.Popen[str]:
    whole = {**os.environ, "PYTHONHASHSEED": "0", **environ}
    return subprocess.Popen(command, cwd=folder, env=whole, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def _end(process: subprocess.Popen[str]) -> tuple[float, int, str]:
    assert process.stdout is not None
    out = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{process.args!r} ended with {process.returncode}:\n{out[-2000:]}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, out
