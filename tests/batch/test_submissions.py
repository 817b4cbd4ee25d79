"""Submissions as they are recorded."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from jughpc.batch import journal, submissions
from jughpc.batch.scheduler import Limits, Resources, Role, Workload
from jughpc.batch.submissions import Accepted, ElementOptions, Submission
from jughpc.errors import JugdirError
from jughpc.fs import OsFiles

ARRAY = Accepted(Role.ARRAY, "12", "primes-1a2b-0", 8, 0, "0-array.sh")
COLLECT = Accepted(Role.COLLECT, "13", "primes-1a2b-1", 1, 0, "1-collect.sh")


@pytest.fixture
def jugdir(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def files(jugdir: Path) -> OsFiles:
    return OsFiles(jugdir)


@pytest.fixture
def draft(files, clock, jugdir) -> Submission:
    return submissions.draft(
        files,
        clock,
        jugdir,
        scheduler="slurm",
        workload=Workload(("python", "it's"), 8, "primes"),
        options=ElementOptions(
            Path("/home/ada"), Resources(walltime=60.0, memory=1 << 30), 3, ("a",), ("--x",), Path("/site")
        ),
        limits=Limits(1001, {"MaxArraySize": "1001"}),
        meta={"jugfile": "/home/ada/primes.py"},
    )


@pytest.fixture
def submission(files, draft) -> Submission:
    return submissions.prepare(files, replace(draft, token="1a2b"))


def test_a_draft_writes_nothing(draft, jugdir):
    assert list(jugdir.iterdir()) == []


def test_a_recorded_submission_reads_back_the_same(files, jugdir, submission):
    assert submissions.load(files, jugdir, submission.number) == submission


def test_a_jugdir_that_lies_elsewhere_now_is_read_where_it_is(files, jugdir, submission):
    moved = jugdir / "moved"
    moved.mkdir()
    (jugdir / "submissions").rename(moved / "submissions")
    assert submissions.load(OsFiles(moved), moved, 1).folder == moved / "submissions" / "1"


def test_file_names_that_are_not_utf8_survive_the_record(files, jugdir, clock):
    odd = Path("/home/\udcff")
    drafted = submissions.draft(
        files, clock, jugdir, scheduler="slurm", workload=Workload(("a",), 1, "a"), options=ElementOptions(odd)
    )
    assert submissions.load(files, jugdir, submissions.prepare(files, drafted).number).options.workdir == odd


def test_the_log_folder_is_there_before_anything_is_submitted(submission):
    assert (submission.folder / "logs").is_dir()


def test_a_caller_that_has_nothing_of_its_own_to_record_finds_nothing(files, clock, jugdir, draft):
    plain = submissions.draft(files, clock, jugdir, scheduler="slurm", workload=draft.workload, options=draft.options)
    assert submissions.load(files, jugdir, submissions.prepare(files, plain).number).meta == {}


def test_numbers_count_up(files, draft, submission):
    assert submissions.prepare(files, draft).number == submission.number + 1
    assert submissions.numbers(files) == [1, 2]


def test_of_two_with_the_same_number_one_takes_the_next(files, clock, jugdir, draft):
    other = submissions.draft(
        files, clock, jugdir, scheduler="pbs", workload=Workload(("b",), 1, "b"), options=ElementOptions(Path("/"))
    )
    assert (draft.number, other.number) == (1, 1)
    assert submissions.prepare(files, draft).number == 1
    assert submissions.prepare(files, other).number == 2
    assert submissions.load(files, jugdir, 1).scheduler == "slurm"


def test_two_submissions_have_tokens_of_their_own(files, clock, jugdir, draft):
    other = submissions.draft(files, clock, jugdir, scheduler="slurm", workload=draft.workload, options=draft.options)
    assert other.token != draft.token


def test_a_submission_that_is_not_there_is_named_with_those_that_are(files, jugdir, submission):
    with pytest.raises(JugdirError, match=r"There is no submission 9 in .*Recorded: 1\."):
        submissions.load(files, jugdir, 9)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"token": "x"}'])
def test_a_record_that_was_cut_off_is_named(files, jugdir, text):
    files.write("submissions/1/record.json", [text.encode()])
    with pytest.raises(JugdirError, match=r"1/record\.json is no record of a submission"):
        submissions.load(files, jugdir, 1)


def test_the_latest_is_the_last_whose_record_is_whole(files, jugdir, submission):
    files.write("submissions/2/record.json", [b"{"])
    files.make_folder("submissions/3")
    files.make_folder("submissions/notes")
    assert submissions.latest(files, jugdir) == submission


def test_a_jugdir_without_submissions_has_no_latest(files, jugdir):
    assert submissions.latest(files, jugdir) is None


def test_accepted_jobs_are_read_in_the_order_of_their_submission(files, submission):
    for place in (10, 2):
        journal.record_accepted(
            files, submission, Accepted(Role.ARRAY, str(place), f"primes-1a2b-{place}", 1, 0, f"{place}-array.sh")
        )
    journal.record_accepted(files, submission, ARRAY)
    journal.record_accepted(files, submission, COLLECT)
    assert [job.id for job in journal.accepted(files, submission)] == ["12", "13", "2", "10"]
    assert journal.accepted(files, submission)[:2] == [ARRAY, COLLECT]


@pytest.mark.parametrize("text", [b"", b'{"role": "array"', b"{}"])
def test_a_job_that_is_just_being_recorded_is_left_out(files, submission, text):
    journal.record_accepted(files, submission, ARRAY)
    files.write(f"{submission.path}/1-collect.json", [text])
    assert journal.accepted(files, submission) == [ARRAY]


def test_the_next_job_is_numbered_after_scripts_too(files, submission):
    assert journal.next_ordinal(files, submission) == 0
    files.write(f"{submission.path}/4-array.sh", [b""])
    assert journal.next_ordinal(files, submission) == 5


def test_only_arrays_have_elements():
    assert journal.elements([ARRAY, COLLECT]) == 8


def test_a_mark_of_cancelling_is_made_once(files, submission):
    assert not submissions.is_cancelled(files, submission)
    submissions.mark_cancelled(files, submission)
    submissions.mark_cancelled(files, submission)
    assert submissions.is_cancelled(files, submission)


def test_a_discarded_submission_leaves_no_trace(files, jugdir, submission):
    files.write(f"{submission.path}/0-array.sh", [b"#!/bin/bash\n"])
    submissions.discard(files, submission)
    assert list((jugdir / "submissions").iterdir()) == []


def test_discarding_leaves_what_others_wrote(files, submission):
    log = submission.folder / "logs" / "array-0.log"
    log.write_text("a job ran after all")
    submissions.discard(files, submission)
    assert log.exists()


def test_the_log_of_an_element_is_where_the_scheduler_writes_it(submission):
    logs = submission.folder / "logs"
    assert journal.log_of(submission, ARRAY, 3) == logs / "array-3.log"
    assert journal.log_of(submission, COLLECT) == logs / "collect.log"


def test_the_record_can_be_read_by_people(submission):
    record = json.loads((submission.folder / "record.json").read_text())
    assert record["workload"] == {"argv": ["python", "it's"], "size": 8, "name": "primes"}
    assert record["created"] == submission.created


def test_lines_of_setup_are_for_their_owner_alone(files, jugdir, submission):
    path = jugdir / submission.path / "setup"
    assert path.stat().st_mode & 0o777 == 0o600
    assert '"a"' not in (jugdir / submission.path / "record.json").read_text()
    assert submissions.load(files, jugdir, submission.number).options.setup == ("a",)


@pytest.mark.parametrize("umask", [0o002, 0o022, 0o077])
def test_lines_of_setup_are_for_their_owner_alone_in_a_groups_folder_too(tmp_path, submission, umask):
    tmp_path.chmod(0o2770)
    files = OsFiles(tmp_path)
    former = os.umask(umask)
    try:
        kept = submissions.prepare(files, replace(submission, jugdir=tmp_path, number=1))
    finally:
        os.umask(former)
    assert (kept.folder / "setup").stat().st_mode & 0o777 == 0o600
    assert submissions.load(files, tmp_path, 1).options.setup == ("a",)
