"""Results that were computed, or loaded, do not stay in memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

Jughpc = Callable[..., CompletedProcess[str]]

LARGE = """
import os
from jug import TaskGenerator
from jug.mapreduce import reduce

SIZE = 8_000_000

@TaskGenerator
def peak(after):
    lines = open("/proc/self/status").read().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith("VmHWM")).split()[1])

@TaskGenerator
def make(i):
    return os.urandom(SIZE)

def longer(a, b):
    return max(a, b, key=len)

@TaskGenerator
def size(of):
    return len(of)

before = peak(None)
largest = size(reduce(longer, [make(i) for i in range(24)]))
after = peak(largest)
"""


def test_a_worker_that_makes_and_reduces_large_results_holds_a_few_at_a_time(jughpc: Jughpc, folder: Path) -> None:
    (folder / "large.py").write_text(LARGE)
    (folder / "reduce.py").write_text("print((value(after) - value(before)) // SIZE)")
    assert jughpc("execute", "large.py", "--name", "peak").returncode == 3
    assert jughpc("execute", "large.py").returncode == 0
    growth = int(jughpc("reduce", "large.py", "--script", "reduce.py").stdout)
    assert growth <= 4
