"""The local supervisor is killed, its machine reboots, its folder is damaged: it is said, and all goes on."""

from __future__ import annotations

import json
import os
import shutil
import signal

import pytest

from jughpc import host
from jughpc.batch.local.states import latest_supervisor
from jughpc.fs import OsClock, OsFiles

AT_GATE = "[sleep(0.02) for _ in iter(lambda: os.path.exists('gate'), True)]"


def record_garbled(folder):
    (folder / "supervisor.1").write_bytes(b"\xff{")


def record_removed(folder):
    (folder / "supervisor.1").unlink()


def record_a_pipe(folder):
    record_removed(folder)
    os.mkfifo(folder / "supervisor.1")


def rebooted(folder):
    record = json.loads((folder / "supervisor.1").read_text())
    record["machine"]["boot"] = "before"
    (folder / "supervisor.1").write_text(json.dumps(record))


def folder_removed(folder):
    shutil.rmtree(folder)


def jobs_garbled(folder):
    for path in folder.glob("*.job"):
        path.write_text('{"id": 7}')


def nothing_else(folder):
    pass


GOES_ON = [nothing_else, rebooted, record_garbled, record_removed, record_a_pipe]
IS_LOST = [folder_removed, jobs_garbled]


@pytest.fixture
def laptop(user, tmp_path, until):
    """Return somebody whose submission has an element that runs, one that waits, a collector and a reduce."""
    someone = user(os.environ | {"JUGHPC_SCHEDULER": "local", "XDG_STATE_HOME": str(tmp_path / "state")})
    someone.write_counted(AT_GATE)
    someone.jughpc("submit", "primes.py", "--array", "2", "--throttle", "1", "--reduce", "primes_reduce.py")
    until(someone.runs)
    yield someone
    (someone.folder / "gate").touch()
    someone.run("cancel")


@pytest.fixture
def local(laptop):
    return laptop.folder / "primes.jugdata" / "submissions" / "1" / "local"


@pytest.fixture
def supervisor(local):
    return latest_supervisor(OsFiles(local), OsClock()).process


def kill(process, until):
    os.kill(process.pid, signal.SIGKILL)
    until(lambda: not host.alive(process))


@pytest.mark.parametrize("damage", GOES_ON)
def test_a_submission_whose_supervisor_is_gone_says_so_and_goes_on_by_resubmit(
    laptop, local, supervisor, until, damage
):
    kill(supervisor, until)
    damage(local)
    told = laptop.run("status").stdout
    assert "supervis" in told
    assert "`jughpc resubmit` has the submission go on" in told
    assert "submission 1 goes on" in laptop.jughpc("resubmit")
    (laptop.folder / "gate").touch()
    until(laptop.output)
    assert laptop.output() == laptop.primes
    assert {n for n, _, _ in laptop.runs()} == set(range(2, 101))
    assert laptop.status()["submission"]["elements"]["stuck"] == 0
    assert not list(laptop.folder.glob("primes.jugdata/submissions/2"))


@pytest.mark.parametrize("damage", IS_LOST)
def test_a_submission_whose_jobs_are_lost_says_so_and_is_submitted_once_more(laptop, local, supervisor, until, damage):
    kill(supervisor, until)
    damage(local)
    told = laptop.run("status").stdout
    assert "jughpc resubmit" in told
    (laptop.folder / "gate").touch()
    assert "submission 2" in laptop.jughpc("resubmit", "--wait")
    assert laptop.output() == laptop.primes


def test_a_supervisor_whose_record_is_damaged_leaves_all_to_the_next_one(laptop, local, supervisor, until):
    record_garbled(local)
    laptop.jughpc("resubmit")
    until(lambda: not host.alive(supervisor))
    (laptop.folder / "gate").touch()
    until(laptop.output)
    assert laptop.output() == laptop.primes
    assert len(laptop.runs()) == 99


def test_cancel_of_what_will_never_start_says_that_nothing_ran(laptop, local, supervisor, until):
    kill(supervisor, until)
    (laptop.folder / "gate").touch()
    until(lambda: not laptop.status()["submission"]["elements"]["running"])  # a worker's life ends before its process
    assert "nothing was running" in laptop.jughpc("cancel")
    states = laptop.status()["submission"]["elements"]
    assert (states["stuck"], states["running"], states["cancelled"] > 0) == (0, 0, True)
    assert "nothing was running" in laptop.jughpc("cancel")


def test_cancel_ends_an_element_that_outlived_its_supervisor(laptop, supervisor, until):
    kill(supervisor, until)
    assert laptop.jughpc("cancel").count("cancelled") == 3
    until(lambda: not laptop.status()["workers"])
    assert laptop.claims() == []
