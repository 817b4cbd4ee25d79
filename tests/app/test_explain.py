"""Each question of why has an answer, from what the store knows."""

from __future__ import annotations

import pytest

from jughpc.app.status.explain import (
    BLOCKED,
    DONE,
    FAILED,
    HELD,
    MOST,
    READY,
    RUNNING,
    WAITING,
    explain,
    next_step,
)
from jughpc.errors import UsageError
from jughpc.store.base import SHARD


def one(lab, text):
    found = explain(lab.site, lab.clusters, text)
    assert found.count == 1
    return found.tasks[0]


def advice(task):
    return " ".join(next_step(task, " sums.py"))


@pytest.mark.parametrize("text", ["single(1)", "sums.single(1)", "single( 1 )", "single(1.0)"])
def test_a_task_is_known_by_its_call(lab, text):
    lab.begin()
    assert one(lab, text).digest == lab.digests("single")[1].hex()


def test_a_task_is_known_by_the_beginning_of_its_digest(lab):
    digest = lab.begin().digests("total")[0].hex()
    assert one(lab, digest[:8]).digest == digest


def test_a_call_whose_arguments_are_tasks_is_known_as_it_is_shown(lab):
    lab.begin()
    assert one(lab, one(lab, "total").call).digest == lab.digests("total")[0].hex()


def test_a_name_means_all_of_its_tasks_and_the_undone_come_first(lab):
    lab.begin()
    lab.done(*lab.digests("single")[:3])
    found = explain(lab.site, lab.clusters, "single")
    assert (found.count, [task.state for task in found.tasks]) == (4, [READY, DONE, DONE, DONE])


def test_of_many_only_some_are_explained(lab):
    lab.jugfile.write_text(lab.jugfile.read_text().replace("range(4)", "range(40)"))
    lab.begin()
    found = explain(lab.site, lab.clusters, "single")
    assert (found.count, len(found.tasks)) == (40, MOST)


@pytest.mark.parametrize("text", ["nosuch", "single(77)", "single(", "ffffffff", "single(1, x=2)", ""])
def test_what_means_no_task_is_refused_with_what_there_is(lab, text):
    lab.begin()
    with pytest.raises(UsageError, match=r"sums\.single"):
        explain(lab.site, lab.clusters, text)


def test_without_a_store_a_task_is_ready_and_somebody_is_to_start_it(lab):
    task = one(lab, "single(1)")
    assert (task.state, advice(task)) == (READY, "nobody works on it: jughpc submit sums.py, or jughpc execute sums.py")


def test_who_holds_a_task_is_named_and_whether_he_lives(lab):
    digest = lab.begin().digests("single")[1]
    life = lab.life("node7").claim(digest).runs(digest, "sums.single")
    running = one(lab, "single(1)")
    assert (running.state, running.holder.host, running.proof, running.hands) == (RUNNING, "node7", "", None)
    life.dies()
    held = one(lab, "single(1)")
    assert (held.state, "killed by SIGKILL" in held.proof, held.hands.workers) == (HELD, True, 0)
    assert "cleanup sums.py --locks-only nobody works on it: " in advice(held)


def test_a_claim_on_a_shard_is_on_the_task_that_its_holder_runs(lab):
    first, second = lab.begin().digests("single")[:2]
    lab.life().claim(SHARD).runs(first, "sums.single")
    assert (one(lab, "single(0)").state, one(lab, "single(1)").state) == (RUNNING, READY)
    assert advice(one(lab, "single(1)")) == "a worker takes it as soon as one is free"
    assert second != first


def test_a_failure_is_told_and_what_it_holds_up_far_away(lab):
    lab.begin()
    lab.failed(lab.digests("single")[2])
    failed, double, total = one(lab, "single(2)"), one(lab, lab.digests("double")[2].hex()), one(lab, "total")
    assert (failed.state, failed.failure.exception) == (FAILED, "ValueError: no")
    assert (double.state, total.state) == (BLOCKED, BLOCKED)
    assert (total.missing, total.needs[0].digest, total.needs[0].state) == (4, lab.digests("double")[2].hex(), FAILED)
    assert all("failures sums.py --retry-failed" in advice(task) for task in (failed, double, total))


def test_of_a_task_that_killed_workers_only_its_failure_tells_how_many(lab):
    digest = lab.begin().digests("single")[1]
    lab.life("node7").claim(digest).runs(digest, "sums.single").dies()
    lab.life("node8").claim(digest).runs(digest, "sums.single")
    assert one(lab, "single(1)").deaths == 1
    lab.failed(digest, deaths=2)
    assert (one(lab, "single(1)").deaths, one(lab, "singles[1]").failure.deaths) == (0, 2)


def test_what_waits_tells_for_what(lab):
    lab.begin()
    lab.done(*lab.digests("single"), *lab.digests("double")[:3])
    total = one(lab, "total")
    assert (total.state, total.missing, [needed.state for needed in total.needs]) == (WAITING, 1, [READY])


def test_what_is_done_tells_when_and_where_it_was_run_last_as_far_as_that_was_measured(lab):
    first, second, *_ = lab.begin().all_done().digests("single")
    lab.measured("earlier", 1000.0, [first, second], wall=3.0).measured("later", 2000.0, [first], wall=4.0)
    ran = one(lab, "single(0)").ran
    assert (ran.life, ran.host, ran.ended, ran.wall) == ("later", "node1", 2004.0, 4.0)
    assert one(lab, "single(1)").ran.life == "earlier"
    assert (one(lab, "single(2)").ran, one(lab, "single(2)").mean) == (None, 10 / 3)


def test_what_is_done_says_so(lab):
    lab.begin().all_done()
    task = one(lab, "total")
    assert (task.state, task.needs) == (DONE, ())
    assert "invalidate sums.py --name sums.total" in advice(task)
