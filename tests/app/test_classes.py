"""Functions that ask for the same are a class: an array each, sized by what is left, queued once any of it can run."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jughpc.app.run.execute import execute
from jughpc.app.run.selection import Chosen
from jughpc.app.status.explain import explain, next_step
from jughpc.app.status.report import report
from jughpc.app.submit.classes import is_less, resources_for, shared_out
from jughpc.app.submit.collect import Charge, collect
from jughpc.app.submit.handover import ended_by_hand
from jughpc.app.submit.history import as_before
from jughpc.app.submit.more import add
from jughpc.app.submit.submit import plan_submission
from jughpc.app.submit.verdict import End
from jughpc.batch import withdraw
from jughpc.batch.scheduler import Resources, Role
from jughpc.cli.output import submit as output
from jughpc.config.asks import RULES, Ask
from jughpc.errors import SettingError, UsageError
from jughpc.tasks import task
from jughpc.worker.element import Place
from tests.app.test_accounts import columns, keep
from tests.app.test_run import KEEP_GOING, run

PIPE = """
from jug import TaskGenerator

@TaskGenerator
def prepare(i):
    return i

@TaskGenerator(resources=dict(gpus=1, time="4h"))
def train(x):
    return x

@TaskGenerator(resources=dict(mem="64G"))
def merge(xs):
    return sum(xs)

ready = [train(i) for i in range(100, 103)]
late = [train(prepare(i)) for i in range(6)]
whole = merge(late)
"""


@pytest.fixture
def pipe(labs):
    """Return a jugfile of three classes, of which `merge` can't begin yet."""
    return labs(text=PIPE)


def parts(planned):
    return {part.only: part.size for part in planned.submission.workload.parts}


def planned(lab, size=8, *rules, **changes):
    said = RULES.read(rules)
    return plan_submission(lab.site, lab.clusters, lab.request(size, rules=said, wanted=said, **changes))


def keeps_to(lab, job):
    """Return the classes that elements of a job are told to keep to."""
    script = lab.files.read(f"submissions/1/{job.script}").decode()
    return [word.removeprefix("--only=") for word in script.replace("'", "").split() if word.startswith("--only=")]


@given(
    total=st.integers(0, 200),
    classes=st.lists(st.tuples(st.floats(0, 1e6), st.integers(1, 100)), min_size=1, max_size=6),
)
def test_shares_are_all_there_is_at_least_one_and_at_most_what_is_of_use(total, classes):
    work, most = zip(*classes, strict=True)
    sizes = shared_out(total, work, most)
    assert all(1 <= size <= top for size, top in zip(sizes, most, strict=True))
    assert sum(sizes) == min(max(total, len(sizes)), sum(most))


def test_who_has_more_work_gets_more():
    assert shared_out(16, [300.0, 100.0], [99, 99]) == [12, 4]


# submit


def test_each_class_that_can_begin_gets_an_array_and_one_collector_waits_for_all(pipe):
    done = pipe.submit(size=8, reduce=pipe.reduce_script())
    assert [job.role for job in done.accepted] == [Role.ARRAY, Role.ARRAY, Role.COLLECT, Role.REDUCE]
    arrays = [(job.only, job.size, job.offset) for job in done.accepted[:2]]
    assert arrays == [("default", 3, 0), ("gpus=1,time=4h", 5, 3)]
    assert [keeps_to(pipe, job) for job in done.accepted[:2]] == [[], ["gpus=1,time=4h"]]
    assert [after.jobs for after in pipe.job(2).ask.after] == [(1, 2)]
    assert report(pipe.site, pipe.clusters).jobs.accepted[1].only == "gpus=1,time=4h"
    assert "Submission 1 on slurm (1 default, 2 gpus=1,time=4h)" in pipe.screen()


def test_status_and_explain_tell_which_class_has_which_elements_and_which_has_none(pipe):
    pipe.submit(size=8)
    screen = pipe.screen()
    assert "    default: 3 queued\n    gpus=1,time=4h: 5 queued\n" in screen
    assert "the collector queues" not in screen

    pipe.done(*pipe.digests("prepare"), *pipe.digests("train"))
    assert (
        "    1 task of class mem=64G is ready: the collector queues elements for that once these have" in pipe.screen()
    )
    assert pipe.seen().outlook.why == "no element runs mem=64G yet"
    (merge,) = explain(pipe.site, pipe.clusters, "whole").tasks
    assert merge.hands.asks == "mem=64G"
    assert list(next_step(merge, "sums.py")) == [
        "no element runs it now; the collector queues some with mem=64G once those that go on have ended"
    ]


def test_a_task_whose_elements_wait_in_the_queue_is_explained_by_these_and_not_to_be_submitted(labs):
    lab = labs(text=PIPE, nodes=0)
    lab.submit(size=8)
    (first,) = explain(lab.site, lab.clusters, "ready[0]").tasks
    assert (first.hands.asks, first.hands.workers, first.hands.queued) == ("gpus=1,time=4h", 0, 5)
    assert " ".join(next_step(first, "sums.py")).startswith("5 elements in the queue will run it")


def test_each_array_asks_for_what_its_functions_do_and_else_for_what_all_do(pipe):
    options = replace(pipe.request().options, resources=Resources(cpus=2, walltime=3600.0))
    plan = plan_submission(pipe.site, pipe.clusters, replace(pipe.request(8), options=options))
    assert [(job.resources.cpus, job.resources.gpus, job.resources.walltime) for job in plan.jobs[:2]] == [
        (2, None, 3600.0), (2, 1, 14400.0),
    ]  # fmt: skip
    text = "\n".join(output.planned(plan))
    assert "class      gpus=1,time=4h: 5 elements for sums.train (9)\n  each     time 4h, cpus 2, gpus 1;" in text
    assert "later      mem=64G: sums.merge (1), once what these wait for is done" in text


def test_where_nobody_asks_for_anything_nothing_is_said_of_classes(lab):
    plan = planned(lab)
    assert plan.submission.workload.parts == ()
    assert not any("--only" in word or "--resources" in word for job in plan.jobs for word in job.argv)
    assert "\nclass " not in "\n".join(output.planned(plan))


def test_the_command_line_wins_over_the_decorator_key_by_key_and_the_later_line_over_the_earlier(pipe):
    rules = ("*:time=1h", "train:time=2h,cpus=8")
    assert parts(planned(pipe, 8, *rules)) == {"time=1h": 3, "cpus=8,gpus=1,time=2h": 5}


def test_a_pattern_that_names_no_function_is_a_mistake_unless_more_may_come(pipe, labs):
    with pytest.raises(
        UsageError, match=r"--resources 'tarin:gpus=1' names no function of sums.py, which calls sums\."
    ):
        planned(pipe, 8, "train:cpus=2", "tarin:gpus=1")
    more = labs(text=PIPE + "\nfrom jug import barrier\nbarrier()\n")
    assert parts(planned(more, 8, "tarin:gpus=1"))


def test_a_class_that_gets_less_time_than_a_worker_needs_is_refused(pipe):
    with pytest.raises(UsageError, match=r"gpus=1,time=30s: --time 30s is less than a worker needs"):
        planned(pipe, 8, "train:time=30s")


def test_arrays_are_as_large_as_what_was_measured_says(pipe):
    keep(pipe.begin().store, [columns([1.0], name="sums.prepare"), columns([10.0], name="sums.train")])
    assert parts(planned(pipe, 10)) == {"default": 1, "gpus=1,time=4h": 9}


def test_a_function_that_starts_processes_has_one_worker_in_each_element(pipe):
    plan = planned(pipe, 8, "train:tasks=4", workers=4)
    assert parts(plan) == {"default": 2, "gpus=1,tasks=4,time=4h": 6}
    assert [any("--workers" in word for word in job.argv) for job in plan.jobs[:2]] == [True, False]


def test_what_is_submitted_again_has_the_same_classes(pipe):
    pipe.submit(size=8, rules=RULES.read(("prepare:cpus=3",)))
    assert as_before(pipe.site, pipe.clusters, None, None).rules == RULES.read(("none", "prepare:cpus=3"))


def test_a_chunk_of_all_gives_way_to_the_sizes_that_a_function_asks_for():
    assert resources_for(Resources(select="1:ncpus=4"), Ask(cpus=2)) == Resources(cpus=2)
    assert resources_for(Resources(select="1:ncpus=4"), Ask(time=60.0)).select == "1:ncpus=4"


# what follows


def test_once_all_elements_ended_arrays_of_what_became_ready_are_queued(pipe):
    pipe.submit(size=8)
    pipe.clock.sleep(5)
    pipe.done(*pipe.digests("prepare"), *pipe.digests("train"))
    pipe.exit(3)
    pipe.clock.sleep(5)
    assert collect(pipe.site, pipe.clusters, Charge(1, 2)).end is End.HANDED_OVER
    jobs = report(pipe.site, pipe.clusters).jobs.accepted
    assert [(job.only, job.size) for job in jobs if job.role is Role.ARRAY][2:] == [("mem=64G", 1)]
    assert keeps_to(pipe, jobs[-2]) == ["mem=64G"]


def test_elements_of_a_class_that_has_nothing_left_were_not_cancelled_by_hand(pipe):
    token = pipe.submit(size=8).submission.token
    pipe.clock.sleep(5)
    pipe.done(*pipe.digests("train"))
    pipe.clusters.here("slurm").cancel(report(pipe.site, pipe.clusters).jobs.accepted[1:2])
    pipe.exit(3)
    pipe.clock.sleep(1)
    jobs = report(pipe.site, pipe.clusters).jobs
    assert len(ended_by_hand(jobs)) == 5
    withdraw.mark(pipe.files, token, "1-array")
    assert ended_by_hand(report(pipe.site, pipe.clusters).jobs) == set()
    assert "5 not needed any more" in pipe.screen()


def test_more_elements_are_of_the_classes_that_can_go_on(pipe):
    pipe.submit(size=2)
    pipe.clock.sleep(5)
    pipe.done(*pipe.digests("prepare"))
    added = add(pipe.site, pipe.clusters, 3).accepted
    assert [(job.only, job.size) for job in added if job.role is Role.ARRAY] == [("gpus=1,time=4h", 3)]


# execute


def test_a_worker_that_keeps_to_a_class_runs_nothing_else_and_ends_once_none_of_it_can_run(pipe):
    assert run(pipe, chosen=Chosen(only="gpus=1,time=4h")) == (3, {"sums.train": 3})
    assert run(pipe, chosen=Chosen(only="default")) == (0, {"sums.prepare": 6})
    assert run(pipe, chosen=Chosen(only="gpus=1,time=4h")) == (0, {"sums.train": 6})
    assert run(pipe, chosen=Chosen(only="mem=64G")) == (0, {"sums.merge": 1})


def test_a_class_that_there_is_not_is_refused_with_those_that_are(pipe):
    with pytest.raises(UsageError, match=r"no task of sums.py is of the class gpus=2; there are gpus=1,time=4h \(9\)"):
        run(pipe, chosen=Chosen(only="gpus=2"))


def test_an_element_may_run_what_asks_for_less_once_none_of_its_own_class_can_run(pipe):
    plan = planned(pipe, 8, share=True)
    told = [[word.removeprefix("--and-then=") for word in job.argv if "--and-then" in word] for job in plan.jobs[:2]]
    assert told == [[], ["default"]]
    chosen = Chosen(only="gpus=1,time=4h", share=told[1])
    assert run(pipe, chosen=chosen) == (0, {"sums.train": 9, "sums.prepare": 6})
    pipe.submit(size=8, share=True, again=True)
    assert as_before(pipe.site, pipe.clusters, None, None).share


@pytest.mark.parametrize(
    ("one", "other", "fits"),
    [
        (Resources(), Resources(gpus=1), True),
        (Resources(gpus=1), Resources(), False),
        (Resources(memory=1), Resources(memory=2), True),
        (Resources(memory=2), Resources(memory=1), False),
        (Resources(memory=1), Resources(), False),
        (Resources(walltime=60.0), Resources(walltime=3600.0, cpus=4), True),
        (Resources(cpus=8), Resources(cpus=4), False),
        (Resources(), Resources(tasks=4), False),
        (Resources(constraint="ib"), Resources(), False),
    ],
)
def test_what_asks_for_less_is_known_by_each_thing(one, other, fits):
    assert is_less(one, other) is fits


@pytest.mark.parametrize(("only", "is_over"), [("gpus=1,time=4h", False), ("default", True)])
def test_a_class_is_over_once_all_of_it_is_done(pipe, only, is_over):
    assert execute(pipe.site, Place(), KEEP_GOING, Chosen(only=only)).class_over is is_over


# the decorator


def test_what_a_decorator_asks_for_changes_no_digest(labs):
    with_asks = labs(text=PIPE).all()
    assert labs(text=PIPE.replace('resources=dict(gpus=1, time="4h")', "")).all() == with_asks


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("dict(gpu=1)", r"of train: there is no resource 'gpu'; write one of account, .*, time"),
        ("dict(gpus='many')", "of train: gpus: 'many' is no whole number; write a whole number, 0 or more"),
        ("dict(time=4)", "of train: time: '4' has no unit: .* Write 4m for minutes"),
        ("'gpus=1'", "of train: resources are 'gpus=1'; write a dict such as"),
    ],
)
def test_what_cannot_be_asked_for_is_refused_where_it_stands(labs, said, words):
    with pytest.raises(SettingError, match=words):
        labs(text=PIPE.replace('dict(gpus=1, time="4h")', said)).all()


def test_one_function_that_asks_for_two_things_is_refused(labs):
    twice = "other = TaskGenerator(train.f, resources=dict(gpus=2))\nothers = [other(i) for i in range(3)]\n"
    with pytest.raises(SettingError, match=r"sums\.train asks for gpus=1,time=4h by one decorator and for gpus=2 by"):
        labs(text=PIPE + twice).all()
    task.alltasks.clear()
