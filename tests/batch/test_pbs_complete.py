"""A poll of PBS that leaves jobs out: what is missing is asked for in another form, and never taken for an end."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from jughpc.batch.cluster import Cluster
from jughpc.batch.pbs import Pbs
from jughpc.batch.scheduler import Reply, Role, State
from jughpc.batch.submissions import Accepted
from jughpc.errors import SchedulerError
from jughpc.fs import OsClock

ARRAY = Accepted(Role.ARRAY, "1[].pbs01", "sweep", 4, 0, "0-array.sh")
LATER = Accepted(Role.COLLECT, "2.pbs01", "sweep", 1, 0, "1-collect.sh")
FORMS = ("json", "dsv", "full-text")


class Server:
    """Answers each command with what was recorded of it."""

    def __init__(self, recorded, *names: str) -> None:
        self.replies = [recorded(f"openpbs/{name}") for name in names]
        self.asked: list[list[str]] = []

    def __call__(self, argv: Sequence[str]) -> Reply:
        self.asked.append(list(argv))
        reply = self.replies[min(len(self.asked), len(self.replies)) - 1]
        return Reply(tuple(argv), reply.code, reply.stdout, reply.stderr)


def of(server, history: bool = True) -> Cluster:
    return Cluster(Pbs(history=history), server, server, OsClock())


def states(cluster: Cluster, *jobs: Accepted) -> dict[Role, set[State]]:
    found = cluster.statuses(jobs)
    return {
        job.role: {status.state for place in range(job.size) if (status := found.get((job.name, place)))}
        for job in jobs
    }


@pytest.mark.parametrize("name", ["two-known-t", "three-known-t"])
def test_all_forms_say_the_same_of_what_they_speak_of(recorded, name):
    asked = {"1[].pbs01": "sweep", "2.pbs01": "sweep"}
    json, dsv, text = (Pbs(history=True).parse_poll(recorded(f"openpbs/qstat-{form}-{name}"), asked) for form in FORMS)
    assert dsv == text
    assert json.items() <= dsv.items()
    assert len(dsv) > len(json) > 0


def test_a_form_that_folds_its_lines_says_the_same_as_one_that_does_not(recorded):
    asked = {"1[].pbs01": "sweep", "2.pbs01": "sweep"}
    folded, whole = (recorded(f"openpbs/qstat-full-text-{w}two-known-t") for w in ("", "w-"))
    assert Pbs().parse_poll(folded, asked) == Pbs().parse_poll(whole, asked)


@pytest.mark.parametrize("form", ["dsv", "full-text"])
def test_variables_that_look_like_jobs_are_none(recorded, form):
    found = Pbs().parse_poll(recorded(f"openpbs/qstat-{form}-odd-variables"), {"80.pbs01": "sweep", "7.pbs01": "sweep"})
    assert {element.job: status.state for element, status in found.items()} == {"80.pbs01": State.STUCK}


def test_a_job_that_the_first_form_leaves_out_is_asked_for_in_the_next_and_it_alone(recorded):
    server = Server(recorded, "qstat-json-two-known-t", "qstat-dsv-two-known-t")
    found = states(of(server), ARRAY, LATER)
    assert found[Role.ARRAY] == {State.RUNNING, State.QUEUED}
    assert found[Role.COLLECT] == {State.QUEUED}
    assert [argv[-3:] for argv in server.asked] == [["json", "1[].pbs01", "2.pbs01"], ["-F", "dsv", "2.pbs01"]]


def test_what_no_form_speaks_of_is_unknown_and_no_end(recorded):
    server = Server(recorded, "qstat-json-two-known-t")
    assert states(of(server), ARRAY, LATER)[Role.COLLECT] == {State.UNKNOWN}
    assert [argv[-3:] for argv in server.asked[1:]] == [["-F", "dsv", "2.pbs01"], ["-t", "-f", "2.pbs01"]]


def test_a_form_that_fails_leaves_unknown_what_it_was_asked_for(recorded):
    server = Server(recorded, "qstat-json-two-known-t", "qstat-error-server-down")
    assert states(of(server), ARRAY, LATER)[Role.COLLECT] == {State.UNKNOWN}


def test_one_form_is_enough_where_all_are_told(recorded):
    server = Server(recorded, "qstat-json-two-known-t")
    assert states(of(server), ARRAY)[Role.ARRAY] == {State.RUNNING, State.QUEUED}
    assert len(server.asked) == 1


@pytest.mark.parametrize("form", ["json", "dsv"])
def test_a_job_that_is_said_to_be_unknown_is_not_asked_for_again(recorded, form):
    jobs = {"1[].pbs01": "sweep", "99999.pbs01": "sweep", "2.pbs01": "sweep"}
    left = Pbs(history=True).unheard(recorded(f"openpbs/qstat-{form}-three-one-unknown-t"), jobs)
    assert left == (["2.pbs01"] if form == "json" else [])


def test_history_that_was_switched_off_hides_no_running_job(recorded):
    names = ("qstat-json-history-switched-off-running-t", "qstat-json-history-switched-off-running-without-x-t")
    server = Server(recorded, *names)
    job = server.replies[0].argv[-1]
    found = states(of(server), Accepted(Role.ARRAY, job, "sweep", 2, 0, "0-array.sh"))
    assert State.RUNNING in found[Role.ARRAY]
    assert ["-x" in argv for argv in server.asked] == [True, False]


def test_a_server_that_is_down_is_no_answer(recorded):
    with pytest.raises(SchedulerError):
        of(Server(recorded, "qstat-error-server-down")).statuses([ARRAY])


@pytest.mark.parametrize(
    ("name", "state", "words"),
    [
        ("array-held-by-system-t", State.STUCK, "held (s)"),
        ("array-beforeany-held-by-system-t", State.STUCK, "held (s)"),
        ("array-dependency-and-held-by-system-t", State.STUCK, "held (s)"),
        ("array-dependency-and-beforeany-held-t", State.QUEUED, "waits for afterok"),
    ],
)
def test_a_hold_of_somebody_is_told_from_a_dependency(recorded, name, state, words):
    reply = recorded(f"openpbs/qstat-json-{name}")
    found = Pbs(history=True).parse_poll(reply, {reply.argv[-1]: "sweep"})
    assert {status.state for status in found.values()} == {state}
    assert all(status.reason.startswith(words) and "before" not in status.reason for status in found.values())


def test_all_forms_tell_alike_of_an_array_that_its_owner_deleted(recorded):
    replies = [recorded(f"openpbs/qstat-{form}-array-deleted-by-owner-t") for form in ("json", "dsv")]
    json, dsv = (Pbs(history=True).parse_poll(reply, {reply.argv[-1]: "sweep"}) for reply in replies)
    assert json == dsv
    assert {status.state for status in json.values()} <= {State.CANCELLED, State.ENDED}


@pytest.mark.parametrize("form", ["dsv", "full-text"])
def test_an_answer_that_is_cut_anywhere_says_less_and_never_something_else(recorded, form):
    reply, jobs = recorded(f"openpbs/qstat-{form}-two-known-t"), {"1[].pbs01": "sweep", "2.pbs01": "sweep"}
    whole = Pbs().parse_poll(reply, jobs).items()
    cuts = range(0, len(reply.stdout), 37)
    said = [
        Pbs().parse_poll(Reply(reply.argv, 0, reply.stdout[:cut], ""), jobs).items() for cut in (*cuts, *range(-9, 0))
    ]
    assert all(some <= whole for some in said)
    assert any(some and some < whole for some in said)
