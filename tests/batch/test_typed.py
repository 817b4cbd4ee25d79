"""Records of submissions, with each field replaced by what no record of ours holds."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from jughpc.batch import journal, submissions
from jughpc.batch.bundle import Bundle
from jughpc.batch.container import Container
from jughpc.batch.scheduler import Role, Workload
from jughpc.batch.submissions import Accepted, ElementOptions
from jughpc.batch.typed import MOST_ELEMENTS
from jughpc.errors import JugdirError
from jughpc.fs import OsClock, OsFiles
from tests.foreign import paths_of, replaced

JOB = Accepted(Role.ARRAY, "12", "primes-1a2b-0", 8, 0, "0-array.sh")
FOREIGN = [
    "--user=me",
    "../../x",
    "a\nb",
    "\x1b[2J",
    "\x00",
    -1,
    1.5,
    10**15,
    True,
    None,
    [],
    [7],
    {"a": {}},
    [["x"]],
]


@pytest.fixture
def files(tmp_path):
    return OsFiles(tmp_path)


@pytest.fixture
def submission(files, tmp_path):
    stage = Bundle(Path("/home/ada/0a1b2c3d4e5f6071.tar.gz"), "0f" * 32, 2 << 30, 5 << 30, 7)
    image = Container("podman", "/home/ada/work.sif", Path("/opt/jughpc"), folders=(Path("/home"),), lent=(Path("/l"),))
    options = ElementOptions(Path("/home/ada"), stage=stage, container=image)
    drafted = submissions.draft(
        files, OsClock(), tmp_path, scheduler="slurm", workload=Workload(("python",), 8, "primes"), options=options
    )
    return submissions.prepare(files, replace(drafted, token="1a2b"))


def harmless(path, value):
    """Return whether a record of ours may well hold that there."""
    allowed = {
        "created": (1.5, 10**15), "argv": ([],), "setup": ([],), "extra": ([],),
        "probe": ([],), "exclude": ([],), "after": ([],), "settings": ([],),
        "options": ([],), "folders": ([],), "lent": ([],), "image": ("../../x",),
        "walltime": (1.5, 10**15),
        "memory": (10**15,), "packed": (10**15,), "room": (10**15,),
    }  # fmt: skip
    if path == ("workload", "name") or path == ("workload", "argv", 0):
        return isinstance(value, str) and value != "\x00"
    words = (
        "user",
        "host",
        "partition",
        "account",
        "qos",
        "project",
        "select",
        "place",
        "constraint",
    )  # shown, or quoted behind an option
    if value is None:
        return path[-1] in (
            "throttle", "templates", "array_size", "walltime", "memory", "cpus", "gpus", "partition", "account", "qos",
            "project", "select", "place", "constraint", "tasks", "umask", "stage", "container", "scratch",
        )  # fmt: skip
    if path[-1] == "python":
        return value == "../../x"
    if path[-1] in words:
        return value in ("--user=me", "../../x")
    return not isinstance(value, bool) and value in allowed.get(path[-1], ())


def test_a_record_with_one_foreign_field_is_called_broken(files, tmp_path, submission):
    record = tmp_path / submission.path / "record.json"
    fields, count, believed = json.loads(record.read_text()), 0, []
    for path in paths_of(fields):
        for value in FOREIGN:
            if harmless(path, value):
                continue
            record.write_text(json.dumps(replaced(fields, path, value)))
            with suppress(JugdirError):
                submissions.load(files, tmp_path, submission.number)
                believed.append((path, value))
            count += 1
    assert believed == []
    assert count > 250


@pytest.mark.parametrize("key", list(asdict(JOB)))
def test_a_job_with_one_foreign_field_is_none(files, tmp_path, submission, key):
    journal.record_accepted(files, submission, JOB)
    path = tmp_path / submission.path / "0-array.json"
    fields = json.loads(path.read_text())
    for value in (*FOREIGN, "mine-7f7f-0") if key == "name" else FOREIGN:
        path.write_text(json.dumps({**fields, key: value}))
        found = journal.accepted(files, submission)
        assert found == ([JOB] if key == "script" and found else []), (key, value)


@pytest.mark.parametrize("size", [MOST_ELEMENTS + 1, 10**10])
def test_an_array_of_more_elements_than_anybody_has_is_damage(files, tmp_path, submission, size):
    journal.record_accepted(files, submission, JOB)
    path = tmp_path / submission.path / "0-array.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"size": size}))
    assert journal.accepted(files, submission) == []


@pytest.mark.parametrize("name", ["1-array.json", "0-reduce.json", "x.json", "0-evil.json", "--user=me.json"])
def test_a_job_is_called_as_its_file_is_or_is_none(files, tmp_path, submission, name):
    journal.record_accepted(files, submission, JOB)
    (tmp_path / submission.path / "0-array.json").rename(tmp_path / submission.path / name)
    called = [
        (f"{Path(job.script).stem}.json", f"{job.role.value}.json") for job in journal.accepted(files, submission)
    ]
    assert called in ([], [(name, name.partition("-")[2])])
