"""The rows of graphs in which one task needs others: processor time beside that of as many that need none."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks import engines
from benchmarks.engines import Engine
from benchmarks.field import Field
from benchmarks.measure import Cost, run
from benchmarks.table import Row

STENCIL = f"""{engines.HEAD}
import time
WIDTH, SECONDS = int(os.environ["WIDTH"]), float(os.environ.get("SECONDS", 0))

@TaskGenerator
def first(i):
    return float(i)

@TaskGenerator
def step(a, b, c):
    if SECONDS:
        time.sleep(SECONDS)
    return (a + b + c) / 3

row = [first(i) for i in range(WIDTH)]
for _ in range(N):
    row = [step(row[i - 1], row[i], row[(i + 1) % WIDTH]) for i in range(WIDTH)]
"""

TREE = f"""{engines.HEAD}
@TaskGenerator
def leaf(i):
    return i

@TaskGenerator
def add(a, b):
    return a + b

row = [leaf(i) for i in range(N)]
while len(row) > 1:
    pairs = zip(row[::2], row[1::2])
    row = [add(a, b) for a, b in pairs] + row[len(row) // 2 * 2:]
"""

BARRIERS = f"""{engines.HEAD}
from jug import barrier

@TaskGenerator
def square(i, j):
    return i * j

for j in range(N):
    tasks = [square(i, j) for i in range(1000)]
    barrier()
"""


def layers(field: Field) -> Iterator[Row]:
    """Processor time with its start, and files."""
    width = field.sizes.width
    for side, engine_of_jug in ((width, field.jug), (2 * width, None)):
        count = side * (side + 1)
        flat, _ = _work(field, field.ours, engines.EMPTY, N=count)
        theirs = _work(field, engine_of_jug, STENCIL, N=side, WIDTH=side)[0].cpu if engine_of_jug else None
        ours, files = _work(field, field.ours, STENCIL, N=side, WIDTH=side)
        yield Row(f"stencil of {side} x {side}, flat as floor [s CPU]", ours.cpu, theirs, flat.cpu, 3 * flat.cpu)
        yield Row("files of that", files, None, None, 5 * side)
    one, two = (_work(field, field.ours, STENCIL, workers, N=30, WIDTH=width, SECONDS=0.002)[0] for workers in (1, 2))
    yield Row(f"stencil of {width} x 30 of 2 ms, 2 workers, one as floor [s]", two.wall, None, one.wall, one.wall)
    leaves = field.sizes.tasks * 2
    flat, tree = (_work(field, field.ours, text, N=count)[0].cpu for text, count in (
        (engines.EMPTY, 2 * leaves), (TREE, leaves)
    ))  # fmt: skip
    yield Row(f"tree over {leaves:,} leaves, flat as floor [s CPU]", tree, None, flat, 3 * flat)
    ours, theirs = (_work(field, engine, BARRIERS, N=field.sizes.barriers)[0].cpu for engine in (field.ours, field.jug))
    flat = _work(field, field.ours, engines.EMPTY, N=1000 * field.sizes.barriers)[0].cpu
    yield Row(f"{field.sizes.barriers} barriers of 1000, flat as floor [s CPU]", ours, theirs, flat, 3 * flat)


def _work(field: Field, engine: Engine, text: str, workers: int = 1, **environ: float) -> tuple[Cost, int]:
    """Execute a jugfile from nothing; return what it took, and how many files it left."""
    with field.folder(field.ram) as place:
        command = engine.execute(engines.write(place, text), place / "jugdir")
        cost = run([command] * workers, place, {name: str(value) for name, value in environ.items()})
        return cost, sum(path.is_file() for path in (place / "jugdir").rglob("*"))
