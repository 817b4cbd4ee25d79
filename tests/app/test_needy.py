"""Tasks that ran out of memory, or met the time limit, run next in elements that get more; ordinary ones do not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jughpc.app.run.selection import Chosen
from jughpc.app.status.explain import explain, next_step
from jughpc.app.status.report import report
from jughpc.app.submit.collect import Charge, collect
from jughpc.app.submit.history import as_before
from jughpc.app.submit.request import Retry
from jughpc.app.submit.submit import plan_submission, submit
from jughpc.app.submit.verdict import End
from jughpc.batch.scheduler import Resources, Role
from jughpc.cli.output import submit as output
from jughpc.store.death import Death
from jughpc.store.record import CRASH, MEMORY, TIME, UNKNOWN
from jughpc.testing.cluster import model
from tests.app.test_deaths import ends, silent
from tests.app.test_run import KEEP_GOING, run

G = 1 << 30
DOUBLED = Retry(mem=2.0)


def request(lab, size=2, retry=DOUBLED, memory=4 * G, walltime=None):
    asked = lab.request(size, retry=retry)
    resources = Resources(memory=memory, walltime=walltime)
    return replace(asked, options=replace(asked.options, resources=resources))


def planned(lab, **changes):
    return plan_submission(lab.site, lab.clusters, request(lab, **changes))


def dies(lab, *hows, number=0, memory=0):
    """Have workers die of the `number`-th task `single`."""
    digest = lab.digests("single")[number]
    for life, how in enumerate(hows):
        lab.store.bury(Death(digest, f"life-{number}-{life}", how, memory=memory))
    return digest.hex()[:12]


def parts(plan):
    return [(part.only, part.size, part.resources.memory) for part in plan.submission.workload.parts]


def said(job, option):
    return [word.removeprefix(option) for word in job.argv if word.startswith(option)]


# submit


def test_who_ran_out_of_memory_gets_more_in_elements_of_its_own(lab):
    needy = dies(lab.begin(), MEMORY, memory=3 * G)
    plan = planned(lab)
    assert parts(plan) == [("", 2, 4 * G), ("mem=8G", 1, 8 * G)]
    assert [said(job, "--digests=") for job in plan.jobs] == [[], [needy], []]
    assert [said(job, "--mem-retry=") for job in plan.jobs] == [["2x"], [], []]
    text = "\n".join(output.planned(plan))
    assert (
        "more       1 elements for sums.single (1), which ran out of memory, with up to 3G in use\n  each     memory 8G"
        in text
    )


@pytest.mark.parametrize(
    ("deaths", "retry", "memory"),
    [
        ((MEMORY, MEMORY), DOUBLED, 16 * G),
        ((MEMORY, MEMORY), Retry(mem=2.0, mem_max=10 * G), 10 * G),
        ((MEMORY,), Retry(mem=1.5), 6 * G),
        ((MEMORY,), Retry(mem=2.0, mem_max=3 * G), 4 * G),  # never less than it had
        ((MEMORY, CRASH), DOUBLED, 8 * G),
        ((CRASH,), DOUBLED, None),
        ((MEMORY,), Retry(time=2.0), None),
    ],
)  # fmt: skip
def test_it_is_as_much_as_was_said_for_each_time(lab, deaths, retry, memory):
    dies(lab.begin(), *deaths)
    more = [part.resources.memory for part in planned(lab, retry=retry).submission.workload.parts[1:]]
    assert more == ([memory] if memory else [])


@pytest.mark.parametrize(("peak", "is_needy"), [(3 * G, False), (int(3.9 * G), True)])
def test_who_was_killed_in_silence_near_to_its_limit_ran_out_of_memory(lab, peak, is_needy):
    dies(lab.begin(), UNKNOWN, memory=peak)
    assert bool(planned(lab).needy) is is_needy


def test_where_nobody_asked_for_memory_it_goes_by_what_was_in_use(lab):
    dies(lab.begin(), MEMORY, memory=3 * G)
    assert parts(planned(lab, memory=None)) == [("", 2, None), ("mem=6G", 1, 6 * G)]


def test_who_met_the_time_limit_gets_more_time(lab):
    dies(lab.begin(), TIME)
    plan = planned(lab, retry=Retry(time=3.0, time_max=7200.0), walltime=3600.0)
    assert [part.resources.walltime for part in plan.submission.workload.parts] == [3600.0, 7200.0]


def test_who_met_a_time_limit_that_nobody_knows_is_run_all_the_same_in_elements_that_leave_it_to_no_others(lab):
    digest = dies(lab.begin(), TIME)
    plan = planned(lab, retry=Retry(time=2.0))
    assert parts(plan) == [("", 2, 4 * G), ("default", 1, 4 * G)]
    assert [said(job, "--digests=") for job in plan.jobs] == [[], [digest], []]
    assert "more       1 elements for sums.single (1), which met the time limit" in "\n".join(output.planned(plan))


def test_where_all_that_is_left_needs_more_there_are_no_other_elements(lab):
    dies(lab.begin(), MEMORY)
    lab.done(*lab.all() - {lab.digests("single")[0]})
    assert parts(planned(lab)) == [("mem=8G", 1, 8 * G)]


def test_what_is_submitted_again_retries_likewise(lab):
    submit(planned(lab, retry=Retry(2.0, 64 * G, 1.5, 7200.0)))
    assert as_before(lab.site, lab.clusters, None, None).retry == Retry(2.0, 64 * G, 1.5, 7200.0)


# what follows


WATCHED = b"""07:35:33 sums.py: 20 tasks, in sums.jugdata
slurmstepd-node1: error: StepId=3.batch exceeded memory limit (243200000 > 209715200), being killed
slurmstepd-node1: error: Exceeded job memory limit
slurmstepd-node1: error: *** JOB 3 ON node1 CANCELLED AT 2026-11-27T07:35:40 ***
"""


@pytest.mark.parametrize("log", [b"", WATCHED], ids=["its state says so", "its log alone says so"])
def test_after_an_array_that_ran_out_of_memory_the_collector_queues_elements_that_have_more(lab, log):
    lab.token = submit(planned(lab)).submission.token
    lab.clock.sleep(5)
    first, *others = lab.digests("single")
    silent(lab, 0, first)
    lab.done(*others)
    if log:
        lab.files.write("submissions/1/logs/array-0.log", [log])
        lab.exit(-9)
    else:
        ends(lab, model.End.OUT_OF_MEMORY)
    assert collect(lab.site, lab.clusters, Charge(1, 2)).end is End.HANDED_OVER
    arrays = [job for job in report(lab.site, lab.clusters).jobs.accepted if job.role is Role.ARRAY]
    assert [job.only for job in arrays] == ["", "", "mem=8G"]
    script = lab.files.read(f"submissions/1/{arrays[-1].script}").decode()
    assert "#SBATCH --mem=8192M" in script
    assert f"--digests={first.hex()[:12]}" in script
    assert any("1 of these ran out of memory: they get mem=8G, in elements of their own" in line for line in lab.said)


# execute


def test_an_element_leaves_to_others_what_ran_out_of_memory_and_ends(lab):
    dies(lab.begin(), MEMORY)
    dies(lab, CRASH, number=1)
    code, executed = run(lab, options=replace(KEEP_GOING, leaves=frozenset({MEMORY})))
    assert (code, executed["sums.single"], executed["sums.double"]) == (3, 3, 3)
    assert [death.how for death in lab.store.deaths(lab.digests("single")[0])] == [MEMORY]


def test_an_element_that_has_more_runs_what_it_is_for_and_nothing_else(lab):
    needy = dies(lab.begin(), MEMORY)
    assert run(lab, chosen=Chosen(digests=frozenset({needy}))) == (0, {"sums.single": 1})


def test_explain_tells_that_a_task_that_ran_out_of_memory_is_for_elements_with_more(labs):
    lab = labs(nodes=0)
    submit(planned(lab.begin()))
    dies(lab, MEMORY, memory=3 * G)
    (task,) = explain(lab.site, lab.clusters, "single(0)").tasks
    assert (task.hands.lacked, task.hands.queued, "3072 MiB in use" in task.died) == ("memory", 0, True)
    assert list(next_step(task, "")) == [
        "no element runs it now; the collector queues some with more memory once those that go on have ended"
    ]
    (other,) = explain(lab.site, lab.clusters, "single(1)").tasks
    assert (other.hands.lacked, other.hands.queued) == ("", 2)


def test_explain_counts_the_elements_that_were_queued_for_tasks_that_need_more(labs):
    lab = labs(nodes=0)
    dies(lab.begin(), MEMORY, memory=3 * G)
    submit(planned(lab))
    (task,) = explain(lab.site, lab.clusters, "single(0)").tasks
    assert (task.hands.lacked, task.hands.queued) == ("memory", 1)
