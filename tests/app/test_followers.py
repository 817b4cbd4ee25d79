"""Collector and reduce: no reduce waits for what can never be, and status says how they ended and how to go on."""

from __future__ import annotations

import pytest

from jughpc.app.status.report import report
from jughpc.app.submit.cancel import cancel
from jughpc.app.submit.history import as_before
from jughpc.app.submit.submit import plan_submission
from jughpc.batch import ends
from jughpc.batch.scheduler import Role, State
from jughpc.cli.output.status import as_dict

ARRAY, COLLECTOR, REDUCE = range(3)


@pytest.fixture
def collecting(lab):
    """Return a submission whose array has ended, with tasks left, and whose collector runs."""
    lab.done_by = lab.submit(size=2, reduce=lab.reduce_script())
    lab.clock.sleep(5)
    lab.exit(1)
    lab.clock.sleep(5)
    return lab


def told(lab):
    """Return what status says of the followers, by role, and all of its text."""
    found = report(lab.site, lab.clusters)
    return found.followers, lab.screen(found)


def killed(lab):
    """Let the collector be killed, and nobody look for a while."""
    lab.exit(-9, 2)
    lab.clock.sleep(30)


def test_after_a_collector_that_was_killed_the_reduce_does_not_pend_though_nobody_looks(collecting):
    killed(collecting)
    assert collecting.job(REDUCE).over
    assert not collecting.job(REDUCE).begun


def test_status_says_that_it_was_withdrawn_and_why_and_how_to_go_on(collecting):
    killed(collecting)
    followers, text = told(collecting)
    assert followers[Role.REDUCE].withdrawn
    assert "reduce (3): cancelled, withdrawn, for the collector was killed" in text
    assert (
        "collect (2): failed, killed by a signal, or never started (JobLaunchFailure); `jughpc resubmit` goes on"
        in text
    )
    assert not report(collecting.site, collecting.clusters).is_well


def test_it_still_says_so_when_the_scheduler_has_forgotten_both(collecting):
    killed(collecting)
    told(collecting)
    collecting.engine.jobs.clear()
    followers, text = told(collecting)
    assert followers[Role.REDUCE].withdrawn
    assert "`jughpc resubmit` goes on" in text


def test_what_nobody_saw_end_before_it_was_forgotten_is_no_success(collecting):
    collecting.all_done()
    killed(collecting)
    collecting.engine.jobs.clear()
    found = report(collecting.site, collecting.clusters)
    assert not found.is_well
    assert {told.status.state for told in found.followers.values()} == {State.ENDED}
    assert "it was killed most likely" in collecting.screen(found)


def test_a_collector_whose_setup_fails_is_told_with_what_to_mend_and_leaves_no_reduce(collecting):
    words = "setup line 1, `module load nonexist`: command not found"
    end = ends.End("slurm:2_0.0", 127, State.FAILED, words, (), "node1")
    ends.tell(collecting.files, ends.path_of(collecting.done_by.submission, "1-collect"), end)
    collecting.exit(127, 2)
    collecting.clock.sleep(5)
    _, text = told(collecting)
    assert (
        f"collect (2): failed before its work began: {words}; mend that, then `jughpc resubmit` goes on; or submit"
        in text
    )
    assert f"withdrawn, for the collector failed before its work began: {words}" in text
    assert collecting.job(REDUCE).over


def test_a_collector_that_is_cancelled_while_its_array_runs_is_followed_by_another_on_demand(lab):
    lab.submit(size=2, reduce=lab.reduce_script())
    lab.clock.sleep(5)
    lab.clusters.here("slurm").order(["scancel", "2"])
    lab.clock.sleep(5)
    followers, text = told(lab)
    assert "`jughpc submit --more N` adds elements and another collector" in text
    assert followers[Role.REDUCE].withdrawn


def test_a_reduce_that_is_held_is_not_taken_for_lost_once_its_collector_ended_well(collecting):
    collecting.engine.hold(collecting.job(REDUCE), "u", "ada")
    collecting.all_done()
    collecting.exit(0, 2)
    collecting.clock.sleep(5)
    followers, _ = told(collecting)
    assert not followers[Role.REDUCE].withdrawn
    assert not collecting.job(REDUCE).over


def test_what_was_cancelled_as_a_whole_did_not_fail(collecting):
    cancel(collecting.site, collecting.clusters, 1)
    collecting.clock.sleep(40)
    followers, _ = told(collecting)
    assert not any(one.failed or one.withdrawn for one in followers.values())


def test_a_submission_that_is_made_again_after_all_was_done_queues_the_reduce_that_is_missing(collecting):
    collecting.all_done()
    killed(collecting)
    request = as_before(collecting.site, collecting.clusters, None, None)
    assert [job.role for job in plan_submission(collecting.site, collecting.clusters, request).jobs] == [Role.REDUCE]


def test_followers_are_told_to_programs_too(collecting):
    killed(collecting)
    found = as_dict(report(collecting.site, collecting.clusters))["submission"]["followers"]
    assert (found["reduce"]["withdrawn"], found["collect"]["failed"]) == (True, True)
    assert found["collect"]["advice"] == "`jughpc resubmit` goes on"
