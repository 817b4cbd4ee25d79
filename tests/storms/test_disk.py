"""A disk that is full for a while, and results that rot on it."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from dataclasses import replace

import pytest

BULKY = """
import sys
from jug import TaskGenerator

@TaskGenerator
def noise(i):
    import random
    return random.Random(i).randbytes(20_000)

shorts = longs = sums = total = None
lengths = [noise(i) for i in range(60)]
"""


@pytest.fixture
def small_disk(tmp_path, give_up):
    """Return a disk of 2 MiB."""
    (place := tmp_path / "small").mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "none", place], capture_output=True).returncode:
        give_up("mounting a small file system needs root")
    yield place
    subprocess.run(["umount", place], check=True)


def test_workers_wait_while_the_disk_is_full_and_lose_nothing(crew, small_disk):
    (crew.folder / "jugfile.py").write_text(BULKY)
    crew = replace(crew, jugdir=small_disk / "results")
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(3 << 19))
    workers = [crew.start() for _ in range(2)]
    try:
        end = time.monotonic() + 30
        while "cannot store" not in crew.said():
            assert time.monotonic() < end, crew.said()
            time.sleep(0.05)
        ballast.unlink()
        assert [worker.wait(60) for worker in workers] == [0, 0], crew.said()
    finally:
        for worker in workers:
            if worker.poll() is None:
                os.killpg(worker.pid, signal.SIGKILL)
                worker.wait()
    (crew.folder / "show.py").write_text("import json; print(json.dumps([len(value(n)) for n in lengths]))")
    done = crew.run("reduce", "--script", "show.py")
    assert json.loads(done.stdout) == [20_000] * 60
    assert crew.claims() == []


def truncate(path, rng):
    os.truncate(path, rng.randrange(1, path.stat().st_size))


def flip(path, rng):
    data = bytearray(path.read_bytes())
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    path.write_bytes(data)


def empty(path, rng):
    os.truncate(path, 0)


@pytest.mark.parametrize("harm", [truncate, flip, empty])
def test_damaged_results_are_never_believed_and_are_computed_anew(crew, expected, harm):
    crew.finish("5")
    rng = random.Random(harm.__name__)
    files = [path for path in crew.jugdir.glob("shards/*/*") if path.suffix in ("", ".pack")]
    for path in rng.sample(files, 3):
        harm(path, rng)
    for _ in range(len(files) + 1):
        shown = crew.show("5")
        if shown.returncode == 0:
            break
        assert "is damaged" in shown.stderr or "no result" in shown.stderr, shown.stderr
        crew.finish("5")
    assert json.loads(shown.stdout) == expected(5)
    assert list(crew.jugdir.glob("shards/*/*.corrupt"))
