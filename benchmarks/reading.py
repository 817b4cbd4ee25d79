"""The rows of what is read back, of shared arguments and of large results."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from statistics import median

from benchmarks import engines, floors
from benchmarks.engines import Engine
from benchmarks.field import LOAD_JUG, LOAD_OURS, Field
from benchmarks.measure import middle, run
from benchmarks.table import Row

READ = """
import sys, time
import {name} as engine
store, space = engine.init('jugfile.py', sys.argv[1])
tasks = space['tasks']
for task in tasks:
    task.hash()
began = time.{clock}()
{what}
print(time.{clock}() - began)
"""

LOOP = "values = [task.value() for task in tasks]"
AT_ONCE = "values = engine.value(tasks)"

LARGE_ARRAY = f"""{engines.HEAD}
import numpy as np

@TaskGenerator
def array(i):
    return np.full(100 << 17, float(i))

tasks = [array(i) for i in range(N)]
"""

SHARED = f"""{engines.HEAD}
M = int(os.environ['M'])

@TaskGenerator
def part(i):
    return i

@TaskGenerator
def whole(i, parts):
    return len(parts)

parts = [part(i) for i in range(N)]
tasks = [whole(i, parts) for i in range(M)]
"""

LARGE_PICKLE = f"""{engines.HEAD}

@TaskGenerator
def blobs(i):
    return [os.urandom(1 << 20) for _ in range(500)]

tasks = [blobs(i) for i in range(N)]
"""


LARGE_LIST = f"""{engines.HEAD}
from base64 import b85encode

@TaskGenerator
def texts(i):
    return [b85encode(os.urandom(400)).decode() for _ in range(500_000)]  # which does not compress

tasks = [texts(i) for i in range(N)]
"""


def reading(field: Field) -> Iterator[Row]:
    """Processor time of a result that is read back: one by one in the order of definition, and all at once."""
    for count in sorted({field.sizes.tasks // 2, field.sizes.many}):
        few = field.sizes.jug_tasks
        with field.folder(field.disk) as place:
            floor = floors.reading(place, min(count, 100_000)) / min(count, 100_000) * 1e6
        for words, what in (("one by one", LOOP), ("at once", AT_ONCE)):
            ours = _read(field, field.ours, engines.EMPTY, count, what) / count * 1e6
            jug = _read(field, field.jug, engines.EMPTY, few, what) / few * 1e6
            yield Row(f"value() of {count:,}, {words} [us CPU]", ours, jug, floor, 5.0)


def array(field: Field) -> Iterator[Row]:
    """Wall time until an array of 100 MiB is at hand in a new process, and was used, where NumPy maps it."""
    for words, what in (("at hand", LOOP), ("summed", "sums = [task.value().sum() for task in tasks]")):
        ours, jug = (
            median(_read(field, engine, LARGE_ARRAY, 1, what, "perf_counter") for _ in range(field.sizes.times))
            for engine in (field.ours, field.jug)
        )
        with field.folder(field.disk) as place:
            floor = middle(lambda place=place, words=words: floors.mapped(place, words == "summed"), field.sizes.times)
        yield Row(f"100 MiB array {words} [ms]", 1e3 * ours, 1e3 * jug, 1e3 * floor, 1.1e3 * floor)


def shared(field: Field) -> Iterator[Row]:
    """Processor time to load a list of tasks that many tasks have for an argument."""
    for count, users in ((20_000, 200), (100_000, 1000)):
        environ = {"N": str(count), "M": str(users)}
        ours = _load(field, field.ours, LOAD_OURS, environ)
        jug = _load(field, field.jug, LOAD_JUG, environ) if count < 100_000 else None
        yield Row(f"load {count:,} tasks shared by {users:,} [s CPU]", ours, jug)
        whole = _execute(field, environ)
        flat = _execute(field, {"N": str(count + users), "M": "0"})
        yield Row(f"execute {count:,} shared by {users:,}, flat as floor [s CPU]", whole, None, flat)


def pickles(field: Field) -> Iterator[Row]:
    """Peak memory of a worker that stores one large result which is no array: of few objects, and of many."""
    for what, text, size in (("a pickle of 524", LARGE_PICKLE, 524), ("a list of 500,000 texts, 278", LARGE_LIST, 278)):
        ours, jug = (field.work(engine, field.disk, text, 1).peak / 1e6 for engine in (field.ours, field.jug))
        yield Row(f"peak of {what} MB [MB]", ours, jug, size)


def _read(field: Field, engine: Engine, text: str, count: int, what: str, clock: str = "process_time") -> float:
    """Return what it takes to read `count` results [s]."""
    with field.folder(field.disk) as place:
        environ = {"N": str(count)}
        run([engine.execute(engines.write(place, text), Path("jugdir"))], place, environ)
        script = READ.format(name=engine.name, what=what, clock=clock)
        cost = run([[engine.python, "-c", script, "jugdir"]], place, environ)
        return float(cost.out[0].split()[-1])


def _execute(field: Field, environ: dict[str, str]) -> float:
    with field.folder(field.ram) as place:
        return run([field.ours.execute(engines.write(place, SHARED), place / "jugdir")], place, environ).cpu


def _load(field: Field, engine: Engine, script: str, environ: dict[str, str]) -> float:
    with field.folder(field.ram) as place:
        return run([[engine.python, "-c", script, engines.write(place, SHARED)]], place, environ).cpu


ALL = {"reading": reading, "array": array, "shared": shared, "pickles": pickles}
