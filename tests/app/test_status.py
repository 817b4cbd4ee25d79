"""Where a jugfile stands, as store and scheduler tell it together."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jughpc.app.status import elements as submitted
from jughpc.app.status import followers
from jughpc.app.status.dot import dot
from jughpc.app.status.failures import failures, retry
from jughpc.app.status.report import report
from jughpc.app.status.tasks import ACTIVE, COMPLETE, FAILED, READY, WAITING, in_words, manifest_of, standing
from jughpc.app.submit import own_end
from jughpc.batch.scheduler import Role, State, Status
from jughpc.cli.output.status import as_dict
from jughpc.errors import JugdirError, UsageError
from jughpc.store.base import SHARD
from jughpc.store.location import Memory

STATES = {"failed": FAILED, "waiting": WAITING, "ready": READY, "done": COMPLETE, "active": ACTIVE}

BARRIER = """
from jug import TaskGenerator, barrier

@TaskGenerator
def single(i):
    return i

first = single(1)
barrier()
second = single(2)
"""


def counts(lab, **how):
    found = standing(lab.site, **how)
    return {name: count for name, state in STATES.items() if (count := found.count(state))}


# tasks


def test_a_jugfile_that_never_ran_has_ready_and_waiting_tasks_and_no_store_is_made(lab):
    assert counts(lab) == {"waiting": 5, "ready": 4}
    assert lab.disk.paths() == []


def test_tasks_are_counted_by_what_the_store_holds_of_each(lab):
    one, two, three, _ = lab.begin().digests("single")
    lab.done(one).failed(two).life().claim(three)
    assert counts(lab) == {"failed": 1, "waiting": 4, "ready": 2, "done": 1, "active": 1}


def test_a_task_that_the_dead_claimed_is_ready_and_the_dead_are_told(lab):
    lab.begin().life().claim(lab.digests("single")[0]).dies("out of memory")
    found = standing(lab.site)
    assert (found.count(READY), found.count(ACTIVE), found.workers) == (4, 0, [])
    assert [record.reason for record in found.dead] == ["out of memory"]


def test_a_life_that_the_scheduler_says_is_over_is_not_taken_for_alive(lab):
    life = lab.begin().life().claim(lab.digests("single")[0])
    assert counts(lab)["active"] == 1
    assert "active" not in counts(lab, ended={life.record.life: "cancelled"})
    assert counts(lab, ended={"another": "cancelled"})["active"] == 1


def test_a_task_that_runs_under_a_claim_on_its_shard_is_active(lab):
    digest = lab.begin().digests("single")[2]
    lab.life().claim(SHARD).runs(digest, "sums.single")
    assert counts(lab)["active"] == 1


def test_a_claim_on_a_task_whose_needs_are_gone_again_makes_it_not_active(lab):
    lab.begin().life().claim(lab.digests("total")[0])
    assert "active" not in counts(lab)


def test_a_worker_that_has_not_beaten_since_it_claimed_is_shown_with_what_it_claimed(lab):
    lab.begin().life().claim(lab.digests("single")[0])
    assert [record.task for record in standing(lab.site).workers] == ["sums.single"]


def test_a_worker_that_beat_is_shown_with_what_it_said(lab):
    digest = lab.begin().digests("single")[0]
    lab.life().claim(digest).runs(digest, "what it said")
    assert [record.task for record in standing(lab.site).workers] == ["what it said"]


def test_a_mark_that_a_shard_is_complete_stands_for_all_of_its_results(lab):
    lab.begin().all_done().store.mark_complete(0, lab.all())
    lab.orders.calls.clear()
    assert counts(lab, looks=0) == {"done": 9}
    assert ("names", "shards/0") not in lab.orders.calls


def test_a_mark_of_other_tasks_stands_for_nothing(lab):
    lab.begin().store.mark_complete(0, {b"x" * 16})
    assert "done" not in counts(lab)


def test_in_a_store_of_many_shards_each_task_is_looked_for_in_its_own(labs):
    lab = labs(text="from jug import TaskGenerator\nf = TaskGenerator(abs)\nxs = [f(i) for i in range(2000)]\n").begin()
    digests = sorted(lab.all())
    assert lab.store.shards > 2
    lab.done(*digests[:500]).failed(digests[-1])
    lab.store.mark_complete(0, {digest for digest in digests if lab.store.shard_of(digest) == 0})
    assert counts(lab) == {"failed": 1, "ready": 1499, "done": 500}


def test_the_counts_of_each_name_add_up(lab):
    lab.begin().done(*lab.digests("single")[:2])
    assert standing(lab.site).by_name() == {
        "sums.single": [0, 0, 2, 2, 0], "sums.double": [0, 2, 2, 0, 0], "sums.total": [0, 1, 0, 0, 0],
    }  # fmt: skip


def test_nothing_can_go_on_once_all_that_is_left_waits_for_what_failed(lab):
    lab.begin().failed(lab.digests("single")[0])
    assert standing(lab.site).can_go_on()
    lab.done(*lab.digests("single")[1:], *lab.digests("double")[1:])
    assert not standing(lab.site).can_go_on()


def test_what_runs_can_go_on(lab):
    lab.begin().done(*lab.digests("single"), *lab.digests("double")).life().claim(lab.digests("total")[0])
    assert standing(lab.site).can_go_on()


def test_one_line_says_where_it_stands(lab):
    assert in_words(standing(lab.site)) == "9 tasks waiting to be run, 0 failed, 0 complete, (none active)."
    lab.begin().failed(lab.digests("single")[0]).done(lab.digests("single")[1])
    lab.life().claim(lab.digests("single")[2])
    assert in_words(standing(lab.site)) == "6 tasks waiting to be run, 1 failed, 1 complete, (1 active)."
    lab.all_done()
    assert in_words(standing(lab.site)) == "All tasks complete (9 tasks)."


@pytest.fixture
def told(lab):
    """Return a jugfile that tells by a file that it was run, and has a task more with each run; it ran once."""
    lab.runs = lab.tmp_path / "runs"
    runs = f"import pathlib\nruns = pathlib.Path({str(lab.runs)!r})"
    each = "runs.write_text(runs.read_text() + 'x')\nmore = [single(i) for i in enumerate(runs.read_text())]"
    lab.jugfile.write_text(f"{lab.text}\n{runs}\n{each}\n")
    lab.runs.write_text("")
    return lab.begin()


def test_a_cached_look_shows_the_latest_load_and_its_time_and_does_not_run_the_jugfile(told):
    found = manifest_of(replace(told.site, cached=True))
    assert (len(found), found.since, told.runs.read_text()) == (10, told.clock.wall(), "x")


def test_any_other_look_runs_the_jugfile_and_is_what_a_cached_one_shows_from_then_on(told):
    found = manifest_of(told.site)
    assert (len(found), found.since, told.runs.read_text()) == (11, None, "xx")
    assert len(manifest_of(replace(told.site, cached=True))) == 11


@pytest.mark.parametrize("change", ["another text", "other arguments", "none at all"])
def test_a_cached_look_at_what_was_never_loaded_is_a_mistake(lab, change):
    site = replace(lab.site, cached=True)
    if change != "none at all":
        lab.begin()
    if change == "another text":
        lab.jugfile.write_text(f"{lab.text}\nmore = single(4)\n")
    if change == "other arguments":
        site = replace(site, target=replace(site.target, args=("x",)))
    with pytest.raises(UsageError, match="look without --cached"):
        manifest_of(site)


def test_a_load_that_takes_long_is_told_with_what_does_without(lab):
    site = replace(lab.site, clock=Slow())
    manifest_of(site)
    assert lab.said == [f"loaded {lab.jugfile} in 3s; status, count, graph and failures take --cached"]


class Slow:
    """A clock by which three seconds pass between two looks."""

    def __init__(self):
        self.time = 0.0

    def now(self):
        self.time += 3.0
        return self.time

    wall = now


def test_where_nothing_is_kept_the_jugfile_is_loaded(lab):
    site = replace(lab.site, target=replace(lab.site.target, location=Memory()))
    assert len(manifest_of(site)) == 9


def test_a_jugfile_that_ended_at_a_barrier_is_loaded_again(labs):
    lab = labs(text=BARRIER).begin()
    assert len(manifest_of(lab.site)) == 1
    lab.done(*lab.digests("single"), value=1)
    assert len(manifest_of(lab.site)) == 2


def test_the_graph_has_a_node_a_name_and_an_edge_where_one_needs_the_other(lab):
    lab.begin().done(lab.digests("single")[0])
    text = dot(standing(lab.site))
    assert '"sums.single" -> "sums.double"' in text
    assert '"sums.double" -> "sums.total"' in text
    assert "0F 0W 3R 1C 0A" in text
    assert "3R" not in dot(standing(lab.site), with_status=False)


# failures


def test_failures_are_told_name_by_name_and_the_oldest_first(lab):
    one, two = lab.begin().digests("single")[:2]
    lab.failed(two)
    lab.clock.sleep(10)
    lab.failed(one).failed(lab.digests("double")[2], "sums.double").failed(b"x" * 16)
    assert [(row.name, row.digest) for row in failures(lab.site, standing(lab.site))] == [
        ("sums.double", lab.digests("double")[2]), ("sums.single", two), ("sums.single", one),
    ]  # fmt: skip


def test_failures_of_a_store_that_does_not_exist_are_none(lab):
    assert failures(lab.site, standing(lab.site)) == []
    assert retry(lab.site, standing(lab.site).failed()) == 0


def test_failed_tasks_are_made_ready_again_and_no_others_touched(lab):
    lab.begin().failed(lab.digests("single")[0]).failed(b"x" * 16)
    assert retry(lab.site, standing(lab.site).failed()) == 1
    assert counts(lab) == {"waiting": 5, "ready": 4}
    assert lab.store.failure(b"x" * 16)


# jobs


def test_where_nothing_was_submitted_the_scheduler_is_not_asked(lab):
    found = report(lab.begin().site, lab.clusters)
    assert (found.jobs, lab.commands) == (None, [])


def test_a_report_shows_elements_as_the_scheduler_tells_them_by_one_command(labs):
    lab = labs(slots=1)
    lab.submit(size=3)
    lab.clock.sleep(5)
    lab.commands.clear()
    found = report(lab.site, lab.clusters)
    assert found.elements == {State.RUNNING: 1, State.QUEUED: 2}
    assert found.jobs.poll.dependents[Role.COLLECT].state is State.QUEUED
    assert len(lab.commands) == 1


def test_an_older_submission_can_be_asked_for_and_one_that_never_was_is_a_mistake(lab):
    lab.submit(size=3)
    lab.submit(size=1, again=True)
    lab.clock.sleep(5)
    assert report(lab.site, lab.clusters).elements == {State.RUNNING: 1}
    assert report(lab.site, lab.clusters, 1).elements == {State.RUNNING: 3}
    with pytest.raises(JugdirError):
        report(lab.site, lab.clusters, 3)


def test_a_scheduler_that_does_not_answer_leaves_the_store_to_tell(lab):
    token = lab.submit(size=3).submission.token
    lab.deaf = True
    lab.life("node1", 0, token=token)
    lab.life("node2", 1, token=token).dies()
    found = report(lab.site, lab.clusters)
    assert found.jobs.trouble
    assert found.elements == {State.RUNNING: 1, State.FAILED: 1, State.UNKNOWN: 1}


def test_an_element_whose_worker_ended_in_order_is_done_by_the_stores_word(lab):
    token = lab.submit(size=1).submission.token
    lab.life("node1", 0, token=token).ends()
    lab.deaf = True
    assert report(lab.site, lab.clusters).elements == {State.DONE: 1}


def test_workers_of_other_submissions_tell_nothing_of_this_one(lab):
    lab.submit(size=1)
    lab.life("node1", 0, token="0badcafe").ends()
    lab.life("node2", 0, token="0badcafe")
    lab.life("node3")
    lab.deaf = True
    assert report(lab.site, lab.clusters).elements == {State.UNKNOWN: 1}


def test_a_worker_whose_element_has_ended_is_dead_by_the_schedulers_word(lab):
    token = lab.submit(size=2).submission.token
    lab.clock.sleep(5)
    for element in range(2):
        lab.life(f"node{element}", element, token=token).claim(lab.digests("single")[element])
    lab.exit(1, 0)
    lab.clock.sleep(5)
    found = report(lab.site, lab.clusters)
    assert [record.host for record in found.standing.dead] == ["node0"]
    assert [record.host for record in found.standing.workers] == ["node1"]
    assert found.standing.count(ACTIVE) == 1


def test_of_two_runs_of_an_element_the_earlier_is_dead(lab):
    token = lab.submit(size=1).submission.token
    lab.clock.sleep(5)
    old, new = (lab.life("node1", 0, run, token=token) for run in range(2))
    jobs = submitted.find(lab.site, lab.clusters)
    assert set(submitted.dead_by_scheduler(jobs, lab.store.records())) == {old.record.life}
    assert new.record.life not in submitted.dead_by_scheduler(jobs, lab.store.records())


def test_a_worker_whose_element_waits_in_the_queue_again_is_dead(labs):
    lab = labs(slots=0)
    token = lab.submit(size=1).submission.token
    lab.clock.sleep(5)
    life = lab.life("node1", 0, token=token)
    jobs = submitted.find(lab.site, lab.clusters)
    assert set(submitted.dead_by_scheduler(jobs, lab.store.records())) == {life.record.life}


def test_of_what_is_over_by_its_own_record_the_scheduler_is_not_heard(lab):
    token = lab.submit(size=1).submission.token
    lab.clock.sleep(5)
    lab.life("node1", 0, token=token).dies()
    lab.exit(1)
    lab.clock.sleep(5)
    jobs = submitted.find(lab.site, lab.clusters)
    assert submitted.dead_by_scheduler(jobs, lab.store.records()) == {}


def test_the_workers_of_a_submission_are_known_by_their_names(lab):
    token = lab.submit(size=1).submission.token
    ours, other = lab.life("node1", 0, token=token), lab.life("node2", 0, token="0badcafe")
    jobs = submitted.find(lab.site, lab.clusters, ask=False)
    assert submitted.of_elements(jobs, [ours.record.life, other.record.life, "hand-x"]) == {ours.record.life}


# followers


@pytest.fixture
def reducing(lab):
    """Return a submission with a reduce, all of whose tasks are done."""
    lab.done_by = lab.submit(size=2, reduce=lab.reduce_script())
    lab.clock.sleep(5)
    return lab.all_done()


def test_all_is_well_while_the_reduce_waits_for_its_turn(reducing):
    assert report(reducing.site, reducing.clusters).is_well


def test_a_reduce_of_which_nobody_knows_how_it_ended_is_no_good_end(reducing):
    reducing.engine.jobs.clear()
    found = report(reducing.site, reducing.clusters)
    assert not found.is_well
    assert found.followers[Role.REDUCE].failed
    assert as_dict(found)["submission"]["followers"]["reduce"]["failed"]


def test_a_reduce_that_was_never_queued_is_told_and_how_to_run_it(reducing):
    for name in ("2-reduce.json", "2-reduce.intent"):
        reducing.files.remove(f"{reducing.done_by.submission.path}/{name}")
    told = reducing.screen()
    assert "reduce: unknown, it was not queued\n    run it again: jughpc reduce" in told


def test_a_reduce_that_ended_well_by_its_own_word_is_well_though_the_scheduler_forgot_it(reducing):
    followers.mark_reduced(reducing.files, reducing.done_by.submission)
    reducing.engine.jobs.clear()
    assert report(reducing.site, reducing.clusters).is_well


@pytest.mark.parametrize(("collector", "is_lost"), [(State.DONE, False), (State.FAILED, True), (State.ENDED, True)])
def test_a_reduce_that_is_held_is_lost_only_if_its_collector_did_not_end_well(reducing, collector, is_lost):
    jobs = submitted.find(reducing.site, reducing.clusters)
    poll = replace(jobs.poll, dependents={Role.COLLECT: Status(collector), Role.REDUCE: Status(State.STUCK)})
    assert bool(followers.never_starting(replace(jobs, poll=poll))) is is_lost


def test_an_element_that_a_signal_broke_off_is_not_shown_as_done_though_its_worker_ended_in_order(lab):
    done = lab.submit(size=2).submission
    lab.life("node1", 0, token=done.token).ends()
    lab.life("node1", 1, token=done.token).ends()
    environ = {"JUGHPC_END": f"{lab.folder}/{done.path}/ends/0-array-1.json", "JUGHPC_OWNER": "slurm:1_1.0"}
    own_end.broken_off(lab.site, 143, environ)
    own_end.broken_off(lab.site, 3, environ | {"JUGHPC_END": f"{lab.folder}/{done.path}/ends/0-array-0.json"})
    lab.engine.jobs.clear()
    assert report(lab.site, lab.clusters).elements == {State.DONE: 1, State.ENDED: 1}
