"""What lies in a submission's folder is data, whoever wrote it: it is run, signalled and believed only if it fits."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import asdict, fields

import pytest

from jughpc import host
from jughpc.batch import shell
from jughpc.batch.local import folder as local_folder
from jughpc.batch.local.folder import LocalJob, jobs_named, read_history, read_job
from jughpc.batch.local.states import statuses
from jughpc.batch.local.supervisor import supervise
from jughpc.fs import OsClock, OsFiles
from jughpc.host import Process

ID = "0a1b2c3d"
FOREIGN = [
    "../../x",
    "/etc/passwd",
    "--user=me",
    "a\nb",
    "\x1b[2J",
    -1,
    1.5,
    10**12,
    True,
    None,
    [],
    ["--user=me"],
    {"a": 1},
]


@pytest.fixture
def place(tmp_path):
    return tmp_path / "1" / "local"


@pytest.fixture
def job(place):
    return LocalJob(ID, "primes", str(place.parent / "0-array.sh"), str(place.parent / "logs" / "0.log"), 2)


def write(place, name, value):
    OsFiles(place).write(name, [json.dumps(value).encode()])


def plain(job):
    return asdict(job) | {"condition": job.condition.value}


@pytest.mark.parametrize("key", [field.name for field in fields(LocalJob)])
def test_a_job_with_one_foreign_field_is_not_run(place, job, key):
    optional = {"throttle": [None], "cpus": [None], "walltime": [None, 1.5, 10**12], "after": [[]], "name": []}
    for number, value in enumerate(FOREIGN):
        if value in optional.get(key, ()) and type(value) is not bool:
            continue
        job_id = f"{number:08x}"
        write(place, f"{job_id}.job", {**plain(job), "id": job_id, key: value})
        with pytest.raises(ValueError, match=r"its |is of another|is damaged|lies elsewhere|not a valid"):
            read_job(OsFiles(place), job_id, place)


def test_a_job_reads_back_as_it_was(place, job):
    write(place, f"{ID}.job", plain(job))
    assert read_job(OsFiles(place), ID, place) == job


@pytest.mark.parametrize("key", ["script", "log"])
@pytest.mark.parametrize("path", ["/tmp/x.sh", "{}/../x.sh", "{}/other/0-array.sh", "0-array.sh"])
def test_a_script_or_log_that_lies_elsewhere_is_refused(place, job, key, path):
    if key == "log" and "other" in path:
        return  # below the submission's own folder
    write(place, f"{ID}.job", {**plain(job), key: path.format(place.parent)})
    with pytest.raises(ValueError, match=r"its |is of another|is damaged|lies elsewhere|not a valid"):
        read_job(OsFiles(place), ID, place)


def test_a_supervisor_runs_nothing_of_a_damaged_job_and_ends(place, job, tmp_path):
    script = tmp_path / "evil.sh"
    script.write_text(f"touch {tmp_path}/ran\n")
    write(place, f"{ID}.job", {**plain(job), "script": str(script)})
    supervise(OsFiles(place), OsClock(), place)
    assert not (tmp_path / "ran").exists()


def test_nothing_is_known_of_a_damaged_job(place, job):
    write(place, f"{ID}.job", {**plain(job), "size": "many"})
    assert statuses(OsFiles(place), ID, OsClock()) == []


@pytest.mark.parametrize(
    "name",
    ["0.started.1.-5", "0.started.-1.5", "0.started.0.5", "x.started.7.5", "0.started.7", "0.started.7.5.3",
     "-1.ended.0", "0.ended.$(x)", "0.ended.\x1b", "0.started.99999999999.5", "0.started.7.0"],
)  # fmt: skip
def test_the_name_of_an_event_that_is_none_of_ours_says_nothing(place, name):
    OsFiles(place).write(f"{ID}/{name}", [])
    history = read_history(OsFiles(place), ID)
    assert (history.started, history.ended) == ({}, {})


@pytest.mark.parametrize(
    "text", ["", "[]", '{"folder": 1, "name": "x"}', '{"folder": "../x", "name": "primes"}', '"x"']
)
def test_a_damaged_list_of_jobs_names_none(tmp_path, text):
    index = OsFiles(tmp_path)
    index.write(ID, [text.encode()])
    assert jobs_named(index, "primes") == []
    assert local_folder.folder_of_job(index, ID) is None
    assert local_folder.folder_of_job(index, "../etc") is None


@pytest.mark.parametrize("process", [Process(0, 5), Process(1, 1), Process(-1, 5), Process(os.getpid(), 1)])
def test_no_file_makes_a_signal_reach_another_process(process):
    assert not host.may_signal(process)


def test_a_process_that_was_spawned_here_is_reached(tmp_path):
    child = shell.spawn(["sleep", "60"], stdout=tmp_path / "log", env={"PATH": os.environ["PATH"]}, cwd=tmp_path)
    assert host.may_signal(child)
    shell.kill(child, "KILL")
    assert os.waitpid(child.pid, 0)[1] == 9


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to be another user")
def test_another_users_process_is_not_reached_though_root_could():
    other = subprocess.Popen(["setpriv", "--reuid=65534", "--clear-groups", "sleep", "60"], start_new_session=True)
    try:
        end = OsClock().now() + 10
        while host._owner(other.pid) != 65534 and OsClock().now() < end:  # setpriv takes a moment
            OsClock().sleep(0.01)
        shell.kill(host.process(other.pid), "KILL")
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()
