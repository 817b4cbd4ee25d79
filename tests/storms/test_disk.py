"""A disk that is full for a while, and results that rot on it."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import time
from dataclasses import replace

import pytest

BULKY = """
import sys, time
from jug import TaskGenerator

@TaskGenerator
def noise(i):
    import random
    time.sleep(0.02)
    return random.Random(i).randbytes(20_000)

shorts = longs = sums = total = None
lengths = [noise(i) for i in range(60)]
"""


class Disk:
    """A disk of a test's own, and what befalls it for a while.

    Attributes:
        place: Where it is mounted.
        before: Whether the trouble is there before anybody works.
    """

    before = False

    def __init__(self, place, needs=()):
        self.place, self.needs = place, needs

    def sh(self, *argv):
        return subprocess.run(argv, capture_output=True, text=True, check=False)

    def mount(self):
        """Mount it; return why that cannot be done here, "" if it was."""
        return (
            "" if self.sh("mount", *self.how, self.place).returncode == 0 else "mounting a small file system needs root"
        )

    def image(self, size, *make):
        """Return an image of a file system, as words for mount."""
        image = self.place.with_name("image")
        with image.open("wb") as file:
            file.truncate(size)
        self.sh(*make, image)
        return ["-o", "loop", image]


class Full(Disk):
    """tmpfs of 2 MiB, most of it taken."""

    how = ("-t", "tmpfs", "-o", "size=2m", "none")
    before = True

    def begin(self):
        (self.place / "ballast").write_bytes(bytes(3 << 19))

    def end(self):
        (self.place / "ballast").unlink()


class ReadOnly(Disk):
    """tmpfs that is remounted, as by a kernel that found a fault, and by whoever mended it."""

    how = ("-t", "tmpfs", "-o", "size=8m", "none")

    def remount(self, mode):
        end = time.monotonic() + 120
        while self.sh("mount", "-o", f"remount,{mode}", self.place).returncode:  # a file is just being written
            assert time.monotonic() < end, "it is busy"
            time.sleep(0.001)

    def begin(self):
        self.remount("ro")

    def end(self):
        self.remount("rw")


class ReadOnlyExt4(ReadOnly):
    """The same of ext4."""

    @property
    def how(self):
        return self.image(32 << 20, "mkfs.ext4", "-q")


class Quota(Disk):
    """btrfs with a limit for the folder: EDQUOT, at a write or not before the data are to be on disk."""

    @property
    def how(self):
        return self.image(128 << 20, "mkfs.btrfs", "-q")

    def mount(self):
        if shutil.which("btrfs") is None:
            return "a real quota needs btrfs-progs"
        if trouble := super().mount():
            return trouble
        done = self.sh("btrfs", "quota", "enable", self.place)
        if done.returncode == 0:
            done = self.sh("btrfs", "subvolume", "create", self.place / "results")
        return done.stderr if done.returncode else ""

    def begin(self):
        self.limit("128K")

    def end(self):
        self.limit("none")

    def limit(self, size):
        """Limit the folder from above: what is written to change a full folder's own limit would count against it."""
        number = self.sh("btrfs", "inspect-internal", "rootid", self.place / "results").stdout.strip()
        done = self.sh("btrfs", "qgroup", "limit", size, f"0/{number}", self.place)
        assert done.returncode == 0, done.stderr


@pytest.fixture(params=[Full, ReadOnly, ReadOnlyExt4, Quota], ids=["full", "read-only", "read-only ext4", "quota"])
def disk(request, tmp_path, give_up):
    """Return a small disk that is mounted."""
    (place := tmp_path / "small").mkdir()
    disk = request.param(place)
    if why := disk.mount():
        give_up(why)
    yield disk
    subprocess.run(["umount", place], check=True)


def test_workers_wait_while_nothing_can_be_written_and_lose_nothing(crew, disk):
    (crew.folder / "jugfile.py").write_text(BULKY)
    crew = replace(crew, jugdir=disk.place / "results")
    if disk.before:
        disk.begin()
    workers = [crew.start() for _ in range(2)]
    try:
        if not disk.before:
            await_(
                lambda: list(crew.jugdir.glob("shards/*/*.pack")) or list(crew.jugdir.glob("shards/*/*.claim.*")), crew
            )
            disk.begin()
        await_(lambda: "trying again" in crew.said(), crew)
        disk.end()
        assert [worker.wait(120) for worker in workers] == [0, 0], crew.said()
    finally:
        for worker in workers:
            if worker.poll() is None:
                os.killpg(worker.pid, signal.SIGKILL)
                worker.wait()
    assert "Traceback" not in crew.said()
    (crew.folder / "show.py").write_text("import json; print(json.dumps([len(value(n)) for n in lengths]))")
    done = crew.run("reduce", "--script", "show.py")
    assert json.loads(done.stdout) == [20_000] * 60
    assert crew.claims() == []


def await_(is_so, crew):
    end = time.monotonic() + 120
    while not is_so():
        assert time.monotonic() < end, crew.said()
        time.sleep(0.005)


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
    for path in rng.sample(files, min(3, len(files))):
        harm(path, rng)
    for _ in range(len(files) + 1):
        shown = crew.show("5")
        if shown.returncode == 0:
            break
        assert "is damaged" in shown.stderr or "no result" in shown.stderr, shown.stderr
        crew.finish("5")
    assert json.loads(shown.stdout) == expected(5)
    assert list(crew.jugdir.glob("shards/*/*.corrupt"))
