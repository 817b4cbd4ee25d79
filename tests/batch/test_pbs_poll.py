"""How elements stand by PBS's words, as a real OpenPBS 23.06 said them."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from jughpc.batch.causes import Cause
from jughpc.batch.pbs import Pbs
from jughpc.batch.scheduler import ElementId, Reply, State, Status
from jughpc.errors import SchedulerError

PBS = Pbs()
DATA = Path(__file__).parent.parent / "data" / "openpbs"

# What each recorded qstat says, by state.
POLLED = {
    "array-bad-interpreter-t": "failed 0 1",
    "array-can-never-run-t": "stuck 0 1",
    "array-deleted-elements-t": "cancelled 0 3; running 1 2; queued 4 5",
    "array-deleted-t": "ended 0 3 4 5; cancelled 1 2",
    "array-deleting-stubborn-t": "running 0 1",
    "array-deleting-t": "cancelled 0 2 3; running 1",
    "array-dependency-held-t": "queued 0 1",
    "array-dependency-unsatisfiable-t": "cancelled 0 1",
    "array-exiting-t": "running 0 1",
    "array-finished-mixed-parent": "",
    "array-finished-mixed": "done 0; failed 1 2 3 4",
    "array-force-deleted-t": "cancelled 0 1",
    "array-held-one-deleted-released-t": "done 0 2; cancelled 1",
    "array-held-one-deleted-t": "stuck 0 2; cancelled 1",
    "array-held-t": "stuck 0 1 2",
    "array-killed-t": "cancelled 0 1",
    "array-never-started-mixed-finished-t": "done 0; cancelled 1 2",
    "array-never-started-mixed-t": "queued 0; cancelled 1 2",
    "array-never-started-t": "cancelled 0 1",
    "array-node-failed-requeued-t": "queued 0 1",
    "array-node-silent-t": "running 0 1",
    "array-output-undeliverable-t": "done 0 1",
    "array-partly-done-t": "done 0 1; running 2 3",
    "array-queued-t": "queued 0 1 2",
    "array-beforeany-held-by-system-t": "stuck 0 1",
    "array-deleted-by-owner-t": "cancelled 0 1; ended 2 3",
    "array-dependency-and-beforeany-held-t": "queued 0 1",
    "array-dependency-and-held-by-system-t": "stuck 0 1",
    "array-held-by-system-t": "stuck 0 1",
    "history-switched-off-running-t": "",
    "history-switched-off-running-without-x-t": "running 0 1",
    "three-known-t": "running 0 1; queued 2 3",
    "three-one-unknown-t": "running 0 1; queued 2 3",
    "two-known-t": "running 0 1; queued 2 3",
    "array-requeued-done-t": "done 0 1",
    "array-requeued-t": "running 0 1",
    "array-running-throttled-t": "running 0 1; queued 2 3",
    "array-running-throttled": "",
    "array-suspended-t": "running 0 1",
    "array-waiting-t": "queued 0 1",
    "array-walltime-exceeded-t": "failed 0 1",
    "depend-on-finished-failed": "cancelled 0",
    "depend-on-unknown-id": "cancelled 0",
    "dependency-met": "running 0",
    "finished-and-running": "done 0 1; running 2 3",
    "finished-subjob-without-x": "",
    "finished-subjob": "failed 2",
    "finished-without-x": "",
    "node-failed-not-rerunable": "failed 0",
    "plain-finished": "done 0",
    "plain-held": "stuck 0",
    "plain-never-started": "cancelled 0",
    "plain-queued": "queued 0",
    "server-back-t": "running 0 1; queued 2 3",
    "subjob-queued": "queued 3",
    "subjob-running": "running 1",
    "unknown-and-known": "done 0",
    "unknown-plain": "",
    "unknown-subjob": "",
    "unknown": "",
    "variables-typed": "stuck 0",
}


def asked(reply: Reply) -> list[str]:
    """Return the ids that the recorded command asks for; of an element, that of its array."""
    words = [word for word in reply.argv if word[0].isdigit()]
    return [re.sub(r"\[\d+\]", "[]", word) for word in words]


def parse(reply: Reply) -> dict[int, Status]:
    names = {job: name_in(reply, job) for job in asked(reply)}
    return {element.index: status for element, status in Pbs(history=True).parse_poll(reply, names).items()}


def name_in(reply: Reply, job: str) -> str:
    """Return the name that the reply gives a job."""
    sequence = re.split(r"[\[.]", job)[0]
    match = re.search(rf'"{sequence}[^"]*":\s*\{{\s*"Job_Name":\s*"([^"]*)"', reply.stdout)
    return match[1] if match else ""


@pytest.mark.parametrize("name", POLLED)
def test_a_recorded_poll_is_understood(recorded, name):
    parts = [part.split() for part in POLLED[name].split(";") if part]
    expected = {int(index): state for state, *indices in parts for index in indices}
    statuses = parse(recorded(f"openpbs/qstat-json-{name}"))
    assert {index: status.state.value for index, status in statuses.items()} == expected


def test_every_recorded_poll_is_in_the_table():
    assert {path.stem.removeprefix("qstat-json-") for path in DATA.glob("qstat-json-*.json")} == set(POLLED)


@pytest.mark.parametrize(
    ("name", "index", "status"),
    [
        ("array-running-throttled-t", 0, Status(State.RUNNING, "", "pbs01")),
        ("array-finished-mixed", 0, Status(State.DONE, "", "pbs01")),
        ("array-finished-mixed", 2, Status(State.FAILED, "Exit_status 139", "pbs01")),
        ("array-walltime-exceeded-t", 0, Status(State.FAILED, "Exit_status -29, exceeded resource walltime", "pbs01")),
        ("array-deleted-t", 1, Status(State.CANCELLED, "Exit_status 271, terminated by ada@pbs01", "pbs01")),
        ("array-held-one-deleted-released-t", 1, Status(State.CANCELLED, "never ran")),
        (
            "depend-on-finished-failed",
            0,
            Status(State.CANCELLED, "never ran, afterok:43[].pbs01@pbs01 was not met"),
        ),
        ("array-dependency-held-t", 0, Status(State.QUEUED, "waits for afterok:43[].pbs01@pbs01")),
        ("array-held-t", 0, Status(State.STUCK, "held (u)")),
        ("array-suspended-t", 1, Status(State.RUNNING, "suspended", "pbs01")),
    ],
)
def test_reason_and_host_are_kept(recorded, name, index, status):
    assert replace(parse(recorded(f"openpbs/qstat-json-{name}"))[index], why=None) == status


def test_a_request_that_no_node_can_meet_says_so(recorded):
    status = parse(recorded("openpbs/qstat-json-array-can-never-run-t"))[0]
    assert status.reason.startswith("Can Never Run: Insufficient amount of resource: ncpus")


def test_what_its_owner_deleted_did_not_wait_in_vain(recorded):
    reply = recorded("openpbs/qstat-json-depend-on-finished-failed")
    deleted = replace(reply, stdout=reply.stdout.replace('"substate":\t92', '"substate":\t91'))
    assert parse(deleted)[0] == Status(State.CANCELLED, "never ran")


def test_a_state_that_nobody_knows_is_neither_dead_nor_done(recorded):
    reply = recorded("openpbs/qstat-json-plain-queued")
    moved = replace(reply, stdout=reply.stdout.replace('"job_state":\t"Q"', '"job_state":\t"M"'))
    assert parse(moved)[0] == Status(State.UNKNOWN, "moved to another server")


def test_what_ran_and_has_no_exit_status_is_no_success(recorded):
    reply = recorded("openpbs/qstat-json-plain-finished")
    silent = replace(reply, stdout=reply.stdout.replace('"Exit_status":\t0,', ""))
    assert parse(silent)[0].state is State.FAILED


@pytest.mark.parametrize(
    ("name", "index", "cause", "words", "advice"),
    [
        ("array-walltime-exceeded-t", 0, Cause.TIME_LIMIT, "met its time limit", "--time"),
        ("array-deleted-t", 1, Cause.USER, "ended by somebody", ""),
        ("array-can-never-run-t", 0, Cause.REQUEST, "can never run: Insufficient amount", "--cpus"),
        ("array-held-t", 0, Cause.HELD, "held by you", "qrls"),
        ("array-dependency-held-t", 0, Cause.DEPENDENCY, "waits for other jobs", ""),
        ("array-queued-t", 0, Cause.TURN, "waits for its turn", ""),
        ("node-failed-not-rerunable", 0, Cause.NODE_FAIL, "lost its node", ""),
        ("depend-on-finished-failed", 0, Cause.NEVER, "never started, for a job that it waited for", ""),
        ("array-dependency-unsatisfiable-t", 1, Cause.NEVER, "never started, for a job that it waited for", ""),
    ],
)
def test_a_state_is_told_in_words_with_what_to_do(recorded, name, index, cause, words, advice):
    why = parse(recorded(f"openpbs/qstat-json-{name}"))[index].why
    assert why.cause is cause
    assert words in why.words
    assert advice in why.advice


def test_where_no_history_is_kept_what_has_no_record_has_ended_and_is_neither_done_nor_cancelled(recorded):
    reply = recorded("openpbs/qstat-json-array-deleted-elements-t")
    names = {job: name_in(reply, job) for job in asked(reply)}
    states = {element.index: status.state for element, status in Pbs().parse_poll(reply, names).items()}
    assert (states[0], states[3]) == (State.CANCELLED, State.ENDED)


def test_jobs_that_were_not_asked_for_are_left_out(recorded):
    reply = recorded("openpbs/qstat-json-finished-and-running")
    assert PBS.parse_poll(reply, {"13[].pbs01": "primes"}) == {}


def test_an_id_without_its_server_is_the_same_job(recorded):
    reply = recorded("openpbs/qstat-json-plain-queued")
    assert PBS.parse_poll(reply, {"33": name_in(reply, "33")}).keys() == {ElementId("33", 0)}


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ('"PBS_O_WORKDIR":\t"/home/ada/run"', '"PBS_O_WORKDIR":\t"/home/"ada"/run"'),
        ('"Submit_arguments":\t"', '"Submit_arguments":\t"-N "x" '),
    ],
)
def test_quotes_that_pbs_does_not_escape_do_no_harm(recorded, good, bad):
    reply = recorded("openpbs/qstat-json-array-running-throttled-t")
    assert good in reply.stdout
    assert parse(replace(reply, stdout=reply.stdout.replace(good, bad))) == parse(reply)


def test_what_is_no_json_says_nothing_about_jobs():
    with pytest.raises(SchedulerError, match="printed no JSON"):
        PBS.parse_poll(Reply(("qstat",), 0, "Segmentation fault", ""), {"1": "a"})


@pytest.mark.parametrize("name", ["qstat-error-server-down", "qstat-error-unknown-server", "qstat-bad-id"])
def test_a_poll_that_failed_says_nothing_about_jobs(recorded, name):
    with pytest.raises(SchedulerError, match="qstat exited with"):
        PBS.parse_poll(recorded(f"openpbs/{name}"), {"55[].pbs01": "a"})


def test_no_job_at_all_is_an_answer(recorded):
    assert PBS.parse_poll(recorded("openpbs/qstat-empty"), {"55[].pbs01": "a"}) == {}
