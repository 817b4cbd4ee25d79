"""How jobs and elements ended, when the scheduler has forgotten them."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from jughpc.batch import ends, journal, standing, submissions
from jughpc.batch.causes import Cause, Why
from jughpc.batch.cluster import Cluster
from jughpc.batch.ends import End
from jughpc.batch.scheduler import Reply, Role, State, Status, Workload
from jughpc.batch.slurm import Slurm
from jughpc.batch.submissions import Accepted, ElementOptions, Submission
from jughpc.errors import SchedulerError
from jughpc.fs import OsFiles

ARRAY = Accepted(Role.ARRAY, "12", "primes-1a2b-0", 4, 0, "0-array.sh")
REDUCE = Accepted(Role.REDUCE, "13", "primes-1a2b-1", 1, 0, "1-reduce.sh")
LATE = Status(State.FAILED, "TIMEOUT", "node1", Why(Cause.TIME_LIMIT, "met its time limit", "more"))
DAMAGE = (b"", b"{", b"[]", b"{}", b'{"ends": 7}', b'{"ends": [{}]}', b'{"ends": [{"places": "0-99999999999"}]}', b"7")


@pytest.fixture
def files(tmp_path) -> OsFiles:
    return OsFiles(tmp_path)


@pytest.fixture
def submission(files, clock, tmp_path) -> Submission:
    work, options = Workload(("work",), 4, "primes"), ElementOptions(tmp_path)
    drafted = submissions.draft(files, clock, tmp_path, scheduler="slurm", workload=work, options=options)
    found = submissions.prepare(files, replace(drafted, token="1a2b"))
    for job in (ARRAY, REDUCE):
        journal.record_accepted(files, found, job)
    return found


def line(job: Accepted, index: object, state: str, reason: str = "None") -> str:
    return f"{job.id}|{index}|{state}|{job.name}|batch|1:00:00|N/A|node1|{reason}\n"


class Talking:
    """A Slurm that answers squeue and sacct with these texts."""

    def __init__(self, queue: str = "", past: str = "", silent: bool = False) -> None:
        self.queue, self.past, self.silent, self.asked = queue, past, silent, []

    def __call__(self, argv):
        self.asked.append(argv[0])
        if self.silent:
            raise SchedulerError("no answer")
        return Reply(tuple(argv), 0, self.queue if argv[0] == "squeue" else self.past, "")


def stand(run, files, submission, clock, accounting=False):
    cluster = Cluster(Slurm(accounting=accounting), run, run, clock)
    return standing.stand(cluster, files, submission, [ARRAY, REDUCE])


def test_an_end_that_was_told_is_read_back(files, submission):
    end = End("slurm:13_0.0", 1, State.FAILED, "KeyError", ("Traceback", "KeyError: 3"), "node7", 1000.0)
    ends.tell(files, ends.path_of(submission, "1-reduce"), end)
    assert ends.told(files, submission, "1-reduce") == end
    assert ends.kept(files, submission, [ARRAY, REDUCE]) == {
        (REDUCE.name, 0): Status(State.FAILED, "KeyError", "node7")
    }


def test_a_further_run_has_the_last_word(files, submission):
    path = ends.path_of(submission, "0-array", 3)
    ends.tell(files, path, ends.of_signal("slurm:12_3.0", 15))
    ends.tell(files, path, End("slurm:12_3.1", 0, State.DONE))
    assert ends.kept(files, submission, [ARRAY])[(ARRAY.name, 3)].state is State.DONE


def test_only_so_many_lines_are_kept(files, submission):
    ends.tell(files, ends.path_of(submission, "1-reduce"), End("x", 1, State.FAILED, lines=("x" * 9999,) * 999))
    end = ends.told(files, submission, "1-reduce")
    assert (len(end.lines), len(end.lines[0])) == (ends.LINES, 500)


def test_what_a_signal_ended_was_neither_done_nor_failed_for_certain():
    assert ends.of_signal("x", 15) == End("x", 143, State.ENDED, "by signal 15")


def test_ends_that_were_seen_are_one_small_file_a_job(files, submission):
    ends.keep(files, submission, ARRAY, {0: LATE, 1: LATE, 3: Status(State.DONE)})
    ends.keep(files, submission, ARRAY, {2: LATE})
    assert files.names(f"{submission.path}/ends") == ["0-array.seen.2"]
    expected = {(ARRAY.name, place): LATE for place in (0, 1, 2)} | {(ARRAY.name, 3): Status(State.DONE)}
    assert ends.kept(files, submission, [ARRAY, REDUCE]) == expected


@pytest.mark.parametrize("text", DAMAGE)
def test_damage_is_no_end(files, submission, text):
    for name in ("0-array.seen.7", "0-array-1.json", "1-reduce.json"):
        files.write(f"{submission.path}/ends/{name}", [text])
    assert ends.kept(files, submission, [ARRAY, REDUCE]) == {}
    ends.keep(files, submission, ARRAY, {0: LATE})
    assert ends.kept(files, submission, [ARRAY]) == {(ARRAY.name, 0): LATE}


@pytest.mark.parametrize("places", ["0-9999999999", ",".join(["0-3"] * 100_000), "9" * 4000, "5-0", "-1", "0-", "x"])
def test_of_places_that_no_poll_wrote_at_most_those_of_the_job_ended(files, submission, places):
    row = {"places": places, "state": "done", "reason": "", "host": "", "why": None}
    files.write(f"{submission.path}/ends/0-array.seen.1", [json.dumps({"ends": [row]}).encode()])
    assert len(ends.kept(files, submission, [ARRAY])) <= ARRAY.size


def test_the_morning_after_it_is_still_known_what_ended_how(files, submission, clock):
    queue = line(ARRAY, 0, "TIMEOUT", "TimeLimit") + line(ARRAY, 1, "COMPLETED") + line(ARRAY, 2, "RUNNING")
    evening = stand(Talking(queue), files, submission, clock)
    morning = stand(Talking(), files, submission, clock)
    assert {place: evening.elements[place] for place in (0, 1)} == morning.elements
    assert morning.elements[0].why.cause is Cause.TIME_LIMIT
    assert 2 not in morning.elements


def test_the_word_of_now_goes_before_what_is_on_record(files, submission, clock):
    stand(Talking(line(ARRAY, 0, "NODE_FAIL")), files, submission, clock)
    assert stand(Talking(line(ARRAY, 0, "PENDING")), files, submission, clock).elements[0].state is State.QUEUED


def test_a_failure_that_the_scheduler_has_no_reason_for_is_explained_by_the_element_itself(files, submission, clock):
    words = "setup line 1, `module load x`: command not found"
    for place in range(2):
        path = ends.path_of(submission, "0-array", place)
        ends.tell(files, path, End(f"slurm:12_{place}.0", 127, State.FAILED, words, (), "n7"))
    queue = line(ARRAY, 0, "FAILED", "NonZeroExitCode") + line(ARRAY, 1, "TIMEOUT")
    found = stand(Talking(queue), files, submission, clock).elements
    assert (found[0].why.cause, found[0].reason, found[0].host) == (Cause.SETUP, words, "node1")
    assert found[1].why.cause is Cause.TIME_LIMIT
    assert stand(Talking(), files, submission, clock).elements[0] == found[0]


def test_a_job_that_failed_is_told_with_its_exit_code(files, submission, clock):
    ends.tell(files, ends.path_of(submission, "1-reduce"), End("slurm:13_0.0", 7, State.FAILED, "exit code 7"))
    found = stand(Talking(line(REDUCE, "N/A", "FAILED", "NonZeroExitCode")), files, submission, clock)
    assert found.dependents[Role.REDUCE] == Status(State.FAILED, "exit code 7", "node1")
    assert stand(Talking(), files, submission, clock) == found


def test_no_more_ends_are_read_than_are_asked_for(files, submission):
    for place in range(4):
        end = End(f"slurm:12_{place}.0", 127, State.FAILED, "setup line 1, `x`: command not found")
        ends.tell(files, ends.path_of(submission, "0-array", place), end)
    assert len(ends.before_work(files, submission, [ARRAY])) == 4
    assert len(ends.before_work(files, submission, [ARRAY], 2)) == 2


def test_accounting_is_asked_once_for_what_nobody_knows_and_its_word_is_kept(files, submission, clock):
    past = "".join(f"12_{place}|{ARRAY.name}|FAILED|3:0|node2\n" for place in range(4))
    run = Talking(past=past + f"13|{REDUCE.name}|COMPLETED|0:0|node2\n")
    found = stand(run, files, submission, clock, accounting=True)
    assert found.elements[3] == Status(State.FAILED, "exit code 3", "node2")
    assert found.dependents[Role.REDUCE].state is State.DONE
    assert stand(run, files, submission, clock, accounting=True) == found
    assert run.asked == ["squeue", "sacct", "squeue"]


def test_what_is_nowhere_on_record_is_unknown(files, submission, clock):
    assert stand(Talking(), files, submission, clock, accounting=True).elements == {}


def test_a_submission_is_over_when_all_of_it_has_ended(files, submission, clock):
    queue = "".join(line(ARRAY, place, "COMPLETED") for place in range(4))
    stand(Talking(queue + line(REDUCE, "N/A", "RUNNING")), files, submission, clock)
    assert not submissions.is_over(files, submission)
    stand(Talking(line(REDUCE, "N/A", "FAILED")), files, submission, clock)
    assert submissions.is_over(files, submission)


def test_without_an_answer_what_is_on_record_can_still_be_told(files, submission, clock):
    stand(Talking(line(ARRAY, 0, "FAILED")), files, submission, clock)
    cluster = Cluster(Slurm(), Talking(silent=True), Talking(silent=True), clock)
    with pytest.raises(SchedulerError):
        standing.stand(cluster, files, submission, [ARRAY, REDUCE])
    assert standing.remembered(cluster, files, submission, [ARRAY, REDUCE]).elements[0].state is State.FAILED


def test_a_submission_is_not_over_while_somebody_queues_more_of_it(files, submission, clock):
    further = replace(REDUCE, id="14", name="primes-1a2b-2", script="2-reduce.sh")

    class Meanwhile(Talking):
        def __call__(self, argv):
            journal.record_accepted(files, submission, further)
            return super().__call__(argv)

    over = "".join(line(ARRAY, index, "COMPLETED") for index in range(4)) + line(REDUCE, "N/A", "COMPLETED")
    stand(Meanwhile(over), files, submission, clock)
    assert submissions.is_live(files, submission)


def test_a_submission_is_over_once_all_that_was_queued_of_it_has_ended(files, submission, clock):
    over = "".join(line(ARRAY, index, "COMPLETED") for index in range(4)) + line(REDUCE, "N/A", "COMPLETED")
    stand(Talking(over), files, submission, clock)
    assert submissions.is_over(files, submission)
