"""How elements stand by Slurm's words, as a real Slurm 22.05 said them."""

from dataclasses import replace
from pathlib import Path

import pytest

from jughpc.batch.causes import Cause
from jughpc.batch.scheduler import EVERY, ElementId, Limits, Reply, State, Status
from jughpc.batch.slurm import Slurm
from jughpc.errors import SchedulerError

SLURM = Slurm()
NAME = "primes-1a2b-0"
DATA = Path(__file__).parent.parent / "data" / "slurm"

# What each recorded squeue says, by state; * stands for every element that is not named.
POLLED = {
    "array-elements-cancelled": "cancelled 1_0; queued 1_3 1_4; running 1_2 1_1",
    "array-pending-throttled-collapsed": "queued 1_2 1_3 1_4 1_5 1_6 1_7; running 1_0 1_1",
    "array-pending-throttled": "queued 1_2 1_3 1_4 1_5 1_6 1_7; running 1_0 1_1",
    "cancelled-pending-array-by-id-collapsed": "cancelled 137_0 137_1 137_2 137_3",
    "cancelled-pending-array-by-id": "cancelled 137_0 137_1 137_2 137_3",
    "cancelled-pending-array-by-user": "cancelled 147_*",
    "cancelled-pending-array": "cancelled 111_0 111_2 111_3",
    "cancelled-pending-element-collapsed": "stuck 111_0 111_2 111_3",
    "cancelled-pending-element": "stuck 111_0 111_2 111_3",
    "cancelled-running": "cancelled 107_0 107_1",
    "collapsed-index-step": "stuck 140_0 140_10 140_20 140_30 140_40 140_50 140_60 140_70 140_80 140_90 140_100",
    "completed-failed-signaled": "done 84_0; failed 84_1 84_2 84_3",
    "completing": "running 107_0 107_1",
    "controller-back": "done 142_0; queued 141_2 141_3; running 141_0 141_1",
    "dbd-down": "queued 141_2 141_3; running 141_0 141_1",
    "deadline": "failed 100_*",
    "dependency-aftercorr": "stuck 99_3 99_2 99_1; running 99_0",
    "dependency-on-unknown-id-ran": "done 15_0 15_1 15_2 15_3",
    "empty": "",
    "held-by-admin": "stuck 88_*",
    "held-by-user-collapsed": "stuck 87_0 87_1",
    "held-by-user": "stuck 87_0 87_1",
    "launch-failed-requeued-held": "stuck 22_0 22_1",
    "node-fail-requeued": "queued 124_0 124_1",
    "node-fail": "failed 90_0 90_1",
    "node-silent": "running 90_0 90_1 124_0 124_1",
    "out-of-memory": "done 1_0 2_*; failed 1_1",
    "pending-association-job-limit": "queued 28_1 28_2 28_3; running 28_0",
    "pending-begin-time": "queued 89_0 89_1",
    "pending-cpus-too-many": "stuck 19_*",
    "pending-dependency-never-satisfied": "stuck 98_0 98_1",
    "pending-dependency": "queued 97_0 97_1",
    "pending-just-submitted": "queued 132_* 133_0 133_1 133_2",
    "pending-node-not-available": "queued 124_1 124_0",
    "pending-nodelist-drained": "queued 127_*",
    "pending-nodes-down-drained": "queued 126_0 126_1",
    "pending-nodes-too-many": "stuck 20_*",
    "pending-partition-down": "queued 30_*",
    "pending-partition-time-limit-collapsed": "stuck 24_0 24_1 24_2",
    "pending-partition-time-limit": "stuck 24_0 24_1 24_2",
    "pending-resources-priority-collapsed": "queued 132_* 133_0 133_1 133_2",
    "pending-resources-priority": "queued 132_* 133_0 133_1 133_2",
    "preempted-requeued": "queued 1_1 1_0; running 4_*",
    "preempted": "done 7_*; failed 5_0 5_1",
    "purged-empty": "",
    "refused-submission-left-a-failed-record": "failed 138_0 138_1 138_2 138_3",
    "requeued-held-later": "stuck 116_*",
    "requeued-held": "stuck 116_*",
    "requeued": "queued 112_1; running 112_0",
    "running-multinode": "running 136_*",
    "running-prolog": "running 1_0 1_1",
    "running-unlimited-and-days": "running 82_* 83_4",
    "running": "running 80_0 80_1",
    "suspended": "running 120_1 120_0",
    "timeout": "failed 80_0 80_1",
    "unknown-and-known-id": "stuck 87_0 87_1",
}


def answer(text: str) -> Reply:
    """Return the answer with these rows, as `array|index|state|reason|nodes`."""
    return as_asked(Reply(("squeue",), 0, text, ""))


def as_asked(reply: Reply) -> Reply:
    """Return a recorded reply with the columns that we ask for, from those recorded."""
    lines = [line_asked(line) if "|" in line else f"{line}\n" for line in reply.stdout.splitlines()]
    return replace(reply, stdout="".join(lines))


def line_asked(line: str) -> str:
    fields = (line.split("|") + [""] * 8)[:8]
    array, index, state, reason, nodes, left, start, _ = fields
    return "|".join([array, index, state, NAME, "batch", left, start, nodes, reason]) + "\n"


def named(*jobs: str) -> dict[str, str]:
    return dict.fromkeys(jobs, NAME)


def arrays_in(reply: Reply) -> list[str]:
    return list({line.partition("|")[0]: None for line in reply.stdout.splitlines()})


def parse(reply: Reply) -> dict[str, Status]:
    statuses = SLURM.parse_poll(as_asked(reply), named(*arrays_in(reply)))
    name = {EVERY: "*"}
    return {f"{element.job}_{name.get(element.index, element.index)}": statuses[element] for element in statuses}


def test_one_command_asks_for_all_jobs():
    command = SLURM.poll_command(named("12", "13"))
    assert command == ["squeue", "--me", "-h", "-r", "-t", "all", "-o", "%F|%K|%T|%j|%P|%l|%S|%N|%r"]


@pytest.mark.parametrize("name", POLLED)
def test_a_recorded_poll_is_understood(recorded, name):
    parts = [part.split() for part in POLLED[name].split(";") if part]
    expected = {element: state for state, *elements in parts for element in elements}
    statuses = parse(recorded(f"slurm/squeue-{name}"))
    assert {element: status.state.value for element, status in statuses.items()} == expected


def test_every_recorded_poll_is_in_the_table():
    recorded = {path.stem.removeprefix("squeue-") for path in DATA.glob("squeue-*.json")}
    failed = {name for name in recorded if "error" in name} | {"unknown-id", "purged-id"}
    elsewhere = {"after-timed-out-submission", "collapsed-index-bitstr-len", "collapsed-index-truncated"}
    assert recorded - failed - elsewhere == set(POLLED)


def test_a_whole_list_of_indices_is_read(recorded):
    assert len(parse(recorded("slurm/squeue-collapsed-index-bitstr-len"))) == 59


def test_elements_beyond_the_end_of_a_cut_list_are_absent(recorded):
    statuses = parse(recorded("slurm/squeue-collapsed-index-truncated"))
    assert list(statuses)[-1] == "139_324"


@pytest.mark.parametrize(
    ("name", "element", "status"),
    [
        ("out-of-memory", "1_1", Status(State.FAILED, "OUT_OF_MEMORY: OutOfMemory", "node1")),
        ("timeout", "80_0", Status(State.FAILED, "TIMEOUT: TimeLimit", "node1")),
        ("suspended", "120_0", Status(State.RUNNING, "SUSPENDED", "node2")),
        ("completing", "107_0", Status(State.RUNNING, "COMPLETING", "node2")),
        ("running", "80_0", Status(State.RUNNING, "", "node1")),
        ("completed-failed-signaled", "84_1", Status(State.FAILED, "NonZeroExitCode", "node2")),
        ("cancelled-pending-array", "111_0", Status(State.CANCELLED)),
        ("pending-node-not-available", "124_0", Status(State.QUEUED, "ReqNodeNotAvail, UnavailableNodes:node4")),
        ("running-multinode", "136_*", Status(State.RUNNING, "", "node[1-3]")),
    ],
)
def test_reason_and_host_are_kept(recorded, name, element, status):
    assert replace(parse(recorded(f"slurm/squeue-{name}"))[element], why=None) == status


def test_a_reason_may_hold_the_separator():
    reply = Reply(("squeue",), 0, f"1|0|PENDING|{NAME}|batch|1:00|N/A||a|b\n", "")
    statuses = SLURM.parse_poll(reply, named("1"))
    assert statuses == {ElementId("1", 0): Status(State.QUEUED, "a|b")}


def test_a_state_that_nobody_knows_is_neither_dead_nor_done():
    assert SLURM.parse_poll(answer("1|0|DREAMING|None|\n"), named("1")) == {
        ElementId("1", 0): Status(State.UNKNOWN, "DREAMING")
    }


def test_what_was_ended_for_it_waited_in_vain_was_cancelled_by_nobody():
    row = answer("1|0|CANCELLED|DependencyNeverSatisfied|\n")  # by --kill-on-invalid-dep, with Slurm 22.05
    status = SLURM.parse_poll(row, named("1"))[ElementId("1", 0)]
    assert (status.state, status.why.cause) == (State.CANCELLED, Cause.NEVER)


@pytest.mark.parametrize("word", ["CANCELLED by 1234", "CANCELLED"])
def test_whoever_cancelled_an_element_it_is_cancelled(word):
    assert SLURM.parse_poll(answer(f"1|0|{word}|None|node1\n"), named("1"))[ElementId("1", 0)].state is State.CANCELLED


@pytest.mark.parametrize(
    "reason", ["QOSMaxCpuPerJobLimit", "AccountNotAllowed", "JobHoldMaxRequeue", "user env retrieval requeued held"]
)
def test_what_no_waiting_mends_is_stuck(reason):
    assert SLURM.parse_poll(answer(f"1|0|PENDING|{reason}|\n"), named("1"))[ElementId("1", 0)].state is State.STUCK


@pytest.mark.parametrize(
    ("name", "element", "cause", "words", "advice"),
    [
        ("timeout", "80_0", Cause.TIME_LIMIT, "met its time limit", "--time"),
        ("out-of-memory", "1_1", Cause.OUT_OF_MEMORY, "ran out of memory", "--mem"),
        ("node-fail", "90_0", Cause.NODE_FAIL, "lost its node, node4", ""),
        ("preempted", "5_0", Cause.PREEMPTED, "make room", ""),
        ("cancelled-running", "107_0", Cause.USER, "was cancelled", ""),
        ("held-by-user", "87_0", Cause.HELD, "held by you", "scontrol release 87_0"),
        ("held-by-admin", "88_*", Cause.HELD, "by an administrator", "ask your site"),
        ("launch-failed-requeued-held", "22_0", Cause.LAUNCH, "launch failed", "scontrol release 22_0"),
        ("requeued-held", "116_*", Cause.LAUNCH, "is held", "scontrol release 116"),
        ("pending-partition-time-limit", "24_0", Cause.REQUEST, "more time (1:00:00) than partition batch", "--time"),
        ("pending-cpus-too-many", "19_*", Cause.REQUEST, "no node of partition batch has", "--cpus"),
        ("pending-nodes-down-drained", "126_0", Cause.NODES, "drained, down or reserved", "sinfo -R"),
        ("pending-dependency-never-satisfied", "98_0", Cause.NEVER, "which it did not", "jughpc cancel"),
        ("pending-dependency", "97_0", Cause.DEPENDENCY, "waits for other jobs", ""),
        ("pending-association-job-limit", "28_1", Cause.LIMIT, "a limit on what may run", ""),
        ("pending-resources-priority", "133_1", Cause.TURN, "estimated start 2026-11-22 14:51", ""),
    ],
)
def test_a_state_is_told_in_words_with_what_to_do(recorded, name, element, cause, words, advice):
    why = parse(recorded(f"slurm/squeue-{name}"))[element].why
    assert why.cause is cause
    assert words in why.words
    assert advice in why.advice


def test_each_recorded_reason_that_keeps_an_element_waiting_has_words(recorded):
    waiting = (State.QUEUED, State.STUCK)
    found = [status for name in POLLED for status in parse(recorded(f"slurm/squeue-{name}")).values()]
    assert {status.reason for status in found if status.state in waiting and status.why is None} == set()


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("12_3|{name}|COMPLETED|0:0|node1", Status(State.DONE, "", "node1")),
        ("12_3|{name}|FAILED|3:0|node1", Status(State.FAILED, "exit code 3", "node1")),
        ("12_3|{name}|FAILED|0:9|node1", Status(State.FAILED, "signal 9", "node1")),
        ("12_3|{name}|TIMEOUT|0:0|node1", Status(State.FAILED, "TIMEOUT", "node1")),
        ("12_3|{name}|CANCELLED by 1001|0:0|None assigned", Status(State.CANCELLED)),
        ("12_[2-7%2]|{name}|CANCELLED by 0|0:0|None assigned", Status(State.CANCELLED)),
        ("12_3|{name}|RUNNING|0:0|node1", None),
        ("12_[2-7%2]|{name}|PENDING|0:0|None assigned", None),
        ("12_3|another|COMPLETED|0:0|node1", None),
        ("13_3|{name}|COMPLETED|0:0|node1", None),
        ("12_3|{name}|DREAMING|0:0|node1", None),
        ("12_3|{name}|COMPLETED|node1", None),
        ("Welcome!", None),
    ],
)
def test_accounting_tells_ends_alone_and_of_jobs_of_that_name_alone(line, status):
    reply = Reply(("sacct",), 0, f"{line.format(name=NAME)}\n", "")
    found = SLURM.parse_past(reply, named("12")).get(ElementId("12", 3))
    assert (found and replace(found, why=None)) == status


def test_where_there_is_no_accounting_it_is_not_asked():
    none = Slurm().within(Limits(settings={"AccountingStorageType": "accounting_storage/none"}))
    assert none.past_command(named("12")) == []
    assert Slurm().past_command(named("12;big", "13"))[:3] == ["sacct", "-M", "big"]


def test_jobs_that_were_not_asked_for_are_left_out():
    assert SLURM.parse_poll(answer("1|0|RUNNING|None|n\n2|0|RUNNING|None|n\n"), named("2")).keys() == {
        ElementId("2", 0)
    }


def test_elements_on_other_clusters_keep_the_id_that_they_were_submitted_under():
    text = "CLUSTER: big\n1|0|RUNNING|None|n\nCLUSTER: small\n1|1|RUNNING|None|n\n"
    assert SLURM.parse_poll(answer(text), named("1;small")).keys() == {ElementId("1;small", 1)}
    assert SLURM.poll_command(named("1;small"))[1:3] == ["-M", "small"]


@pytest.mark.parametrize("name", ["controller-down", "controller-hangs", "munge-down", "no-config"])
def test_a_poll_that_failed_says_nothing_about_jobs(recorded, name):
    with pytest.raises(SchedulerError, match="squeue exited with 1: "):
        SLURM.parse_poll(recorded(f"slurm/squeue-error-{name}"), named("1"))


CANCELLED = "slurmstepd-node1: error: *** JOB 3 ON node1 CANCELLED AT 2026-11-27T07:35:40 ***"


@pytest.mark.parametrize(
    "line",
    [
        "slurmstepd-node1: error: StepId=3.batch exceeded memory limit (243200000 > 209715200), being killed",
        "slurmstepd-node1: error: Exceeded job memory limit",
        "slurmstepd: error: Job 3 exceeded memory limit (243200 > 209715), being killed",
        "slurmstepd: error: Detected 1 oom_kill event in StepId=3.batch. Some of the step tasks have been OOM Killed.",
        "slurmstepd: error: Detected 2 oom-kill event(s) in StepId=3.batch. Some of your processes may be killed.",
    ],
)
def test_the_log_tells_of_a_lack_of_memory_that_the_step_saw_unless_another_run_wrote_behind_it(line):
    told = SLURM.capabilities.last_words.why
    assert told(["07:35:33 sums.py: 20 tasks", line, CANCELLED]).cause is Cause.OUT_OF_MEMORY
    assert told([line, "07:35:33 sums.py: 20 tasks", CANCELLED]) is None
    assert told([]) is told([CANCELLED]) is None
