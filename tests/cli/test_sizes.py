"""Jugfiles of full size: deep, broad, and lazy over more elements than memory holds."""

from __future__ import annotations

import pytest

CHAIN = """
from jug import TaskGenerator

@TaskGenerator
def add_one(x):
    return x + 1

last = 0
for _ in range(100_000):
    last = add_one(last)
"""

FAN_IN = """
from jug import TaskGenerator

@TaskGenerator
def one(i):
    return 1

@TaskGenerator
def total(*numbers):
    return sum(numbers)

all_of_them = total(*[one(i) for i in range(200_000)])
"""

LAZY = """
import sys
from operator import add
from jug.mapreduce import map, mapreduce

def square(x):
    return x * x

elements = range(int(sys.argv[1]))
total = mapreduce(add, square, elements, map_step=2**20)
squares = map(square, elements, map_step=2**20)
some = squares[len(elements) // 2]
"""

LARGE = [("chain", CHAIN, 100_000), ("fan_in", FAN_IN, 200_001), ("lazy", LAZY, 2046)]


@pytest.mark.parametrize(("name", "text", "count"), LARGE, ids=[name for name, *_ in LARGE])
def test_a_large_jugfile_is_loaded_looked_at_and_begun(jughpc, name, text, count):
    jughpc.write(f"{name}.py", text)
    at = (f"{name}.py", "1_000_000_000")
    assert jughpc("count", *at, "--short").stdout.startswith(f"Count:  {count} tasks")
    assert jughpc("status", *at, "--short").stdout.startswith(f"{count} tasks waiting to be run")
    assert jughpc("check", *at).returncode == 1
    assert jughpc("execute", *at, JUG_MAX_TASKS="1").returncode == 3
    assert jughpc("status", *at, "--short").stdout.startswith(f"{count - 1} tasks waiting to be run")


def test_two_hundred_thousand_arguments_reach_their_task(jughpc):
    jughpc.write("fan_in.py", FAN_IN)
    jughpc.write("reduce.py", "print(value(all_of_them))\n")
    assert "Executed:  200001 tasks" in jughpc("execute", "fan_in.py", "--short").stdout
    for command in ("check", "sleep-until", "status"):
        assert jughpc(command, "fan_in.py").returncode == 0
    assert jughpc("reduce", "fan_in.py", "--script", "reduce.py").stdout == "200000\n"


def test_a_slice_of_a_lazy_map_is_computed_whole(jughpc):
    jughpc.write("lazy.py", LAZY)
    jughpc.write("reduce.py", "print(value(total), len(squares), value(some))\n")
    at = ("lazy.py", "2_000_000")
    assert "Executed:  5 tasks" in jughpc("execute", *at, "--short").stdout
    done = jughpc("reduce", *at, "--script", "reduce.py")
    assert done.stdout == f"{sum(x * x for x in range(2_000_000))} 2000000 {10**12}\n"
