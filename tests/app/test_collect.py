"""A collector waits while there is hope, hands on what is left, and tells the truth about the end."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest

from jughpc.app.status import elements as submitted
from jughpc.app.status import followers
from jughpc.app.status.overview import expected
from jughpc.app.submit import handover
from jughpc.app.submit.cancel import cancel
from jughpc.app.submit.collect import BY_HAND, Charge, collect, sleep_until
from jughpc.app.submit.more import add
from jughpc.app.submit.progress import Progress
from jughpc.app.submit.released import is_released
from jughpc.app.submit.submit import plan_submission, submit
from jughpc.app.submit.verdict import End, story
from jughpc.app.submit.wait import Waited, named, wait_for
from jughpc.batch import ends, journal, submissions
from jughpc.batch.causes import Cause, Why
from jughpc.batch.scheduler import Role, State, Status
from jughpc.cli.output.brief import brief
from jughpc.errors import JugdirError, UsageError
from jughpc.exitcode import ExitCode
from jughpc.store.base import by_shard
from jughpc.store.failure import Failure
from jughpc.testing.cluster.model import Ask


@pytest.fixture
def running(lab):
    """Return a submission of two elements, both of which run."""
    lab.done_by = lab.submit(size=2, reduce=lab.reduce_script())
    lab.clock.sleep(5)
    return lab


def gathered(lab, rounds=2, left=None):
    before = None if left is None else Progress(9 - left)
    return collect(lab.site, lab.clusters, Charge(1, rounds, before))


def record_of(submission):
    """Return the text of a submission's record."""
    fields = {key: value for key, value in asdict(submission).items() if key not in ("jugdir", "number", "damage")}
    return submissions.to_json(fields)


def story_of(lab, verdict):
    return "\n".join(story(lab.site, verdict))


# waiting without a submission


def test_the_wait_ends_once_all_is_done(lab):
    lab.begin()
    lab.stage.at(100, lab.all_done)
    assert sleep_until(lab.site, lab.clusters).end is End.DONE
    assert 100 <= lab.clock.now() < 190  # a minute's pause, with its jitter, and the looks


def test_without_a_submission_it_goes_on_though_nobody_works_for_somebody_may_come(lab):
    lab.begin()
    lab.stage.at(5000, lab.all_done)
    assert sleep_until(lab.site, lab.clusters).end is End.DONE


def test_who_waits_where_nothing_was_submitted_looks_for_that_once_a_look(lab):
    lab.begin().orders.calls.clear()
    assert submitted.find(lab.site, lab.clusters) is None
    assert lab.orders.calls == [("names", "submissions")]


def test_the_wait_ends_when_what_is_left_waits_for_what_failed(lab):
    lab.begin().failed(lab.digests("single")[0])
    lab.done(*lab.digests("single")[1:], *lab.digests("double")[1:])
    assert sleep_until(lab.site, lab.clusters).end is End.BLOCKED
    assert lab.clock.now() == 0


def test_while_a_worker_lives_what_failed_is_no_end(lab):
    lab.begin().failed(lab.digests("single")[0])
    lab.done(*lab.digests("single")[1:], *lab.digests("double")[1:])
    life = lab.life()
    lab.stage.at(50, life.ends)
    assert sleep_until(lab.site, lab.clusters).end is End.BLOCKED
    assert lab.clock.now() >= 50


def test_news_are_told_once_each(lab):
    lab.begin()
    lab.stage.at(100, lambda: lab.done(*lab.digests("single")))
    lab.stage.at(300, lab.all_done)
    sleep_until(lab.site, lab.clusters)
    assert [" ".join(line.split()[:1]) for line in lab.said] == ["9", "5"]


def test_after_news_it_is_looked_at_more_often_again(lab):
    lab.begin()
    lab.stage.at(1000, lambda: lab.done(*lab.digests("single")))
    lab.stage.at(1035, lab.all_done)
    sleep_until(lab.site, lab.clusters)
    assert lab.clock.now() < 1000 + 1.3 * BY_HAND + 1


def test_behind_a_barrier_more_may_come(labs):
    lab = labs(text="from jug import TaskGenerator, barrier\nf = TaskGenerator(abs)\nx = f(1)\nbarrier()\ny = f(2)\n")
    lab.begin()
    lab.stage.at(50, lab.all_done)
    lab.stage.at(100, lab.all_done)
    assert sleep_until(lab.site, lab.clusters).end is End.DONE
    assert lab.clock.now() >= 100


# waiting for a submission's workers


def test_while_elements_run_the_collector_waits(running):
    running.stage.at(500, running.all_done)
    assert gathered(running).end is End.DONE
    assert running.clock.now() >= 500


def test_while_elements_are_queued_the_collector_waits(labs):
    lab = labs(slots=0)
    lab.submit()
    lab.clock.sleep(5)
    lab.stage.at(500, lab.all_done)
    assert gathered(lab).end is End.DONE


def test_a_scheduler_that_does_not_answer_is_no_reason_to_despair(running):
    running.deaf = True
    running.stage.at(200, running.all_done)
    assert gathered(running).end is End.DONE
    assert len(running.engine.history) == 3


def test_once_all_is_done_a_scheduler_that_is_away_holds_nobody_up(running):
    running.all_done()
    before, running.deaf = running.clock.now(), True
    running.commands.clear()
    verdict = gathered(running)
    assert verdict.end is End.DONE
    assert verdict.news("done") == ""  # the reduce tells
    assert (running.commands, running.clock.now()) == ([], before)


def test_results_that_are_gone_behind_their_marks_are_told_where_nobody_asks_a_scheduler(running):
    running.all_done()
    for shard, digests in by_shard(running.store.shard_of, running.all()).items():
        running.store.mark_complete(shard, digests)
        folder = f"shards/{shard:x}"
        for name in running.files.names(folder):
            running.files.remove(f"{folder}/{name}")
    running.deaf = True
    running.stage.at(200, running.all_done)
    assert gathered(running).end is End.DONE
    assert sum("gone" in line for line in running.said) == 1


def test_one_that_went_away_while_it_was_waited_is_not_asked_again_once_all_is_done(running):
    running.deaf = True
    running.stage.at(200, lambda: (running.all_done(), running.commands.clear()))
    assert gathered(running).end is End.DONE
    assert running.commands == []


def test_workers_that_live_are_waited_for_though_the_scheduler_knows_of_none(running):
    life = running.life()
    running.exit(1)
    running.stage.at(400, running.all_done)
    assert gathered(running).end is End.DONE
    assert running.clock.now() >= 400
    life.ends()


def test_when_all_elements_are_over_and_tasks_are_left_the_wait_ends(running):
    running.exit(1)
    assert sleep_until(running.site, running.clusters, 1).end is End.ALONE


def test_a_submission_that_is_not_there_is_a_mistake(lab):
    lab.begin()
    with pytest.raises(JugdirError):
        sleep_until(lab.site, lab.clusters, 7)


# handing on


def test_what_is_left_is_handed_to_a_further_array_with_a_collector_and_a_reduce(running):
    running.done(*running.digests("single"))
    running.exit(1)
    assert gathered(running).end is End.HANDED_OVER
    array, collector, reduce = running.engine.history[3:]
    assert len(array.ask.indices) == 2
    assert {"--rounds=2", "--progress=4.0", "--submission=1"} <= set(collector.ask.argv)
    assert "reduce" in reduce.ask.argv


def test_no_more_elements_are_queued_than_tasks_are_left(running):
    running.done(*running.digests("single"), *running.digests("double"))
    running.exit(1)
    gathered(running)
    assert len(running.engine.history[3].ask.indices) == 1


def test_a_further_array_is_numbered_on(running):
    running.exit(1)
    gathered(running)
    assert numbers(running, job=0) + numbers(running, job=3) == [0, 1, 2, 3]


def numbers(lab, job):
    """Return the numbers of a job's elements within its submission, by what is recorded."""
    accepted = journal.accepted(lab.files, submissions.load(lab.files, lab.folder, 1))
    (found,) = [one for one in accepted if one.id == str(lab.job(job).number)]
    return list(range(found.offset, found.offset + found.size))


def test_the_reduce_that_waited_for_this_collector_is_ended(running):
    running.exit(1)
    gathered(running)
    running.clock.sleep(5)
    assert running.job(2).over
    assert not running.job(5).over


def test_without_rounds_nothing_is_handed_on(running):
    meta = {**running.done_by.submission.meta, "rounds": "0"}
    running.files.save("submissions/1/record.json", [record_of(replace(running.done_by.submission, meta=meta))])
    running.exit(1)
    assert gathered(running, rounds=0).end is End.ALONE
    assert len(running.engine.history) == 3


def test_an_array_that_finished_no_task_is_the_last(running):
    running.exit(1)
    assert gathered(running, left=9).end is End.ALONE
    assert len(running.engine.history) == 3
    assert "no further one" in running.said[-1]


def test_an_array_that_finished_one_task_is_followed_by_another(running):
    running.done(running.digests("single")[0])
    running.exit(1)
    assert gathered(running, left=9).end is End.HANDED_OVER


def test_what_waits_for_what_failed_is_not_handed_on(running):
    running.failed(running.digests("single")[0])
    running.done(*running.digests("single")[1:], *running.digests("double")[1:])
    running.exit(1)
    assert gathered(running).end is End.BLOCKED
    assert len(running.engine.history) == 3


def partial(lab):
    """Return an array that has ended with a failure, whose reduce takes what is there; the collector has its turn."""
    lab.done_by = lab.submit(size=2, reduce=lab.reduce_script(), reduce_on="any")
    lab.clock.sleep(5)
    lab.failed(lab.digests("single")[0]).done(*lab.digests("single")[1:], *lab.digests("double")[1:])
    lab.exit(1)
    lab.clock.sleep(5)
    return lab


def test_a_reduce_that_takes_what_is_there_is_not_withdrawn_once_nobody_works_on_what_is_left(lab):
    partial(lab)
    verdict = collect(lab.site, lab.clusters, Charge(1, 2, reduce_on="any"))
    assert (verdict.end, verdict.is_for_reduce("any"), verdict.is_for_reduce("done")) == (End.BLOCKED, True, False)
    assert not lab.job(2).over
    lab.exit(0, 2)
    lab.clock.sleep(5)
    assert len(lab.processes) == 4  # the reduce has begun


def test_one_that_its_system_starts_too_early_waits_for_the_word_of_its_own_collector(lab):
    lab.submit(size=2, reduce=lab.reduce_script(), reduce_on="any")
    script = next(path for path in lab.disk.paths() if path.endswith("reduce.sh"))
    assert "--if-released --submission=1" in lab.files.read(script).decode()
    lab.clock.sleep(5)
    assert not is_released(lab.site, 1)
    lab.exit(1)
    assert collect(lab.site, lab.clusters, Charge(1, 2, reduce_on="any")).end is End.HANDED_OVER
    assert not is_released(lab.site, 1)
    lab.clock.sleep(5)
    lab.exit(1)
    collect(lab.site, lab.clusters, Charge(1, 2, reduce_on="any", progress=Progress(0)))
    assert is_released(lab.site, 1)


def test_one_that_takes_all_is_withdrawn_in_the_same_place(lab):
    partial(lab)
    collect(lab.site, lab.clusters, Charge(1, 2))
    assert lab.job(2).over


def test_while_others_go_on_with_what_is_left_no_reduce_takes_what_is_there(lab):
    lab.submit(size=2, reduce=lab.reduce_script(), reduce_on="any")
    lab.clock.sleep(5)
    lab.exit(1)
    verdict = collect(lab.site, lab.clusters, Charge(1, 2, reduce_on="any"))
    assert (verdict.end, verdict.is_for_reduce("any")) == (End.HANDED_OVER, False)
    assert lab.job(2).over
    scripts = [path for path in lab.disk.paths() if path.endswith("collect.sh")]
    assert len(scripts) == 2
    assert all("--reduce-on=any" in lab.files.read(path).decode() for path in scripts)


def test_a_cancelled_submission_gives_no_reduce_what_is_there(lab):
    partial(lab)
    cancel(lab.site, lab.clusters, 1)
    assert not collect(lab.site, lab.clusters, Charge(1, 2, reduce_on="any")).is_for_reduce("any")


def test_with_tasks_left_a_wait_is_no_success_though_the_reduce_ended_well(lab):
    partial(lab)
    lab.stage.at(20, lambda: lab.exit(0))
    lab.stage.at(60, lambda: lab.exit(0))
    found = wait_for(lab.site, lab.clusters, lab.done_by.submission, lambda now: None)
    assert (found.state, found.left, found.code) == (State.DONE, 3, ExitCode.LEFT)
    assert [job.role for job, _ in found.logs] == [Role.COLLECT, Role.REDUCE]  # the first says what is left, and why


def test_a_cancelled_submission_gives_no_hope_and_is_not_handed_on(running):
    cancel(running.site, running.clusters, 1)
    assert gathered(running).end is End.ALONE
    assert running.clock.now() < 40
    assert len(running.engine.history) == 3


def test_the_claims_of_the_dead_are_freed_before_others_follow_and_those_of_the_living_are_not(running):
    token = running.done_by.submission.token
    one, two = running.digests("single")[:2]
    running.life("node1", 0, token=token).claim(one).dies()
    running.exit(1)
    gathered(running)
    assert running.claimed() == set()
    running.life("node9").claim(two)
    assert running.claimed() == {two}


def test_a_further_array_that_is_refused_leaves_the_verdict_as_it_is(running):
    running.exit(1)
    running.clock.sleep(5)
    running.engine.rules = replace(running.engine.rules, array_size=1)
    assert gathered(running).end is End.ALONE
    assert any("refused" in line for line in running.said)
    running.clock.sleep(5)
    assert running.job(2).over  # the collector that it waits for will not end well


@pytest.mark.parametrize("time", [None, 3600.0])
def test_a_system_that_stays_full_is_waited_for_as_long_as_the_collector_lasts_and_the_story_says_how_to_go_on(
    running, time
):
    running.exit(1)
    running.clock.sleep(5)
    running.engine.rules = replace(running.engine.rules, user_jobs=0)
    began = running.clock.wall()
    verdict = collect(running.site, running.clusters, Charge(1, 2, None, time and began + time))
    assert verdict.end is End.FULL
    assert (running.clock.wall() - began > 3000) == bool(time)
    assert "Once other jobs of yours have ended, `jughpc resubmit` runs what is left" in story_of(running, verdict)
    running.clock.sleep(5)
    assert running.job(2).over


def test_room_that_comes_while_the_collector_lasts_is_taken(running):
    running.exit(1)
    running.clock.sleep(5)
    before = running.engine.rules
    running.engine.rules = replace(before, user_jobs=0)
    running.stage.at(2000, lambda: setattr(running.engine, "rules", before))
    verdict = collect(running.site, running.clusters, Charge(1, 2, None, running.clock.wall() + 3600))
    assert verdict.end is End.HANDED_OVER


@pytest.fixture
def large(lab):
    """Return a submission of eight elements that ended and left all tasks."""
    lab.done_by = lab.submit(size=8, reduce=lab.reduce_script())
    lab.clock.sleep(5)
    lab.exit(1)
    lab.clock.sleep(5)
    return lab


def allow(lab, jobs):
    """Let the user have that many elements and jobs in the queue, those included that are there."""
    lab.engine.rules = replace(lab.engine.rules, user_jobs=jobs)


def in_queue(lab):
    return [len(job.ask.indices) for job in lab.engine.history if not job.over]


@pytest.mark.parametrize(("room", "elements"), [(11, 8), (10, 8), (9, 4), (6, 4), (4, 2), (3, 1)])
def test_where_there_is_no_room_for_all_elements_as_many_as_fit_are_queued_at_once(large, room, elements):
    allow(large, room)  # the collector itself is one, the further one is another, and the reduce, if it has to wait
    began = large.clock.now()
    assert gathered(large).end is End.HANDED_OVER
    assert large.clock.now() - began < 300
    large.clock.sleep(5)
    followers = [1, 1, 1] if room > 10 else [1, 1]
    assert sorted(in_queue(large)) == sorted([elements, *followers])  # none of what was tried is left
    in_place_of = any(f"{elements} elements are queued in place of 8" in line for line in large.said)
    assert in_place_of == (elements < 8)


def test_the_old_reduce_makes_room_before_elements_are_given_up(large):
    allow(large, 11)  # twelve would be there with the old reduce
    assert gathered(large).end is End.HANDED_OVER
    assert large.job(2).over
    assert len(large.engine.history[-3].ask.indices) == 8


def test_room_for_one_element_is_waited_for_and_that_is_said(large):
    allow(large, 2)
    large.stage.at(1000, lambda: allow(large, 3))
    verdict = collect(large.site, large.clusters, Charge(1, 2, None, large.clock.wall() + 3600))
    assert verdict.end is End.HANDED_OVER
    assert any("no room for one; waiting" in line for line in large.said)


def test_after_a_cut_for_want_of_room_a_later_round_asks_for_all_again(large):
    allow(large, 3)
    gathered(large)
    allow(large, 100)
    large.clock.sleep(5)
    large.exit(1)
    large.clock.sleep(40)
    latest = journal.accepted(large.files, submissions.load(large.files, large.folder, 1))[-1]
    charge = Charge(1, 2, stem=journal.stem_of(latest), last=True)
    assert collect(large.site, large.clusters, charge).end is End.HANDED_OVER
    assert max(in_queue(large)) == 8


def test_a_collector_that_no_reduce_waits_for_queues_it_once_all_is_done(large):
    allow(large, 10)
    gathered(large)
    assert "--queues-reduce" in large.engine.history[-1].ask.argv
    large.all_done()
    allow(large, 11)
    latest = journal.accepted(large.files, submissions.load(large.files, large.folder, 1))[-1]
    charge = Charge(1, 2, stem=journal.stem_of(latest), last=True)
    assert collect(large.site, large.clusters, charge).end is End.DONE
    reduce = large.engine.history[-1]
    assert "reduce" in reduce.ask.argv
    assert not reduce.ask.after
    assert collect(large.site, large.clusters, charge).end is End.DONE  # and once only
    assert large.engine.history[-1] is reduce


def test_a_reduce_that_cannot_be_queued_in_the_end_is_told_with_the_next_step(large):
    allow(large, 10)
    gathered(large)
    large.all_done()
    allow(large, 0)
    verdict = collect(large.site, large.clusters, Charge(1, 2, last=True))
    assert verdict.end is End.UNREDUCED
    assert "`jughpc submit` queues it" in story_of(large, verdict)


def test_a_reduce_that_looked_too_early_is_queued_again_once_all_is_done(running):
    end = ends.End("slurm:3_0.0", ExitCode.LEFT, State.FAILED)
    ends.tell(running.files, ends.path_of(running.done_by.submission, "2-reduce"), end)
    running.all_done()
    assert gathered(running).end is End.DONE
    assert "reduce" in running.engine.history[3].ask.argv


def test_a_reduce_that_failed_by_itself_is_not_run_again(running):
    end = ends.End("slurm:3_0.0", ExitCode.FAILED, State.FAILED)
    ends.tell(running.files, ends.path_of(running.done_by.submission, "2-reduce"), end)
    running.all_done()
    assert gathered(running).end is End.DONE
    assert len(running.engine.history) == 3


def test_who_waits_for_a_submission_does_not_take_the_reduce_that_made_room_for_the_last(large):
    allow(large, 10)
    gathered(large)
    jobs = submitted.find(large.site, large.clusters)
    assert followers.is_to_come(jobs)
    assert followers.told(jobs, large.files)[Role.REDUCE].words.startswith("the collector queues it once all")


def test_elements_that_waited_in_vain_for_another_job_are_not_submitted_again(lab):
    lab.engine.submit(Ask("other", "ada"))
    options = replace(lab.request().options, after=("1",))
    submit(plan_submission(lab.site, lab.clusters, replace(lab.request(reduce=lab.reduce_script()), options=options)))
    lab.clock.sleep(5)
    lab.exit(1, 0)
    lab.clock.sleep(5)
    assert lab.job(1).over  # nothing pends for ever
    assert lab.job(2).begun
    verdict = gathered(lab)
    assert verdict.end is End.IN_VAIN
    assert "--after JOBID" in story_of(lab, verdict)
    assert len(lab.engine.history) == 4


# the story


def test_the_story_of_a_good_end_is_one_line(lab):
    lab.begin().all_done()
    assert story_of(lab, sleep_until(lab.site, lab.clusters)).count("\n") == 0


def test_the_story_of_a_bad_end_names_what_failed_what_waits_and_who_died(running):
    running.failed(running.digests("single")[0])
    running.done(*running.digests("single")[1:], *running.digests("double")[1:])
    running.life("node7").dies("out of memory")
    running.exit(1)
    text = story_of(running, gathered(running))
    for words in ("sums.single", "ValueError: no", "2 tasks wait", "node7 died: out of memory", "`jughpc submit` runs"):
        assert words in text


def kinds(labs, *names):
    """Return what is told where tasks failed, each by an error of its name."""
    text = f"from jug import TaskGenerator\nf = TaskGenerator(abs)\nxs = [f(i) for i in range({len(names)})]\n"
    lab = labs(text=text)
    for digest, name in zip(sorted(lab.begin().all()), names, strict=True):
        lab.store.fail(Failure(digest, "sums.f", f"{name}Error: no", "trace", "life", "node1", "", 1.0))
    return story_of(lab, sleep_until(lab.site, lab.clusters))


def test_failures_that_are_alike_are_told_in_one_line(labs):
    assert "  8 x ValueError: no, first in sums.f, on node1\n" in kinds(labs, *["Value"] * 8)


def test_of_many_kinds_of_failures_five_are_told_and_the_rest_counted(labs):
    told = kinds(labs, *"AABCDEFG")
    assert told.count("Error: no, first in") == 5
    assert "... and 2 more" in told


def test_where_five_failed_no_more_are_spoken_of(labs):
    told = kinds(labs, *"ABCDE")
    assert told.count("Error: no") == 5
    assert " more" not in told


# waiting for the last job, at a terminal


def waited(lab):
    lines = []

    def note(now):
        lines.append(brief(now, expected(lab.site, now), 0.0))

    return wait_for(lab.site, lab.clusters, lab.done_by.submission, note), lines


def test_the_last_job_is_waited_for_and_its_end_is_the_answer(running):
    running.stage.at(100, running.all_done)
    running.stage.at(110, lambda: running.exit(0))
    running.stage.at(200, lambda: running.exit(0))
    running.stage.at(300, lambda: running.exit(0))
    found, lines = waited(running)
    assert (found.state, found.code) == (State.DONE, ExitCode.DONE)
    assert 300 <= running.clock.now() < 320
    assert lines == ["0 %, 0 of 9 tasks done, nobody works on it yet", "100 %, 9 of 9 tasks done"]
    assert [job.role for job, _ in found.logs] == [Role.REDUCE]


def test_a_wait_for_what_is_over_does_without_the_text_that_a_cleanup_removed(running):
    running.all_done()
    for time in (110, 200, 300):
        running.stage.at(time, lambda: running.exit(0))
    waited(running)
    for key in running.files.names("jugfiles"):
        for name in running.files.names(f"jugfiles/{key}"):
            running.files.remove(f"jugfiles/{key}/{name}")
    assert waited(running)[0].state is State.DONE


def test_the_log_that_is_shown_is_that_of_the_reduce_which_took_the_place_of_the_first(running):
    added = add(running.site, running.clusters, 1)
    running.stage.at(100, running.all_done)
    for time in range(110, 500, 40):
        running.stage.at(time, lambda: running.exit(0))
    found, _ = waited(running)
    assert found.state is State.DONE
    assert [job.id for job, _ in found.logs] == [added.accepted[-1].id] != [running.done_by.accepted[-1].id]


def test_a_collector_that_fails_leaves_a_reduce_that_never_starts_and_that_is_not_waited_for(running):
    running.stage.at(100, lambda: running.exit(1))
    running.stage.at(200, lambda: running.exit(3))
    found, _ = waited(running)
    assert found.code == ExitCode.LEFT
    assert found.state is not State.DONE
    assert running.clock.now() < 240
    assert [job.role for job, _ in found.logs] == [Role.COLLECT, Role.REDUCE]


def test_a_job_that_the_scheduler_forgot_is_not_said_to_be_done_though_all_tasks_are(running):
    running.all_done()
    running.engine.jobs.clear()
    assert waited(running)[0].code == ExitCode.LEFT
    assert running.clock.now() < 120


def test_what_a_reduce_says_of_its_own_end_holds_though_the_scheduler_forgot_it(running):
    running.all_done()
    path = ends.path_of(running.done_by.submission, "2-reduce")
    ends.tell(running.files, path, ends.End("slurm:3_0.0", 0, State.DONE))
    running.engine.jobs.clear()
    assert waited(running)[0].state is State.DONE


def test_where_no_scheduler_can_be_asked_and_nobody_beats_the_wait_ends_and_says_so(running):
    running.deaf = True
    verdict = gathered(running)
    assert verdict.end is End.SILENT
    assert running.clock.now() < 1500
    assert "Once the scheduler answers" in story_of(running, verdict)


def test_a_collector_ends_before_its_own_time_is_over(running):
    verdict = collect(running.site, running.clusters, Charge(1, 2, None, running.clock.wall() + 600))
    assert verdict.end is End.LATE
    assert running.clock.now() < 600


def test_elements_that_were_ended_by_hand_are_not_submitted_again(running):
    running.done(running.digests("single")[0])
    running.clusters.here("slurm").order(["scancel", "1"])
    running.clock.sleep(40)
    verdict = gathered(running)
    assert verdict.end is End.BY_HAND
    assert len(running.engine.history) == 3
    assert "jughpc resubmit" in story_of(running, verdict)


def test_a_collector_does_not_end_before_the_reduce_that_waits_for_it_is_queued(running):
    path, files = f"{running.done_by.submission.path}/2-reduce.json", running.files
    told = files.read(path)
    for one in (path, path.replace(".json", ".intent")):
        files.remove(one)
    running.all_done()
    running.stage.at(100, lambda: files.write(path, [told]))
    assert gathered(running).end is End.DONE
    assert 100 <= running.clock.now() < 130


def test_a_reduce_that_nobody_queues_any_more_is_not_waited_for_for_ever(running):
    for name in ("2-reduce.json", "2-reduce.intent"):
        running.files.remove(f"{running.done_by.submission.path}/{name}")
    running.all_done()
    assert gathered(running).end is End.DONE
    assert running.clock.now() < 600
    assert "reduce" in running.engine.history[-1].ask.argv  # it takes the place of the lost one


def test_what_is_ended_with_its_array_is_ended_by_hand_and_what_nobody_tells_of_is_not(running):
    jobs = submitted.find(running.site, running.clusters)
    states = (
        Status(State.ENDED, "", "", Why(Cause.USER, "with its array")), Status(State.ENDED),
        Status(State.CANCELLED), Status(State.CANCELLED, "", "", Why(Cause.PREEMPTED, "by others")),
    )  # fmt: skip
    found = []
    for status in states:
        poll = replace(jobs.poll, elements={0: status})
        found.append(handover.ended_by_hand(replace(jobs, poll=poll)))
    assert found == [{0}, set(), {0}, set()]


def test_rounds_are_given_back_by_an_array_that_brought_anything(running):
    running.done(running.digests("single")[0])
    running.exit(1)
    gathered(running, rounds=1, left=9)
    assert "--rounds=2" in running.job(4).ask.argv


def test_a_job_that_the_scheduler_forgot_with_tasks_left_is_not_said_to_be_done(running):
    running.engine.jobs.clear()
    found, _ = waited(running)
    assert (found.state, found.code) == (State.UNKNOWN, ExitCode.LEFT)


def test_after_news_the_scheduler_is_asked_more_often_again(running):
    asked = []
    running.stage.at(500, lambda: running.done(*running.digests("single")))
    for seconds in (515, 525):
        running.stage.at(seconds, lambda: asked.append(running.asked("squeue")))
    running.stage.at(530, lambda: (running.engine.jobs.clear(), running.all_done()))
    waited(running)
    assert asked[1] - asked[0] >= 2


def test_while_the_scheduler_does_not_answer_nothing_is_taken_for_forgotten(running):
    running.deaf = True

    def back():
        running.deaf = False
        running.engine.jobs.clear()
        running.all_done()

    running.stage.at(1000, back)
    assert waited(running)[0].state is State.UNKNOWN
    assert running.clock.now() > 1000


def test_only_a_good_end_has_the_exit_code_of_one():
    assert [Waited(state, []).code == ExitCode.DONE for state in State] == [state is State.DONE for state in State]


def test_who_waits_no_longer_than_some_time_is_told_that_it_goes_on(running):
    before = running.clock.now()
    found = wait_for(running.site, running.clusters, running.done_by.submission, lambda now: None, patience=90.0)
    assert (found.code, running.clock.now() - before, running.processes[0].over) == (ExitCode.TIMEOUT, 90.0, False)


def test_who_comes_after_the_end_learns_of_it_at_once(running):
    running.stage.at(100, running.all_done)
    for when in (110, 200, 300):
        running.stage.at(when, lambda: running.exit(0))
    waited(running)
    before, found = running.clock.now(), waited(running)[0]
    assert (found.code, running.clock.now()) == (ExitCode.DONE, before)


def ids_of(done):
    """Return the ids of its jobs, but for those that are numbers of submissions, too."""
    return [job.id for job in done.accepted if job.id not in ("1", "2")]


def test_a_submission_is_known_by_its_number_its_token_and_each_of_its_jobs(running):
    first = running.done_by
    second = running.submit(again=True)
    for done in (first, second):
        words = [str(done.submission.number), done.submission.token, *ids_of(done)]
        assert {named(running.site, word).number for word in words} == {done.submission.number}
    assert named(running.site).number == 2


def test_who_names_what_is_no_submission_is_told_which_there_are(running):
    with pytest.raises(UsageError, match=r"'77' is no submission of .* and no job of one: its submissions are 1;"):
        named(running.site, "77")


def test_where_nothing_was_submitted_there_is_nothing_to_wait_for(lab):
    lab.begin()
    with pytest.raises(UsageError, match="nothing was submitted"):
        named(lab.site)
