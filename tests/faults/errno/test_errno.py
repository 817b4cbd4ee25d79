"""Each errno in each call for a while, by a library before libc: no worker dies of it, and no result is lost."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

CALLS = [
    "open", "read", "write", "pwrite", "fsync", "rename", "link", "unlink", "mkdir", "getdents", "fstat", "mmap",
]  # fmt: skip
ERRNOS = sorted(errno.errorcode)
OF_CALLERS = {errno.EINTR, errno.ENOENT, errno.EEXIST}  # Python tries again at the first; the others are answers
ALL = "JUGHPC_TEST_ALL"
OUTAGE = 1.5  # [s]

JUGFILE = """
import os, time
from jug import TaskGenerator

def begun():
    try:
        return len(os.listdir("jugfile.jugdata/workers"))
    except OSError:  # the outage
        return 0

@TaskGenerator
def slow(x):
    while begun() < int(os.environ.get("TOGETHER", "1")):  # who begins in an outage is told so at once, and ends
        time.sleep(0.02)
    time.sleep(0.1)
    return 2 * x

@TaskGenerator
def total(parts):
    return sum(parts)

parts = [slow(x) for x in range(12)]
whole = total(parts)
"""


def cases():
    """Return each call with some errnos, other ones for each; with all if asked for."""
    passing = [number for number in ERRNOS if number not in OF_CALLERS]
    if os.environ.get(ALL):
        return [(call, number) for call in CALLS for number in passing]
    known = [errno.EROFS, errno.EACCES, errno.EPIPE, errno.ESHUTDOWN, errno.ENOTCONN, errno.EIO, errno.ENOMEM]
    return [(call, known[place % len(known)]) for place, call in enumerate(CALLS)]


@pytest.fixture(scope="session")
def library(tmp_path_factory):
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        pytest.skip("needs a C compiler, to put a library before libc")
    built = tmp_path_factory.mktemp("library") / "faulty.so"
    source = Path(__file__).with_name("faulty.c")
    done = subprocess.run(
        [compiler, "-shared", "-fPIC", "-w", "-o", built, source, "-ldl"], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"the library cannot be built here: {done.stderr.splitlines()[0]}")
    return built


@pytest.fixture
def place(tmp_path, library):
    (tmp_path / "jugfile.py").write_text(JUGFILE)
    return tmp_path


def start(place, library, *words, **more):
    environ = {
        **{key: value for key, value in os.environ.items() if key != ALL},  # no setting of ours
        "LD_PRELOAD": str(library), "FAULTY_SWITCH": str(place / "switch"),
        "FAULTY_UNDER": str(place / "jugfile.jugdata"), "JUGHPC_BEAT": "0.3", "JUGHPC_LAG": "0.3", "JUGHPC_TTL": "4",
        **more,
    }  # fmt: skip
    return subprocess.Popen(
        [sys.executable, "-m", "jughpc", *words], cwd=place, env=environ, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def has_begun(place):
    return any(path for path in place.glob("jugfile.jugdata/shards/*/*") if ".claim." not in path.name)


def an_outage(place, call, number):
    """Have this call fail with this errno for a while, once work has begun."""
    end = time.monotonic() + 120
    while not has_begun(place) and time.monotonic() < end:
        time.sleep(0.02)
    (place / "doubt").write_text(f"{call} {number}")
    (place / "doubt").rename(place / "switch")
    time.sleep(OUTAGE)
    (place / "switch").unlink()


@pytest.mark.parametrize(("call", "number"), cases(), ids=lambda value: errno.errorcode.get(value, value))
def test_a_worker_outlives_an_outage_of_any_kind(place, library, call, number):
    workers = [start(place, library, "execute", "jugfile.py", TOGETHER="2") for _ in range(2)]
    try:
        an_outage(place, call, number)
        said = [worker.communicate(timeout=90)[0] for worker in workers]
    finally:
        for worker in workers:
            worker.kill()
    for worker, words in zip(workers, said, strict=True):
        assert "Traceback" not in words, words
        assert worker.returncode == 0, words
    if call in {"open", "write", "rename", "link", "fsync", "getdents"}:  # which a worker does all the time
        assert any("trying again" in words for words in said), said
    check = start(place, library, "check", "jugfile.py")
    assert check.communicate(timeout=120) is not None
    assert check.returncode == 0


WATCHED = ["open", "read", "write", "rename", "link", "unlink", "mkdir", "getdents", "fstat", "fsync"]
"""What a supervisor and a collector do all the time, or at their ends."""


def watched_cases():
    numbers = [errno.EIO, errno.EACCES, errno.ENOSPC, errno.ESTALE, errno.ENOTCONN, errno.EROFS, errno.ENOMEM]
    if os.environ.get(ALL):
        return [(call, number) for call in WATCHED for number in ERRNOS if number not in OF_CALLERS]
    return [(call, numbers[place % len(numbers)]) for place, call in enumerate(WATCHED)][::2]


@pytest.mark.parametrize(("call", "number"), watched_cases(), ids=lambda value: errno.errorcode.get(value, value))
def test_a_supervisor_and_a_collector_outlive_an_outage_of_any_kind(place, library, call, number):
    (place / "reduce.py").write_text("open('sum.txt', 'w').write(str(value(whole)))")
    words = ("jugfile.py", "--scheduler", "local", "--array", "2", "--reduce", "reduce.py")
    submit = start(place, library, "submit", *words, XDG_STATE_HOME=str(place / "state"))
    said = submit.communicate(timeout=120)
    assert submit.returncode == 0, said
    an_outage(place, call, number)
    end = time.monotonic() + 90
    while not (place / "sum.txt").exists() and time.monotonic() < end:
        time.sleep(0.1)
    logs = {path.name: path.read_text() for path in place.glob("jugfile.jugdata/submissions/*/l*/*.log")}
    assert (place / "sum.txt").exists(), logs
    assert (place / "sum.txt").read_text() == str(sum(2 * x for x in range(12)))
    assert not [name for name, text in logs.items() if "Traceback" in text], logs
