"""What a submission's folder tells of its jobs, whole or damaged, and whoever wrote it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from jughpc.batch import journal, submissions
from jughpc.batch.journal import Intent, Never
from jughpc.batch.scheduler import Role, Workload
from jughpc.batch.submissions import Accepted, ElementOptions, Submission
from jughpc.errors import JugdirError
from jughpc.fs import LinksRefusedError, OsFiles

DAMAGE = (b"", b"{", b"[]", b"null", b"7", b'"never"', b"{}", b'{"role": "array"}', b'{"never": ', b"\xff\xfe")


class Linkless(OsFiles):
    """A folder without hard links."""

    def link(self, old: str, new: str) -> None:
        raise LinksRefusedError(1, "no links", new)


@pytest.fixture(params=[OsFiles, Linkless])
def files(request, tmp_path: Path) -> OsFiles:
    return request.param(tmp_path)


@pytest.fixture
def submission(files, clock, tmp_path) -> Submission:
    work, options = Workload(("work",), 4, "primes"), ElementOptions(tmp_path)
    drafted = submissions.draft(files, clock, tmp_path, scheduler="slurm", workload=work, options=options)
    return submissions.prepare(files, replace(drafted, token="1a2b"))


ARRAY = Intent(Role.ARRAY, "primes-1a2b-0", 4, 0, "0-array.sh", (), "slurm", 1000.0)
COLLECT = Intent(Role.COLLECT, "primes-1a2b-1", 1, 0, "1-collect.sh", ("12",), "slurm", 1001.0)


def test_an_intent_is_open_until_its_outcome_is_on_record(files, submission):
    journal.record_intent(files, submission, ARRAY)
    journal.record_intent(files, submission, COLLECT)
    assert journal.open_intents(files, submission) == [ARRAY, COLLECT]
    journal.record_accepted(files, submission, ARRAY.accepted("12"))
    journal.settle_as(files, submission, "1-collect", Never("refused"))
    assert journal.open_intents(files, submission) == []
    assert journal.accepted(files, submission) == [ARRAY.accepted("12")]


def test_two_jobs_never_have_one_number_whatever_they_are_for_they_would_have_one_name(files, submission):
    journal.record_intent(files, submission, COLLECT)
    with pytest.raises(FileExistsError):
        journal.record_intent(files, submission, replace(ARRAY, name=COLLECT.name, script="1-array.sh"))
    journal.record_intent(files, submission, replace(ARRAY, script="11-array.sh"))


def test_what_is_about_to_be_queued_makes_a_submission_go_on_that_somebody_took_for_over(files, submission):
    submissions.mark_over(files, submission)
    journal.record_intent(files, submission, ARRAY)
    assert submissions.is_live(files, submission)


def test_of_two_that_settle_one_intent_the_first_is_right_and_the_other_learns_it(files, submission):
    journal.record_intent(files, submission, ARRAY)
    assert journal.settle_as(files, submission, "0-array", Never("not there")) == Never("not there")
    assert journal.settle_as(files, submission, "0-array", ARRAY.accepted("12")) == Never("not there")
    assert journal.accepted(files, submission) == []


def test_two_jobs_cannot_have_one_number(files, submission):
    journal.record_intent(files, submission, ARRAY)
    with pytest.raises(FileExistsError):
        journal.record_intent(files, submission, replace(ARRAY, size=3))


def test_nothing_is_left_of_what_made_a_record_whole(files, submission):
    journal.record_intent(files, submission, ARRAY)
    journal.record_accepted(files, submission, ARRAY.accepted("12"))
    assert not [name for name in files.names(submission.path) if name.endswith(".new")]


@pytest.mark.parametrize("text", DAMAGE)
def test_a_damaged_outcome_is_named_and_the_job_is_open_again(files, submission, text):
    journal.record_intent(files, submission, ARRAY)
    files.write(f"{submission.path}/0-array.json", [text])
    assert journal.damaged(files, submission) == ["0-array.json"]
    assert journal.open_intents(files, submission) == [ARRAY]
    journal.record_accepted(files, submission, ARRAY.accepted("12"))
    assert journal.accepted(files, submission) == [ARRAY.accepted("12")]
    assert journal.open_intents(files, submission) == []


@pytest.mark.parametrize("text", DAMAGE)
def test_a_damaged_intent_is_named_and_its_job_can_still_be_looked_for(files, submission, text):
    files.write(f"{submission.path}/3-reduce.intent", [text])
    (found,) = journal.open_intents(files, submission)
    assert (found.role, found.name) == (Role.REDUCE, "primes-1a2b-3")
    assert journal.damaged(files, submission) == ["3-reduce.intent"]


@pytest.mark.parametrize(
    ("field", "value"), [("size", 10**12), ("size", 0), ("offset", -1), ("role", "x"), ("size", "a")]
)
def test_a_record_whose_values_cannot_be_is_damaged(files, submission, field, value):
    fields = {
        "role": "array",
        "id": "1",
        "name": "primes-1a2b-0",
        "size": 1,
        "offset": 0,
        "script": "0-array.sh",
        field: value,
    }
    files.write(f"{submission.path}/0-array.json", [json.dumps(fields).encode()])
    assert journal.accepted(files, submission) == []
    assert journal.damaged(files, submission) == ["0-array.json"]


def test_a_file_of_another_job_named_inside_a_record_is_not_touched(files, submission):
    bad = Accepted(Role.ARRAY, "1", "primes-1a2b-0", 1, 0, "../../../etc/x.sh")
    text = json.dumps({**vars(bad), "role": "array"}).encode()
    files.write(f"{submission.path}/0-array.json", [text])
    (job,) = journal.accepted(files, submission)
    assert journal.stem_of(job) == "0-array"


@pytest.mark.parametrize("text", DAMAGE)
def test_a_submission_whose_record_is_damaged_is_known_by_its_jobs(files, submission, tmp_path, text):
    journal.record_intent(files, submission, ARRAY)
    journal.record_accepted(files, submission, ARRAY.accepted("12"))
    (tmp_path / submission.path / "record.json").write_bytes(text)
    found = submissions.load(files, tmp_path, 1)
    assert "record.json is no record of a submission" in found.damage
    assert (found.token, found.scheduler, found.job_name(7)) == ("1a2b", "slurm", "primes-1a2b-7")
    assert journal.accepted(files, found) == [ARRAY.accepted("12")]
    assert submissions.latest(files, tmp_path) == found


def test_one_of_which_nothing_can_be_read_says_so(files, submission, tmp_path):
    (tmp_path / submission.path / "record.json").write_bytes(b"{")
    with pytest.raises(JugdirError, match="No job of it is on record either"):
        submissions.load(files, tmp_path, 1)


def test_the_latest_live_one_is_not_hidden_by_one_that_queued_nothing_or_is_over(files, submission, tmp_path, clock):
    journal.record_intent(files, submission, ARRAY)
    journal.record_accepted(files, submission, ARRAY.accepted("12"))
    later = submissions.prepare(files, submission)
    assert submissions.latest(files, tmp_path) == submission
    journal.record_intent(files, later, ARRAY)
    assert submissions.latest(files, tmp_path) == later
    submissions.mark_over(files, later)
    assert submissions.latest(files, tmp_path) == submission
    submissions.mark_over(files, submission)
    assert submissions.latest(files, tmp_path) == later
    assert [submissions.is_live(files, one) for one in submissions.every(files, tmp_path)] == [False, False]
