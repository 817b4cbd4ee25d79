"""The rows of the table: each runs both engines, and the floor, in the same minutes."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from benchmarks import engines, floors, layers, reading
from benchmarks.engines import Engine
from benchmarks.field import LOAD_JUG, LOAD_OURS, Field
from benchmarks.measure import middle, run
from benchmarks.table import Row


def empty_tasks(field: Field) -> Iterator[Row]:
    """Whole cost of a task that does nothing, on two file systems, by one worker and by several."""
    count, few = field.sizes.tasks, field.sizes.jug_tasks
    for name, above in (("tmpfs", field.ram), ("ext4", field.disk)):
        one = field.net(field.ours, above, engines.EMPTY, count) / count * 1e6
        jug = field.net(field.jug, above, engines.EMPTY, few) / few * 1e6
        with field.folder(above) as place:
            floor = middle(lambda place=place: floors.tasks(place, count), field.sizes.times) / count * 1e6
        yield Row(f"empty task, 1 worker, {name} [us]", one, jug, floor, 10.0, "each once")
        for workers in field.sizes.crowds:
            several = field.net(field.ours, above, engines.EMPTY, count, workers) / count * 1e6
            theirs = field.net(field.jug, above, engines.EMPTY, few, workers) / few * 1e6
            yield Row(f"empty task, {workers} workers, {name} [us]", several, theirs, None, one, "each once")


def naps(field: Field) -> Iterator[Row]:
    """Processor time of a task of 1 ms that sleeps: what ran before is in no cache when it wakes up."""
    count = field.sizes.tasks // 20
    ours, jug = (
        (field.work(engine, field.ram, engines.NAPS, many).cpu - field.work(engine, field.ram, engines.NAPS, 1).cpu)
        / many * 1e6
        for engine, many in ((field.ours, count), (field.jug, field.sizes.jug_tasks))
    )  # fmt: skip
    pool = (_pool(field, count) - _pool(field, 1)) / count * 1e6
    yield Row("task of 1 ms, a pool in chunks as floor [us CPU]", ours, jug, pool)


def _pool(field: Field, count: int) -> float:
    with field.folder(field.ram) as place:
        return run([[field.ours.python, engines.write(place, engines.POOL)]], place, {"N": str(count)}).cpu


def load(field: Field) -> Iterator[Row]:
    """Load and digest of a million tasks."""
    count = field.sizes.many
    ours, jug = (_load(field, engine, text) for engine, text in ((field.ours, LOAD_OURS), (field.jug, LOAD_JUG)))
    yield Row(f"load, digest and graph of {count:,} [s]", ours[0], jug[0], None, 3.5 * count / 1e6)
    yield Row(f"peak memory of that, {count:,} [MB]", ours[1], jug[1], None, 400)


def _load(field: Field, engine: Engine, text: str) -> tuple[float, float]:
    with field.folder(field.ram) as place:
        command = [engine.python, "-c", text, engines.write(place, engines.EMPTY)]
        times = field.sizes.times if engine is field.ours else 1
        costs = [run([command], place, {"N": str(field.sizes.many)}) for _ in range(times)]
        start = run([command], place, {"N": "1"}).wall
    return median(cost.wall for cost in costs) - start, median(cost.peak for cost in costs) / 1e6


def million(field: Field) -> Iterator[Row]:
    """Execute and status of a million tasks on a disk; jug's figures from fewer, scaled up."""
    count, few = field.sizes.many, field.sizes.jug_tasks
    with field.folder(field.disk) as place:
        jugfile = engines.write(place, engines.EMPTY)
        environ = {"N": str(count)}
        whole = run([field.ours.execute(jugfile, place / "jugdir")], place, environ).wall
        files = sum(1 for _ in (place / "jugdir").rglob("*"))
        looks = ([], ["--cached"], ["--cached"])
        loaded, first, again = (
            run([field.ours.status(jugfile, place / "jugdir", *options)], place, environ).wall for options in looks
        )
        run([field.jug.execute(jugfile, place / "jug")], place, {"N": str(few)})
        theirs = run([field.jug.status(jugfile, place / "jug")], place, {"N": str(few)}).wall
        start = run([field.jug.status(jugfile, place / "jug")], place, {"N": "1"}).wall
    scale = count / 1e6
    yield Row(f"execute {count:,} empty tasks, ext4 [s]", whole, None, None, 12 * scale + 0.5)
    yield Row(f"files and folders for {count:,} results", files, count, None, 20_000 * scale + 100)
    status_of_jug = start + max(0.0, theirs - start) * count / few
    yield Row(f"status of {count:,} finished [s]", loaded, status_of_jug, None, None)
    yield Row(f"status of {count:,} finished, cached [s]", first, status_of_jug, None, 1.2 * max(scale, 0.5))
    yield Row(f"status of {count:,} finished, again [s]", again, status_of_jug, None, 0.4)


def waiting(field: Field) -> Iterator[Row]:
    """What two workers lose by waiting for each other."""
    steps = field.sizes.steps
    one = field.net(field.ours, field.ram, engines.CHAIN, steps)
    two = field.net(field.ours, field.ram, engines.CHAIN, steps, 2)
    theirs = field.net(field.jug, field.ram, engines.CHAIN, steps, 2)
    yield Row(f"chain of {steps}, 1 worker [s]", one, field.net(field.jug, field.ram, engines.CHAIN, steps))
    yield Row(f"chain of {steps}, 2 workers [s]", two, theirs, None, 1.2 * one)
    one = field.net(field.ours, field.ram, engines.MAP_AND_SUM, steps)
    two = field.net(field.ours, field.ram, engines.MAP_AND_SUM, steps, 2)
    theirs = field.net(field.jug, field.ram, engines.MAP_AND_SUM, steps, 2)
    yield Row(f"map of {steps} and a sum, 2 workers [s]", two, theirs, None, one + 0.5)


def arrays(field: Field) -> Iterator[Row]:
    """Arrays of 1 MiB, and a reduce over large ones."""
    count = field.sizes.arrays
    for name, above in (("tmpfs", field.ram), ("ext4", field.disk)):
        ours, jug = (count / field.net(engine, above, engines.ARRAYS, count) for engine in (field.ours, field.jug))
        with field.folder(above) as place:
            floor = count / middle(lambda place=place: floors.arrays(place, count), field.sizes.times)
        yield Row(f"1 MiB array, {name} [ms]", 1e3 / ours, 1e3 / jug, 1e3 / floor, 1e3 / floor / 0.8)
    ours, jug = (field.work(engine, field.ram, engines.LARGE, 40).peak / 1e6 for engine in (field.ours, field.jug))
    yield Row("peak of 40 x 20 MB and a reduce [MB]", ours, jug, None, 150)


ALL = {
    "empty": empty_tasks, "load": load, "million": million, "waiting": waiting, "arrays": arrays, "naps": naps,
    "layers": layers.layers, **reading.ALL,
}  # fmt: skip
