"""A submission is queued as planned, or leaves nothing behind; cancelled, it is over for all who follow."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from jughpc.app.context import kept
from jughpc.app.status import followers
from jughpc.app.status.report import report
from jughpc.app.submit import dependents
from jughpc.app.submit.cancel import cancel
from jughpc.app.submit.history import as_before, history
from jughpc.app.submit.more import add
from jughpc.app.submit.progress import Progress
from jughpc.app.submit.submit import SubmitRequest, plan_submission, submit
from jughpc.batch import settling, submissions
from jughpc.batch.scheduler import Resources, Role, State
from jughpc.batch.submissions import ElementOptions
from jughpc.cli.output import submit as output
from jughpc.cli.output.status import as_dict
from jughpc.config.settings import Settings
from jughpc.errors import JugdirError, SchedulerError, SettingError, TemplateError, UsageError
from jughpc.store.death import Death
from jughpc.store.location import Folder, Memory
from jughpc.testing.cluster.model import Ask
from jughpc.testing.cluster.rules import SLURM
from jughpc.worker.tally import Options


def roles(jobs):
    return [job.role for job in jobs]


def words(job, option):
    return [word.partition("=")[2] for word in job.argv if word.startswith(f"{option}=")]


# planning


def test_a_plan_touches_nothing_and_queues_nothing(lab):
    planned = plan_submission(lab.site, lab.clusters, lab.request(reduce=lab.reduce_script()))
    assert roles(planned.jobs) == [Role.ARRAY, Role.COLLECT, Role.REDUCE]
    assert (lab.disk.paths(), lab.engine.history) == ([], [])
    assert planned.standing.unfinished == 9


def test_without_a_reduce_script_none_is_planned(lab):
    assert roles(plan_submission(lab.site, lab.clusters, lab.request()).jobs) == [Role.ARRAY, Role.COLLECT]


def test_what_is_planned_can_be_shown_and_is_what_is_queued(lab):
    planned = plan_submission(lab.site, lab.clusters, lab.request())
    done = submit(planned)
    assert [job.name for job in planned.jobs] == [job.name for job in done.accepted] == lab.queued()
    for job in planned.jobs:
        assert lab.files.read(f"submissions/1/{job.script.name}").decode() == planned.script(job)
        assert planned.command(job)[1:-1] in [argv[1:-1] for argv in lab.commands] or job.depends_on


def test_the_standing_of_a_plan_counts_what_is_done(lab):
    lab.begin().done(*lab.digests("single"))
    assert plan_submission(lab.site, lab.clusters, lab.request()).standing.unfinished == 5


def test_a_jugfile_without_tasks_is_refused_unless_a_barrier_hides_them(lab):
    lab.jugfile.write_text("x = 1\n")
    with pytest.raises(UsageError, match="no task"):
        plan_submission(lab.site, lab.clusters, lab.request())
    lab.jugfile.write_text("from jug import Task, bvalue\nx = bvalue(Task(abs, 1))\n")
    assert plan_submission(lab.site, lab.clusters, lab.request()).jobs


def test_a_reduce_script_that_is_not_there_is_refused(lab):
    with pytest.raises(UsageError, match="no reduce script"):
        plan_submission(lab.site, lab.clusters, lab.request(reduce=Path("nosuch.py")))
    assert lab.commands == []


def test_templates_that_are_not_there_are_refused(lab):
    request = lab.request()
    request = replace(request, options=replace(request.options, templates=Path("/nosuch")))
    with pytest.raises(TemplateError, match="/nosuch"):
        plan_submission(lab.site, lab.clusters, request)


def test_a_store_in_memory_cannot_be_submitted_to(lab):
    site = replace(lab.site, target=replace(lab.site.target, location=Memory()))
    with pytest.raises(JugdirError, match="needs a folder"):
        plan_submission(site, lab.clusters, lab.request())
    assert lab.commands == []


def test_a_template_that_does_not_render_leaves_nothing_behind(lab, tmp_path):
    (tmp_path / "site" / "slurm").mkdir(parents=True)
    (tmp_path / "site" / "slurm" / "array.sh.j2").write_text("{{ nonsense.x }}")
    request = lab.request()
    with pytest.raises(UsageError):
        plan_submission(
            lab.site, lab.clusters, replace(request, options=replace(request.options, templates=tmp_path / "site"))
        )
    assert lab.disk.paths() == []


def test_what_a_request_does_not_say_is_as_the_settings_have_it():
    request, settings = SubmitRequest(1, ElementOptions(Path("/run"))), Settings()
    assert (request.rounds, request.retries) == (settings.rounds, settings.retries)
    assert request.max_crashes == Options().max_crashes == settings.max_crashes


# queueing


def test_array_collector_and_reduce_are_queued_each_behind_the_one_before_it(lab):
    done = lab.submit(size=3, reduce=lab.reduce_script())
    array, collector, reduce = (lab.job(number) for number in range(3))
    assert (array.ask.indices, array.ask.array) == ((0, 1, 2), True)
    assert [(after.kind, after.jobs) for after in collector.after] == [("afterany", (array.number,))]
    assert [(after.kind, after.jobs) for after in reduce.after] == [("afterok", (collector.number,))]
    assert [job.id for job in done.accepted] == [str(job.number) for job in (array, collector, reduce)]


def test_the_jobs_have_the_jugfiles_name_unless_another_is_given(lab):
    lab.submit()
    lab.submit(name="mine", again=True)
    assert lab.queued()[0].startswith("sums-")
    assert lab.queued()[2].startswith("mine-")


def test_what_was_asked_for_is_in_the_record(lab):
    lab.submit(size=3, reduce=lab.reduce_script(), retries=4, rounds=5)
    kept = submissions.load(lab.files, lab.folder, 1)
    assert "--retries=4" in kept.workload.argv
    assert "--keep-going" in kept.workload.argv
    assert kept.meta["rounds"] == "5"
    assert kept.meta["reduce"].endswith("sums_reduce.py")
    assert (kept.scheduler, kept.workload.size) == ("slurm", 3)


def test_the_manifest_is_kept_for_status_and_once(lab):
    lab.submit()
    key = kept.key_of(lab.site.target, lab.jugfile.read_bytes())
    assert len(kept.latest(lab.files, key)) == 9
    lab.orders.calls.clear()
    lab.submit(again=True)
    assert not any(path.startswith("manifest") for call, path in lab.orders.calls if call in ("create", "rename"))


def test_tasks_that_failed_are_ready_again_once_it_is_submitted_and_not_before(lab):
    digest = lab.begin().digests("single")[0]
    lab.failed(digest)
    planned = plan_submission(lab.site, lab.clusters, lab.request())
    assert lab.store.failure(digest)
    submit(planned)
    assert lab.store.failure(digest) is None


def test_a_refusal_names_the_schedulers_words_and_leaves_no_submission(lab):
    lab.engine.rules = replace(lab.engine.rules, user_jobs=0)
    with pytest.raises((UsageError, SchedulerError)):
        lab.submit()
    assert submissions.numbers(lab.files) == []
    assert lab.engine.history == []


@pytest.fixture
def real(lab, tmp_path):
    """Return a lab whose jugdir is a real folder, and whose scheduler refuses what was planned."""
    lab.location = Folder(tmp_path / "jugdir")

    def refused():
        lab.engine.rules = replace(SLURM, array_size=1001)
        planned = plan_submission(lab.site, lab.clusters, lab.request())
        lab.engine.rules = replace(SLURM, array_size=1)
        with pytest.raises(UsageError):
            submit(planned)
        return tmp_path / "jugdir"

    return lab, refused


def test_a_store_that_was_made_for_a_submission_that_is_refused_is_removed_again(real):
    _, refused = real
    assert not refused().exists()


def test_a_store_that_was_there_before_stays_though_the_submission_is_refused(real):
    lab, refused = real
    lab.site.make(9).put(b"x" * 16, 1)
    folder = refused()
    assert (folder / "store.yaml").exists()
    assert not list((folder / "submissions").glob("*/record.json"))


def test_what_was_computed_while_the_jugfile_was_loaded_is_kept_in_the_store_that_is_made(labs):
    lab = labs(text="from jug import TaskGenerator, CachedFunction\n@TaskGenerator\ndef f(x):\n    return x\n"
               "def g():\n    return 6\none = f(CachedFunction(g))\n")  # fmt: skip
    lab.submit()
    kept = lab.store.look(0).done
    assert [lab.store.get(digest) for digest in kept] == [6]


# waiting for jobs of others


def test_what_is_to_wait_for_a_job_that_is_not_there_is_refused_for_it_would_start_at_once(lab):
    options = replace(lab.request().options, after=("77",))
    with pytest.raises(SettingError, match="--after 77: slurm knows no such job"):
        plan_submission(lab.site, lab.clusters, replace(lab.request(), options=options))
    lab.engine.submit(Ask("other", "bob"))
    options = replace(options, after=("1",))
    assert plan_submission(lab.site, lab.clusters, replace(lab.request(), options=options)).jobs


# beside other users


@pytest.fixture
def anothers(lab):
    """Return a submission that another user made, whose jobs go on, and no look at it has changed it."""
    mine = lab.submit(size=2, reduce=lab.reduce_script()).submission
    lab.clock.sleep(5)
    fields = {**json.loads(lab.files.read(f"{mine.path}/record.json")), "user": "ada"}
    lab.files.save(f"{mine.path}/record.json", [submissions.to_json(fields)])
    return lab


def names_of(lab):
    """Return what lies in the folder of the submission, but for ends that were seen."""
    return {name for name in lab.files.names("submissions/1") if not name.startswith("ends")}


def test_what_another_user_submitted_is_seen_as_it_is_and_nothing_is_done_to_it(anothers):
    before = names_of(anothers)
    jobs = report(anothers.site, anothers.clusters).jobs
    assert {status.state for status in jobs.poll.elements.values()} == {State.RUNNING}
    assert any("--user=ada" in command for command in anothers.commands)
    assert cancel(anothers.site, anothers.clusters, None) == []
    with pytest.raises(UsageError, match="submission 1 is ada's to end"):
        cancel(anothers.site, anothers.clusters, 1)
    with pytest.raises(UsageError, match="that is yours goes on, so nothing can be added"):
        add(anothers.site, anothers.clusters, 2)
    assert names_of(anothers) == before
    assert not any(command[0] == "scancel" for command in anothers.commands)


def test_a_second_submission_beside_another_users_is_made_on_purpose_only(anothers):
    with pytest.raises(UsageError, match="It is ada's: `--again` makes a second"):
        plan_submission(anothers.site, anothers.clusters, anothers.request())


def test_jobs_of_another_user_that_the_scheduler_does_not_show_are_not_taken_for_lost(anothers):
    anothers.engine.jobs.clear()
    found = report(anothers.site, anothers.clusters)
    assert {status.state for status in found.jobs.poll.elements.values()} == {State.UNKNOWN}
    assert "killed" not in anothers.screen(found)


def test_what_another_user_is_about_to_queue_is_settled_by_nobody_else(anothers):
    for name in ("2-reduce.json",):
        anothers.files.remove(f"submissions/1/{name}")
    anothers.clock.sleep(5000)
    report(anothers.site, anothers.clusters)
    assert "2-reduce.json" not in names_of(anothers)


# tasks that killed workers


@pytest.fixture
def killing(lab):
    """Return a lab in which one of the first tasks failed, for it killed three workers."""
    lab.begin()
    first = lab.digests("single")[0]
    for number in range(3):
        lab.store.bury(Death(first, f"life-{number}"))
    return lab.failed(first)


def test_no_element_is_queued_for_a_task_that_killed_too_many_workers_and_that_is_said(killing):
    killing.failed(killing.digests("single")[1])
    planned = plan_submission(killing.site, killing.clusters, killing.request(size=100))
    assert planned.submission.workload.size == planned.standing.unfinished - 1
    assert planned.tried_again == [killing.digests("single")[1]]
    words = [line for line in output.planned(planned) if line.startswith(("again", "given up"))]
    assert words[0].startswith("again      1 task that failed before is tried again")
    assert words[1].startswith("given up   1 task that killed too many workers")


def test_a_task_may_kill_more_workers_if_the_user_says_so(killing):
    request = replace(killing.request(), max_crashes=4)
    planned = plan_submission(killing.site, killing.clusters, request)
    assert planned.tried_again == [killing.digests("single")[0]]


def test_where_nothing_else_is_left_than_what_killed_its_workers_nothing_is_queued_and_it_is_said_how_to_go_on(killing):
    killing.done(*killing.digests("single")[1:], *killing.digests("double")[1:])
    with pytest.raises(UsageError, match="--retry-failed"):
        plan_submission(killing.site, killing.clusters, killing.request())


# what follows an array


@pytest.fixture
def submission(lab):
    return lab.submit(size=2).submission


def reducing(submission, script="r.py"):
    """Return a submission that is to end with this reduce."""
    return replace(submission, meta={**submission.meta, "reduce": script})


def test_a_reduce_looks_itself_whether_all_is_done_for_it_may_start_at_any_time(lab, submission):
    (reduce,) = dependents.reduce_alone(lab.site.target, reducing(submission))
    assert "--if-done" in reduce.argv


def test_a_collector_knows_its_submission_and_how_many_rounds_are_left(lab, submission):
    (collector,) = dependents.of_array(lab.site.target, reducing(submission, ""), 2, Progress(0))
    assert (collector.role, words(collector, "--submission"), words(collector, "--rounds")) == (
        Role.COLLECT, ["1"], ["2"],
    )  # fmt: skip


def test_how_far_things_are_is_told_to_the_collector(lab, submission):
    collector, reduce = dependents.of_array(lab.site.target, reducing(submission), 2, Progress(7, 1))
    assert words(collector, "--progress") == ["7.1"]
    assert "--progress=7.1" not in reduce.argv
    assert words(reduce, "--script") == ["r.py"]


def test_what_follows_asks_for_no_gpus(lab, submission):
    hungry = replace(submission, options=replace(submission.options, resources=Resources(gpus=2, cpus=3)))
    for job in dependents.of_array(lab.site.target, reducing(hungry), 0, Progress(0)):
        assert job.resources.gpus is None


def test_the_jugfiles_own_arguments_reach_its_jobs_behind_two_dashes(lab):
    target = replace(lab.site.target, args=("a", "--b"))
    assert dependents.argv("python", "execute", target, "--x")[-4:] == ("--x", "--", "a", "--b")
    assert "--" not in dependents.argv("python", "execute", lab.site.target, "--x")


# cancelling


def test_all_jobs_of_a_submission_are_ended_and_what_depends_on_the_array_first(lab):
    lab.submit(size=2, reduce=lab.reduce_script())
    lab.clock.sleep(5)
    ended = cancel(lab.site, lab.clusters, None)
    assert roles(ended) == [Role.REDUCE, Role.COLLECT, Role.ARRAY]
    lab.clock.sleep(60)
    assert all(job.over for job in lab.engine.history)
    assert not lab.job(1).begun


def test_a_cancelled_submission_is_marked_so(lab):
    done = lab.submit()
    cancel(lab.site, lab.clusters, 1)
    assert submissions.is_cancelled(lab.files, done.submission)


def test_only_the_submission_that_is_meant_is_cancelled(lab):
    lab.submit()
    lab.submit(again=True)
    cancel(lab.site, lab.clusters, 1)
    lab.clock.sleep(60)
    assert [job.over for job in lab.engine.history] == [True, True, False, False]


def test_where_nothing_was_submitted_there_is_nothing_to_cancel(lab):
    assert cancel(lab.begin().site, lab.clusters, None) == []


def test_all_that_goes_on_is_cancelled_unless_one_is_named(lab):
    lab.submit()
    lab.submit(again=True)
    cancel(lab.site, lab.clusters, None)
    lab.clock.sleep(60)
    assert all(job.over for job in lab.engine.history)
    assert cancel(lab.site, lab.clusters, None) == []


def test_a_submission_is_made_as_an_earlier_one_was(lab):
    lab.submit(size=3, reduce=lab.reduce_script(), retries=4, rounds=5, max_crashes=7, name="mine")
    request = as_before(lab.site, lab.clusters, None, None)
    assert (request.size, request.retries, request.rounds, request.name) == (3, 4, 5, "mine")
    assert request.max_crashes == 7
    assert request.reduce == lab.reduce_script()


KEPT = [
    "rounds", "within", "reduce_on", "--retries", "--max-crashes", "--workers", "--start", "--save-time", "--resources",
    "--mem-retry", "--mem-max", "--time-retry", "--time-max",
]  # fmt: skip
"""What a record keeps as a text, or in the command line of its elements, and `as_before` takes a value from."""


@pytest.mark.parametrize("where", KEPT)
@pytest.mark.parametrize("text", ["x", "-1", "nan", "1e9999"])
def test_a_record_that_says_what_nobody_can_mean_is_told_as_damaged_by_its_field(lab, where, text):
    lab.submit()
    record = json.loads(lab.files.read("submissions/1/record.json"))
    argv = [word for word in record["workload"]["argv"] if not word.startswith(where)]
    record["workload"]["argv"] = [*argv, f"{where}={text}"] if where.startswith("--") else argv
    record["meta"] |= {} if where.startswith("--") else {where: text}
    lab.files.save("submissions/1/record.json", [json.dumps(record).encode()])
    with pytest.raises(JugdirError, match=f"record of submission 1 is damaged: {where}: .*jughpc submit"):
        as_before(lab.site, lab.clusters, None, None)


def test_what_was_staged_is_staged_again(lab):
    lab.submit()
    record = json.loads(lab.files.read("submissions/1/record.json"))
    record["options"]["stage"] = {"tar": "/gone/0a.tar.gz", "digest": "0f" * 32, "packed": 1, "room": 1, "files": 1}
    lab.files.save("submissions/1/record.json", [json.dumps(record).encode()])
    assert as_before(lab.site, lab.clusters, None, None).stage


def test_the_list_of_submissions_tells_how_each_stands(lab):
    lab.submit()
    cancel(lab.site, lab.clusters, 1)
    lab.clock.sleep(60)
    lab.submit(size=1)
    found = history(lab.site, lab.clusters)
    assert [(one.submission.number, one.elements) for one in found] == [(1, 2), (2, 1)]
    assert found[0].state == "cancelled"
    assert "queued" in found[1].state


def test_a_scheduler_that_does_not_answer_is_told_when_cancelling_and_the_mark_stays(lab):
    done = lab.submit()
    lab.deaf = True
    with pytest.raises(SchedulerError):
        cancel(lab.site, lab.clusters, None)
    assert submissions.is_cancelled(lab.files, done.submission)


# one at a time


def test_a_second_submission_is_refused_while_one_goes_on_and_the_choices_are_named(lab):
    lab.submit(reduce=lab.reduce_script())
    with pytest.raises(UsageError, match=r"(?s)submission 1 .*2 elements.*--more N.*--again"):
        lab.submit()
    assert submissions.numbers(lab.files) == [1]


def test_of_one_whose_record_is_damaged_status_and_a_second_submit_say_so(lab):
    folder = lab.submit().submission.path
    lab.files.save(f"{folder}/record.json", [b"{"])
    found = report(lab.site, lab.clusters)
    assert "record.json is no record of a submission" in lab.screen(found)
    assert "record.json" in as_dict(found)["submission"]["damage"]
    with pytest.raises(UsageError, match=r"(?s)goes on.*no record of a submission.*jughpc cancel.*--more N"):
        lab.submit()


def test_once_the_first_has_ended_another_is_welcome(lab):
    lab.submit()
    lab.clock.sleep(5)
    lab.exit(1)
    lab.clock.sleep(5)
    lab.exit(3)
    lab.clock.sleep(5)
    lab.submit()
    assert submissions.numbers(lab.files) == [1, 2]


def test_elements_are_added_with_a_collector_and_a_reduce_that_take_the_place_of_the_former(lab):
    lab.submit(size=2, reduce=lab.reduce_script())
    lab.clock.sleep(5)
    added = add(lab.site, lab.clusters, 3)
    lab.clock.sleep(5)
    assert roles(added.accepted) == [Role.ARRAY, Role.COLLECT, Role.REDUCE]
    assert [job.over for job in lab.engine.history] == [False, True, True, False, False, False]
    lab.exit(1, 2, 3, 4)
    lab.clock.sleep(5)
    assert not lab.job(4).begun  # the first array goes on


def test_nothing_is_added_to_a_submission_that_may_still_be_being_queued(lab):
    files, done = lab.files, lab.submit(reduce=lab.reduce_script()).submission
    for name in ("2-reduce.json", "2-reduce.intent", "2-reduce.sh"):
        files.remove(f"{done.path}/{name}")
    with pytest.raises(UsageError, match="still being queued"):
        add(lab.site, lab.clusters, 3)
    lab.clock.sleep(settling.LONGEST_SUBMIT)
    assert roles(add(lab.site, lab.clusters, 3).accepted) == [Role.ARRAY, Role.COLLECT, Role.REDUCE]


def chained(lab):
    """Submit behind a job of another that runs."""
    lab.engine.submit(Ask("other", "ada"))
    request = lab.request(size=2)
    options = replace(request.options, after=("1",))
    submit(plan_submission(lab.site, lab.clusters, replace(request, options=options)))
    lab.clock.sleep(5)


def test_elements_that_are_added_wait_as_the_first_ones_do_as_long_as_none_has_begun(lab):
    chained(lab)
    add(lab.site, lab.clusters, 2)
    lab.clock.sleep(5)
    assert not lab.job(3).begun
    lab.exit(0, 0)
    lab.clock.sleep(5)
    assert (lab.job(1).begun, lab.job(3).begun) == (True, True)
    add(lab.site, lab.clusters, 2)
    assert [one.kind for one in lab.engine.history[5].after] == []


def test_a_submission_that_is_made_again_waits_for_those_it_is_told_and_for_none_of_long_ago(lab):
    chained(lab)
    assert as_before(lab.site, lab.clusters, None, None).options.after == ()
    assert as_before(lab.site, lab.clusters, None, None, ["7"]).options.after == ("7",)


def test_where_nothing_goes_on_nothing_can_be_added(lab):
    with pytest.raises(UsageError, match="without --more"):
        add(lab.begin().site, lab.clusters, 3)


def test_no_more_elements_are_queued_than_tasks_are_left(lab):
    lab.begin().done(*lab.digests("single"))
    lab.submit(size=64)
    assert len(lab.job(0).ask.indices) == 5


def test_when_all_is_done_nothing_is_queued_but_a_reduce_that_is_missing(lab):
    lab.begin().all_done()
    assert plan_submission(lab.site, lab.clusters, lab.request()).jobs == []
    done = lab.submit(reduce=lab.reduce_script())
    assert roles(done.accepted) == [Role.REDUCE]
    followers.mark_reduced(lab.files, done.submission)
    request = lab.request(reduce=lab.reduce_script(), again=False)
    lab.clock.sleep(5)
    lab.exit(0)
    lab.clock.sleep(5)
    assert plan_submission(lab.site, lab.clusters, request).jobs == []
    lab.reduce_script("print('another')")
    again = plan_submission(lab.site, lab.clusters, request)
    assert [job.role for job in again.jobs] == [Role.REDUCE]
    assert again.changes.texts == ()  # the jobs that ran another are over
