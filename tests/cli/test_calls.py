"""How often the scheduler's commands are run: each call is a load on a server that all users share."""

from __future__ import annotations

import json

import pytest

COMMAND = """#!/bin/sh
echo "${0##*/}" >> "$CALLS"
find . -name record.json >> "$CALLS.records"
[ "${0##*/}" != sbatch ] || wc -l < "$CALLS"
"""


@pytest.fixture
def slurm(three, tmp_path):
    """Return what runs jughpc beside a Slurm that takes every job and knows of none, and the calls to it."""
    commands, calls = tmp_path / "bin", tmp_path / "calls"
    commands.mkdir()
    for name in ("sbatch", "squeue", "sacct", "scontrol", "scancel"):
        (commands / name).write_text(COMMAND)
        (commands / name).chmod(0o755)

    def run(*argv, **env):
        calls.write_text("")
        path = f"{commands}:{three.environ['PATH']}"
        done = three(*argv, PATH=path, CALLS=str(calls), **env)
        assert done.returncode in (0, 1), done.stderr  # 1: of a status that has tasks left
        return calls.read_text().split()

    run.records = tmp_path / "calls.records"
    return run


@pytest.mark.parametrize("submissions", [1, 2])
def test_a_status_asks_the_scheduler_once_however_many_jobs_there_are(slurm, submissions):
    for _ in range(submissions):
        assert slurm("submit", "three.py", "--scheduler", "slurm").count("sbatch") == 2
    assert slurm("status", "three.py") == ["squeue", "sacct"]  # the latter only after what the former has forgotten
    assert slurm("status", "three.py", "--json") == ["squeue", "sacct"]


def test_a_worker_never_asks_the_scheduler(slurm):
    slurm("submit", "three.py", "--scheduler", "slurm")
    assert slurm("execute", "three.py") == []


def test_of_the_elements_that_find_nothing_left_to_do_one_asks_what_is_still_queued(slurm, tmp_path):
    slurm("submit", "three.py", "--array", "3", "--scheduler", "slurm")
    (record,) = tmp_path.rglob("record.json")
    token = json.loads(record.read_text())["token"]
    asked = [
        slurm("execute", "three.py", JUGHPC_SUBMISSION=token, JUGHPC_ELEMENT=str(element), JUGHPC_ELEMENTS="3")
        for element in range(3)
    ]
    assert asked == [["squeue"], [], []]


def test_a_submission_is_on_disk_before_the_scheduler_is_asked_to_queue_anything(slurm):
    assert slurm("submit", "three.py", "--scheduler", "slurm").count("sbatch") == 2
    assert slurm.records.read_text().splitlines() == ["./three.jugdata/submissions/1/record.json"] * 2
