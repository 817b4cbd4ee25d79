"""Jobs that take the place of others: the old are to end once the new collector is queued, whoever died meanwhile."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jughpc.batch import journal, settling, submissions
from jughpc.batch.cluster import Cluster
from jughpc.batch.journal import Intent, Never
from jughpc.batch.replacing import Stays, announce, choose, is_second, settle
from jughpc.batch.scheduler import Role, Workload
from jughpc.batch.slurm import Slurm
from jughpc.batch.submissions import Accepted, ElementOptions
from jughpc.fs import OsFiles

NOW, LATER = 100.0, 200.0


def job(ordinal: int, role: Role) -> Accepted:
    return Accepted(role, str(10 + ordinal), f"primes-1a2b-{ordinal}", 1, 0, f"{ordinal}-{role.value}.sh")


def stems(jobs: list[Accepted]) -> list[str]:
    return [journal.stem_of(one) for one in jobs]


OLD = [job(1, Role.COLLECT), job(2, Role.REDUCE)]
NEW = [job(3, Role.ARRAY), job(4, Role.COLLECT), job(5, Role.REDUCE)]
ARRAY, COLLECT, REDUCE = NEW


def names(jobs: list[Accepted]) -> set[str]:
    return {one.name for one in jobs}


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


@pytest.fixture
def announced(files, submission):
    """Return that NEW are about to take the place of OLD."""
    return announce(files, submission, stems(NEW), stems(OLD), NOW)


def accept(files, submission, *jobs: Accepted) -> None:
    for one in jobs:
        journal.record_accepted(files, submission, one)


def kept(files, submission) -> list[str]:
    return [name for name in files.names(submission.path) if name.endswith(".replaces")]


def test_the_old_stay_until_the_new_collector_is_queued(files, submission, announced):
    accept(files, submission, ARRAY)
    settle(files, submission, 0.0)
    assert journal.taken_back(files, submission) == set()
    accept(files, submission, COLLECT)
    settle(files, submission, 0.0)
    assert journal.taken_back(files, submission) == names(OLD)
    assert not kept(files, submission)


def test_who_queues_them_learns_that_it_is_too_late_to_take_them_back(files, submission, announced):
    accept(files, submission, ARRAY, COLLECT)
    settle(files, submission, 0.0)
    assert choose(files, submission, announced, Stays.OLD) is Stays.NEW
    assert journal.taken_back(files, submission) == names(OLD)


def test_what_was_chosen_to_be_taken_back_takes_nobodys_place(files, submission, announced):
    accept(files, submission, ARRAY, COLLECT)
    assert choose(files, submission, announced, Stays.OLD) is Stays.OLD
    settle(files, submission, 0.0)  # by somebody else, if who chose it died
    assert journal.taken_back(files, submission) == names([ARRAY, COLLECT])


def test_a_collector_that_was_withdrawn_takes_nobodys_place(files, submission, announced):
    accept(files, submission, *NEW)
    journal.withdraw(files, submission, stems([COLLECT]))
    settle(files, submission, 0.0)
    assert journal.taken_back(files, submission) == names([COLLECT])


def test_elements_of_one_who_died_before_his_collector_stay_with_the_old_one(files, submission, announced):
    accept(files, submission, ARRAY)
    settle(files, submission, LATER)
    assert journal.taken_back(files, submission) == set()
    assert not kept(files, submission)


def test_nobody_is_taken_for_dead_while_it_is_open_whether_his_collector_was_queued(files, submission, announced):
    intent = Intent(Role.COLLECT, COLLECT.name, 1, 0, COLLECT.script, (), "slurm", NOW)
    journal.record_intent(files, submission, intent)
    settle(files, submission, LATER)
    assert kept(files, submission)
    journal.settle_as(files, submission, stems([COLLECT])[0], Never("it is not there"))
    settle(files, submission, LATER)
    assert not kept(files, submission)


def test_whoever_comes_next_ends_the_old_for_one_who_died(files, submission, announced, slurm, clock, tmp_path):
    cluster = Cluster(Slurm(), slurm, slurm, clock)
    accept(files, submission, ARRAY, COLLECT)
    settling.settle_all(files, tmp_path, lambda one: cluster)
    assert journal.taken_back(files, submission) == names(OLD)
    assert {word for command in slurm.commands for word in command} >= {"11", "12"}


def test_of_two_who_add_at_the_same_time_one_learns_it(files, submission, announced):
    with pytest.raises(FileExistsError):
        announce(files, submission, stems([ARRAY, COLLECT]), stems(OLD), LATER)
    assert journal.next_ordinal(files, submission) == 4  # and begins behind the other at the next try


def test_who_adds_behind_one_who_queued_nothing_yet_is_second(files, submission, announced):
    later = announce(files, submission, ["4-array", "5-collect"], stems(OLD), LATER)
    assert not is_second(files, submission, announced)
    assert is_second(files, submission, later)
    assert kept(files, submission) == ["3.replaces"]


def test_elements_are_numbered_behind_those_that_may_be_queued(files, submission, announced):
    assert journal.next_element(files, submission) == 1
    intent = Intent(Role.ARRAY, ARRAY.name, 8, 1, ARRAY.script, (), "slurm", NOW)
    journal.record_intent(files, submission, intent)
    assert journal.next_element(files, submission) == 9
    later = announce(files, submission, ["4-array", "5-collect"], stems(OLD), LATER)
    assert not is_second(files, submission, later)
    journal.settle_as(files, submission, "3-array", Never("it is not there"))
    assert journal.next_element(files, submission) == 1
    accept(files, submission, replace(job(4, Role.ARRAY), offset=9, size=2))
    assert journal.numbers(journal.accepted(files, submission)) == [0, 9, 10]


@pytest.mark.parametrize(
    "text", ["", "[]", '{"new": ["4-collect"]}', '{"new": ["4-collect"], "old": ["../../x"], "began": 1.0}']
)
def test_a_damaged_record_ends_nothing(files, submission, text):
    files.write(f"{submission.path}/3.replaces", [text.encode()])
    accept(files, submission, *NEW)
    settle(files, submission, LATER)
    assert journal.taken_back(files, submission) == set()


def test_a_choice_that_cannot_be_read_is_made_as_whoever_looks_would(files, submission, announced):
    accept(files, submission, ARRAY, COLLECT)
    files.write(f"{submission.path}/3.chosen", [b"{"])
    settle(files, submission, 0.0)
    assert journal.taken_back(files, submission) == names(OLD)


def test_a_choice_that_cannot_be_read_leaves_a_collector_where_the_new_one_was_taken_back(files, submission, announced):
    accept(files, submission, *NEW)
    journal.withdraw(files, submission, stems(NEW))
    files.write(f"{submission.path}/3.chosen", [b"{"])
    settle(files, submission, LATER)
    assert journal.taken_back(files, submission) == names(NEW)


def test_a_follower_that_was_withdrawn_stands_for_its_role_only_if_all_of_them_were(files, submission):
    accept(files, submission, COLLECT, REDUCE)
    jobs = journal.accepted(files, submission)
    journal.withdraw(files, submission, ["5-reduce"])
    assert journal.current(files, submission, jobs) == [jobs[0], *OLD, COLLECT]
    journal.withdraw(files, submission, ["2-reduce"])
    assert journal.current(files, submission, jobs) == jobs
