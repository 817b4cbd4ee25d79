"""An array that is left to us has as many elements as what is left takes, by what was measured, within bounds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jughpc.app.status.report import report
from jughpc.app.submit import sizing
from jughpc.app.submit.collect import Charge, collect
from jughpc.app.submit.history import as_before
from jughpc.app.submit.sizing import Ceiling, size
from jughpc.app.submit.submit import plan_submission
from jughpc.app.submit.verdict import End
from jughpc.batch.scheduler import Bound, Role
from jughpc.cli.output import submit as output
from jughpc.config.asks import Ask
from jughpc.config.kinds import AUTO
from tests.app.test_accounts import columns, keep
from tests.app.test_classes import PIPE
from tests.app.test_run import KEEP_GOING, run

HOUR = 3600.0
WIDE = """
from jug import TaskGenerator

@TaskGenerator
def single(i):
    return i

singles = [single(i) for i in range(50)]
"""


@pytest.fixture
def wide(labs):
    """Return fifty tasks that need nothing of each other."""
    return labs(text=WIDE)


def planned(lab, within=HOUR, **changes):
    return plan_submission(lab.site, lab.clusters, lab.request(AUTO, within=within, **changes))


def measured(lab, seconds, name="sums.single"):
    """Have somebody measure how long one of the tasks takes."""
    keep(lab.begin().store, [columns([seconds], name=name)])
    return lab


def told(plan):
    return [line[11:] for line in output.planned(plan) if line.startswith("auto ")]


def test_there_are_as_many_as_the_work_takes_in_time(wide):
    plan = planned(measured(wide, 600.0), within=2 * HOUR)
    assert plan.submission.workload.size == 5
    assert told(plan) == [
        "50 tasks take some 8h20m of one worker (sums.single 10m each, as measured), and are to end within 2h"
    ]
    assert not any("--measure" in word for job in plan.jobs for word in job.argv)


def test_an_element_has_no_more_time_than_its_own_limit(wide):
    measured(wide, 600.0)
    request = wide.request(AUTO, within=2 * HOUR)
    options = replace(request.options, resources=replace(request.options.resources, walltime=HOUR))
    assert plan_submission(wide.site, wide.clusters, replace(request, options=options)).submission.workload.size == 10


def test_several_workers_in_each_make_fewer_elements(wide):
    assert planned(measured(wide, 600.0), within=2 * HOUR, workers=5).submission.workload.size == 1


def test_there_are_no_more_than_tasks_and_a_task_that_alone_takes_longer_is_told(wide):
    plan = planned(measured(wide, 2 * HOUR))
    assert plan.submission.workload.size == 50
    assert told(plan)[1:] == [
        "one task alone (sums.single) took 2h, so it will be later",
        "112 would be enough, but there are no more tasks",
    ]


def test_the_users_free_share_bounds_them(wide):
    measured(wide, 600.0)
    cluster = replace(wide.clusters.here("slurm"), bounds=(Bound("QOS normal MaxSubmitJobs", 10, used=5),))
    found = sizing.ceilings(cluster, wide.request().options, 1)
    assert found[0] == Ceiling(3, "QOS normal MaxSubmitJobs is 10, 5 used")
    assert size(planned(wide).classes, wide.store, HOUR, found, 1).elements == 3


def test_what_was_not_measured_is_taken_for_one_like_the_others(labs):
    pipe = measured(labs(text=PIPE), 600.0, "sums.train")
    (words,) = told(planned(pipe))
    assert "(sums.train 10m each, as measured; sums.prepare, sums.merge as these)" in words


def test_classes_share_them(labs):
    pipe = measured(labs(text=PIPE), 600.0, "sums.train")
    parts = planned(pipe).submission.workload.parts
    assert {part.only: part.size for part in parts} == {"default": 1, str(Ask(gpus=1, time=4 * HOUR)): 2}


# where nothing was measured


def test_a_few_measure_and_the_collector_sizes_the_next_array_by_that(wide):
    plan = planned(wide)
    assert plan.submission.workload.size == sizing.FIRST
    assert told(plan) == [
        "nobody knows yet how long these tasks take: so many measure it for 5m", "the next array is sized by that",
    ]  # fmt: skip
    assert [any("--measure=5m" in word for word in job.argv) for job in plan.jobs] == [True, False]
    wide.submit(AUTO, within=HOUR)
    wide.clock.sleep(5)
    wide.done(*wide.digests("single")[:10])
    measured(wide, 600.0)
    wide.exit(3)
    wide.clock.sleep(5)
    assert collect(wide.site, wide.clusters, Charge(1, 2)).end is End.HANDED_OVER
    jobs = [job for job in report(wide.site, wide.clusters).jobs.accepted if job.role is Role.ARRAY]
    assert [job.size for job in jobs] == [4, 8]
    assert b"--measure" not in wide.files.read(f"submissions/1/{jobs[1].script}")
    assert any("40 tasks take some 6h40m of one worker" in line for line in wide.said)


def test_where_so_few_are_all_that_there_can_be_they_go_on(lab):
    plan = planned(lab, workers=3)
    assert (plan.submission.workload.size, told(plan)) == (3, ["no more than 3: there are no more tasks"])
    assert not any("--measure" in word for job in plan.jobs for word in job.argv)


def test_what_is_submitted_again_is_sized_anew_unless_a_number_is_said(wide):
    wide.submit(AUTO, within=HOUR)
    again = as_before(wide.site, wide.clusters, None, None)
    assert (again.size, again.within) == (AUTO, HOUR)
    again = as_before(wide.site, wide.clusters, None, 7)
    assert (again.size, again.within) == (7, None)


def test_who_measures_begins_nothing_more_after_that_and_says_why(wide):
    code, executed = run(wide, options=replace(KEEP_GOING, until=wide.clock.wall() - 1))
    assert (code, executed) == (3, {})
    assert any("was to measure how long tasks take, and has" in line for line in wide.said)
