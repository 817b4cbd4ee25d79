"""Odd things where files of ours belong, in a store, its submissions and their local supervisor: commands go on."""

from __future__ import annotations

import os
import re
import resource
import shutil

import pytest

from tests.odd import ODD

from .machine_faults import Meeting

MEMORY = 1 << 30
"""What a `status` of a small store takes at most, of its address space [bytes]: libraries are most of it."""


KINDS = [
    ".jughpc", "manifest/H.N.N.H.npz", "jugfiles/H/jugfile.py", "shards/N/H", "sources/H.N.H", "store.yaml",
    "submissions/N/N-array.intent", "submissions/N/N-array.json", "submissions/N/N-array.sh",
    "submissions/N/ends/N-collect.json", "submissions/N/ends/N-array.seen.N", "submissions/N/local/H.job",
    "submissions/N/local/H/N.ended.N", "submissions/N/local/supervisor.N", "submissions/N/local/supervisor.N.closed",
    "submissions/N/logs/collect.log", "submissions/N/over", "submissions/N/record.json", "state/jughpc/local/H",
    "workers/L.ended", "measures/L",
]  # fmt: skip
"""Names of files, where H stands for hexadecimal digits, N for a number, L for a life."""

COMMANDS = [
    "status",
    "submissions jugfile.py",
    "cancel jugfile.py",
    "cleanup jugfile.py",
    "failures jugfile.py",
    "report jugfile.py",
]


def pattern(kind):
    text = re.escape(kind).replace("H", "[0-9a-f]{8,}").replace("N", "[0-9]+").replace("L", "[0-9a-z-]+")
    return re.compile(f"(jugfile.jugdata/)?{text}")


def find(place, kind):
    """Return a file of that kind."""
    names = (path.relative_to(place.cwd).as_posix() for path in sorted(place.cwd.rglob("*")))
    return place.cwd / next(name for name in names if pattern(kind).fullmatch(name))


def cases():
    """Return each kind of file with each odd thing; unless all are asked for, some of each."""
    every = [(kind, odd) for kind in KINDS for odd in ODD]
    return every if os.environ.get("JUGHPC_TEST_ALL") else every[::7]


def little_memory():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


@pytest.mark.parametrize(("kind", "odd"), cases())
def test_commands_go_on_in_bounded_memory_whatever_lies_where_a_file_was(place, kind, odd):
    path = find(place, kind)
    path.unlink()
    ODD[odd](path)
    for command in COMMANDS if os.environ.get("JUGHPC_TEST_ALL") else COMMANDS[:2]:
        done = place.run(*command.split(), meeting=Meeting(before=little_memory))
        assert "Traceback" not in done.stderr, (command, done.stderr)
        if kind == "store.yaml":
            assert done.returncode == 0 or "store.yaml is" in done.stderr, (command, done.stderr)
        elif (kind, odd, command) == (".jughpc", "zero", "status"):
            assert "anybody may write it" in done.stderr, done.stderr
        else:
            assert done.returncode == 0, (command, done.stderr)


def test_every_kind_of_file_there_is_has_its_cases(place):
    """But for those that are read as another is, or not at all."""
    alike = re.compile(
        r"-collect\.(intent|sh|seen|json)|\.started\.|array-\d+\.log|\.pack$|/complete/|supervisor\.log|/setup$"
    )
    known = [pattern(kind) for kind in (*KINDS, "jugfile.py", "reduce.py")]
    names = [path.relative_to(place.cwd).as_posix() for path in place.cwd.rglob("*") if path.is_file()]
    assert [name for name in names if not alike.search(name) and not any(one.fullmatch(name) for one in known)] == []


def test_a_record_that_is_no_file_is_told_with_its_name(place):
    path = place.jugdir / "submissions/1/record.json"
    path.unlink()
    os.mkfifo(path)
    told = place.run("submissions", "jugfile.py").stdout
    assert "its record is damaged" in told


def test_a_folder_in_the_way_of_a_failure_is_set_aside(place):
    digest = next(path.name for path in place.jugdir.glob("shards/*/*") if len(path.name) == 32)
    (failure,) = [path.parent / f"{digest}.failure" for path in place.jugdir.glob(f"shards/*/{digest}")]
    failure.mkdir()
    shutil.rmtree(place.jugdir / "complete")
    done = place.run("execute", "jugfile.py")
    assert done.returncode == 0, done.stderr
