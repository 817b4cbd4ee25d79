"""A submission whose records somebody removed: it is told, its jobs are found by name, and can be ended."""

from __future__ import annotations

import pytest

from jughpc.app.status.report import report
from jughpc.app.submit.cancel import cancel
from jughpc.app.submit.live import refuse_a_second
from jughpc.batch import lost, submissions
from jughpc.errors import UsageError


def names(lab, submission) -> list[str]:
    return [name for name in lab.files.names(submission.path) if name != "logs"]


@pytest.fixture(params=["all of its jobs", "what came of them, and what was chosen", "all but what was chosen"])
def robbed(request, lab):
    """Return a submission that lost files."""
    submission = lab.submit(size=5, reduce=lab.reduce_script()).submission
    for name in names(lab, submission):
        gone = {
            "all of its jobs": name.endswith((".json", ".intent")) and name != submissions.RECORD,
            "what came of them, and what was chosen": name.endswith(".json"),
            "all but what was chosen": name != submissions.RECORD,
        }
        if gone[request.param]:
            lab.files.remove(f"{submission.path}/{name}")
    return submission


def test_it_is_told_as_damaged_with_its_jobs_and_what_can_still_be_done(robbed, lab):
    told = report(lab.site, lab.clusters)
    assert sorted(job.id for job in told.jobs.accepted) == sorted(str(job.number) for job in lab.engine.jobs.values())
    assert len(told.jobs.poll.elements) == 5
    screen = lab.screen(told)
    assert "Its jobs are known all the same, and `jughpc cancel` ends them." in " ".join(screen.split())
    assert "next: jughpc cancel" in screen


def test_it_goes_on_for_who_submits_again(robbed, lab):
    with pytest.raises(UsageError, match=r"goes on \("):
        refuse_a_second(lab.site, lab.clusters, False)


def test_a_cancel_ends_all_of_it(robbed, lab):
    cancel(lab.site, lab.clusters, None)
    lab.clock.sleep(100)  # what runs is given some time
    assert all(job.over for job in lab.engine.history)


def test_one_that_has_nothing_in_the_queue_is_looked_for_once(lab):
    submission = lab.submit().submission
    for name in names(lab, submission):
        if name != submissions.RECORD:
            lab.files.remove(f"{submission.path}/{name}")
    lab.engine.jobs.clear()
    report(lab.site, lab.clusters)
    assert submissions.is_over(lab.files, submission)
    assert not lost.is_marked(lab.files, submission)
    before = lab.asked("squeue")
    report(lab.site, lab.clusters)
    assert lab.asked("squeue") <= before + 1
