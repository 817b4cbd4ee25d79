"""What a machine may refuse a command, each made real: a full disk, no inodes, closed streams, small limits."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

JUGFILE = """
import sys
from jug import TaskGenerator

@TaskGenerator
def double(x):
    return 2 * x

doubles = [double(i) for i in range(9 + 9 * len(sys.argv[1:]))]
"""

AS_NOBODY = """
import encodings.cp437, encodings.unicode_escape, importlib, importlib.metadata, importlib.readers, importlib.resources
import os, pkgutil, sys, zipfile, numpy, jughpc
import IPython.terminal.embed
for module in pkgutil.walk_packages(jughpc.__path__, "jughpc."):
    if "testing" not in module.name and "__main__" not in module.name:
        importlib.import_module(module.name)
[getattr(numpy, name) for name in dir(numpy)]  # it imports some of its modules when they are asked for
os.setgroups([]), os.setgid(65534), os.setuid(65534)
from jughpc.cli.main import main
main()
"""
"""Runs `jughpc` as a user whom permissions bind; Python itself may lie in root's own home."""

is_root = os.geteuid() == 0


@dataclass(frozen=True)
class Meeting:
    """How a command is started, so that it meets a fault.

    Attributes:
        before: What its process does first.
        stdout: Where its output goes.
        environ: What its environment has beside; None for what it has not.
        as_nobody: Permissions are to bind it, though root starts it.
    """

    before: Callable[[], object] | None = None
    stdout: Any = subprocess.PIPE
    environ: Mapping[str, str | None] = field(default_factory=dict)
    as_nobody: bool = False


@dataclass(frozen=True)
class Place:
    """A folder with a jugfile whose tasks are done, by a submission that is over; with an argument it has more tasks.

    Attributes:
        cwd: The folder.
        environ: The environment of who works there.
    """

    cwd: Path
    environ: Mapping[str, str]

    @property
    def jugdir(self) -> Path:
        return self.cwd / "jugfile.jugdata"

    def run(self, *words: str, meeting: Meeting = Meeting(), patience: float = 120) -> subprocess.CompletedProcess[str]:
        """Run `jughpc WORDS` as `meeting` has it."""
        start = [sys.executable, "-c", AS_NOBODY] if meeting.as_nobody and is_root else [sys.executable, "-m", "jughpc"]
        environ = {key: value for key, value in {**self.environ, **meeting.environ}.items() if value is not None}
        return subprocess.run(
            [*start, *words], cwd=self.cwd, env=environ, stdout=meeting.stdout, stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL, text=True, timeout=patience, check=False, preexec_fn=meeting.before,
        )  # fmt: skip

    def submissions(self) -> set[str]:
        """Return the numbers of what was submitted."""
        return {path.parent.name for path in self.jugdir.glob("submissions/*/record.json")}

    def has_no_temporaries(self) -> bool:
        """Return whether no file was left that is half made: such ones have names of their own."""
        return not [path for path in self.cwd.rglob("*") if path.name.endswith((".new", ".tmp"))]


Fault = Callable[[Place], AbstractContextManager[Meeting]]


@contextmanager
def full_stdout(place: Place) -> Iterator[Meeting]:
    with open("/dev/full", "w") as full:
        yield Meeting(stdout=full)


@contextmanager
def closed_stdout(place: Place) -> Iterator[Meeting]:
    yield Meeting(before=lambda: os.close(1), stdout=None)


@contextmanager
def closed_streams(place: Place) -> Iterator[Meeting]:
    yield Meeting(before=lambda: [os.close(number) for number in (0, 1, 2)])


@contextmanager
def no_reader(place: Place) -> Iterator[Meeting]:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        yield Meeting(stdout=writer)
    finally:
        os.close(writer)


@contextmanager
def folder_removed(place: Place) -> Iterator[Meeting]:
    gone = place.cwd / "gone"
    gone.mkdir()
    yield Meeting(before=lambda: (os.chdir(gone), os.rmdir(gone)))


@contextmanager
def no_home(place: Place) -> Iterator[Meeting]:
    yield Meeting(environ={"HOME": None, "XDG_STATE_HOME": None} if not is_root else {"HOME": None})


@contextmanager
def few_files(place: Place) -> Iterator[Meeting]:
    yield Meeting(before=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (7, 7)))


@contextmanager
def small_files(place: Place) -> Iterator[Meeting]:
    shutil.rmtree(place.jugdir)
    yield Meeting(before=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10)), environ={"JUGHPC_PATIENCE": "0"})


@contextmanager
def little_memory(place: Place) -> Iterator[Meeting]:
    size = 60 << 20
    yield Meeting(before=lambda: resource.setrlimit(resource.RLIMIT_AS, (size, size)))


@contextmanager
def read_only(place: Place) -> Iterator[Meeting]:
    with _modes([*place.jugdir.rglob("*"), place.jugdir], 0o555):
        yield Meeting(as_nobody=True, environ={"JUGHPC_PATIENCE": "0"})


@contextmanager
def read_only_disk(place: Place) -> Iterator[Meeting]:
    with _tmpfs(place, "size=4m") as jugdir:
        subprocess.run(["mount", "-o", "remount,ro", jugdir], check=True)
        yield Meeting(environ={"JUGHPC_PATIENCE": "0"})


@contextmanager
def full_disk(place: Place) -> Iterator[Meeting]:
    with _tmpfs(place, "size=1m") as jugdir:
        _fill(jugdir / "big")
        yield Meeting(environ={"JUGHPC_PATIENCE": "0"})
        (jugdir / "big").unlink()


@contextmanager
def no_inodes(place: Place) -> Iterator[Meeting]:
    with _tmpfs(place, "size=4m,nr_inodes=80") as jugdir:
        (jugdir / "many").mkdir()
        _use_up(jugdir / "many")
        yield Meeting(environ={"JUGHPC_PATIENCE": "0"})
        shutil.rmtree(jugdir / "many")


@contextmanager
def mode_000(place: Place) -> Iterator[Meeting]:
    with _modes([place.jugdir], 0):
        yield Meeting(as_nobody=True, environ={"JUGHPC_PATIENCE": "0"})


@contextmanager
def unreadable_store(place: Place) -> Iterator[Meeting]:
    with _modes([place.jugdir / "store.yaml"], 0):
        yield Meeting(as_nobody=True, environ={"JUGHPC_PATIENCE": "0"})


@contextmanager
def file_for_workers(place: Place) -> Iterator[Meeting]:
    shutil.rmtree(place.jugdir / "workers")
    (place.jugdir / "workers").write_text("")
    yield Meeting(environ={"JUGHPC_PATIENCE": "0"})


FAULTS: Mapping[str, Fault] = {
    "stdout full": full_stdout, "stdout closed": closed_stdout, "all streams closed": closed_streams,
    "nobody reads": no_reader,
    "folder removed": folder_removed, "no HOME": no_home, "few files": few_files, "small files": small_files,
    "little memory": little_memory, "read-only": read_only, "read-only disk": read_only_disk,
    "full disk": full_disk, "no inodes": no_inodes, "mode 000": mode_000, "store.yaml mode 000": unreadable_store,
    "file for workers": file_for_workers,
}  # fmt: skip


@contextmanager
def _modes(paths: list[Path], mode: int) -> Iterator[None]:
    """Have `paths` of that mode for a while; the way there is open to all."""
    for above in (path for path in paths[-1].parents if path.stat().st_uid == os.geteuid()):
        above.chmod(above.stat().st_mode | 0o011)
    former = [(path, path.stat().st_mode) for path in paths]
    for path in paths:
        path.chmod(mode)
    try:
        yield
    finally:
        for path, mode in reversed(former):
            path.chmod(mode)


@contextmanager
def _tmpfs(place: Place, options: str) -> Iterator[Path]:
    """Have the jugdir on a disk of its own."""
    aside = place.cwd / "aside"
    place.jugdir.rename(aside)
    place.jugdir.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", place.jugdir], capture_output=True).returncode:
        pytest.skip("mounting a small file system needs root")
    try:
        shutil.copytree(aside, place.jugdir, dirs_exist_ok=True)
        shutil.rmtree(aside)
        yield place.jugdir
    finally:
        subprocess.run(["umount", "-l", place.jugdir], check=True)


def _fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            return


def _use_up(folder: Path) -> None:
    try:
        for number in range(1000):
            (folder / str(number)).touch()
    except OSError:
        return
