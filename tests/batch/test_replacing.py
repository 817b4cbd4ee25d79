"""Jobs that take the place of others: the old are to end once the new are queued, whoever died meanwhile."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jughpc.batch import journal, settling, submissions
from jughpc.batch.cluster import Cluster
from jughpc.batch.replacing import replacing, settle
from jughpc.batch.scheduler import Role, Workload
from jughpc.batch.slurm import Slurm
from jughpc.batch.submissions import Accepted, ElementOptions
from jughpc.fs import OsFiles


def job(ordinal: int, role: Role) -> Accepted:
    return Accepted(role, str(10 + ordinal), f"primes-1a2b-{ordinal}", 1, 0, f"{ordinal}-{role.value}.sh")


OLD = [job(1, Role.COLLECT), job(2, Role.REDUCE)]
NEW = [job(4, Role.COLLECT), job(5, Role.REDUCE)]
NAMES = {one.name for one in OLD}


@pytest.fixture
def files(tmp_path) -> OsFiles:
    return OsFiles(tmp_path)


@pytest.fixture
def submission(files, clock, tmp_path):
    work, options = Workload(("work",), 4, "primes"), ElementOptions(tmp_path)
    drafted = submissions.draft(files, clock, tmp_path, scheduler="slurm", workload=work, options=options)
    found = submissions.prepare(files, replace(drafted, token="1a2b"))
    accept(files, found, job(0, Role.ARRAY), *OLD)
    return found


def accept(files, submission, *jobs: Accepted) -> None:
    for one in jobs:
        journal.record_accepted(files, submission, one)


def test_once_the_last_of_the_new_is_queued_the_old_are_to_end(files, submission):
    with replacing(files, submission, Role.REDUCE, OLD):
        accept(files, submission, job(3, Role.ARRAY), NEW[0])
        settle(files, submission)
        assert journal.taken_back(files, submission) == set()
        accept(files, submission, NEW[1])
    assert journal.taken_back(files, submission) == NAMES


def test_if_the_new_are_not_queued_the_old_stay(files, submission):
    with pytest.raises(ValueError, match="refused"), replacing(files, submission, Role.REDUCE, OLD):
        raise ValueError("refused")
    accept(files, submission, *NEW)
    settle(files, submission)
    assert journal.taken_back(files, submission) == set()


def test_new_ones_that_were_taken_back_take_nobodys_place(files, submission):
    (dies := replacing(files, submission, Role.REDUCE, OLD)).__enter__()
    accept(files, submission, *NEW)
    journal.withdraw(files, submission, ["5-reduce"])
    settle(files, submission)
    assert journal.taken_back(files, submission) == {NEW[1].name}
    del dies


def test_whoever_comes_next_ends_the_old_for_one_who_died(files, submission, slurm, clock, tmp_path):
    cluster = Cluster(Slurm(), slurm, slurm, clock)
    (dies := replacing(files, submission, Role.REDUCE, OLD)).__enter__()
    accept(files, submission, job(3, Role.ARRAY), *NEW)
    settling.settle_all(files, tmp_path, lambda one: cluster)
    assert journal.taken_back(files, submission) == NAMES
    assert {line for command in slurm.commands for line in command if line in NAMES | {"11", "12"}} >= {"11", "12"}
    assert not [name for name in files.names(submission.path) if name.endswith(".replaces")]
    del dies  # held until here: else it would end in order


@pytest.mark.parametrize("text", ["", "[]", '{"last": "reduce"}', '{"last": "reduce", "old": ["../../x"]}'])
def test_a_damaged_record_ends_nothing(files, submission, text):
    files.write(f"{submission.path}/3.replaces", [text.encode()])
    accept(files, submission, *NEW)
    settle(files, submission)
    assert journal.taken_back(files, submission) == set()


def test_a_follower_that_was_withdrawn_stands_for_its_role_only_if_all_of_them_were(files, submission):
    accept(files, submission, *NEW)
    jobs = journal.accepted(files, submission)
    journal.withdraw(files, submission, ["5-reduce"])
    assert journal.current(files, submission, jobs) == [jobs[0], *OLD, NEW[0]]
    journal.withdraw(files, submission, ["2-reduce"])
    assert journal.current(files, submission, jobs) == jobs
