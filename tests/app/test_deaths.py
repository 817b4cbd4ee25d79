"""Deaths of tasks outlive what frees claims, and are taken back where the scheduler explains them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jughpc.app.status import elements
from jughpc.app.status.failures import failures, retry
from jughpc.app.status.tasks import standing
from jughpc.app.submit.collect import Charge, collect
from jughpc.app.submit.progress import Progress
from jughpc.app.submit.verdict import End
from jughpc.app.upkeep.claims import cleanup_claims
from jughpc.app.upkeep.deaths import Witness
from jughpc.app.upkeep.garbage import forget_failures, remove_garbage
from jughpc.app.upkeep.invalidate import invalidate
from jughpc.batch.causes import Cause, Why
from jughpc.batch.cluster import Poll
from jughpc.batch.scheduler import State, Status
from jughpc.store.base import SHARD
from jughpc.store.death import Death
from jughpc.store.record import CRASH, MEMORY, TIME, TOLD, UNKNOWN, ElementRef
from jughpc.testing.cluster import model


@pytest.fixture
def killed(lab):
    """Return a lab whose first task `single` killed a worker, by its own record."""
    digest = lab.begin().digests("single")[0]
    life = lab.life().claim(digest).runs(digest, "sums.single")
    life.record = replace(life.record, how=CRASH)
    life.dies("killed by SIGSEGV")
    return lab


@pytest.fixture
def running(lab):
    """Return a submission of two elements, both of which run."""
    lab.token = lab.submit(size=2, reduce=lab.reduce_script()).submission.token
    lab.clock.sleep(5)
    return lab


def found(lab, number=0):
    """Return how workers died of the `number`-th task `single`, as far as that is written down."""
    return [death.how for death in lab.store.deaths(lab.digests("single")[number])]


def silent(lab, element, digest, run=0):
    """Have a worker vanish with all that could tell how, while it holds a claim on a task."""
    lab.life(f"node{element}", element, run, lab.token).claim(digest).falls_silent()


def ends(lab, how):
    """Let all that runs of the array end like this, by the scheduler's doing."""
    for job, element in list(lab.engine.running()):
        lab.engine.stop(job, element, how)
    lab.clock.sleep(1)


def gathered(lab, before=None):
    return collect(lab.site, lab.clusters, Charge(1, 2, before))


# what forgets, and what does not


@pytest.mark.parametrize("how", [{}, {"force": True}, {"wait": True}])
def test_freeing_claims_writes_the_death_down_and_keeps_it(killed, how):
    cleanup_claims(killed.site, killed.clusters, **how)
    (death,) = killed.store.deaths(killed.digests("single")[0])
    assert (killed.claimed(), death.how, death.words, death.host) == (set(), CRASH, "killed by SIGSEGV", "node1")
    cleanup_claims(killed.site, killed.clusters, **how)
    assert found(killed) == [CRASH]


def test_freeing_the_claim_of_the_living_by_force_blames_nobody(lab):
    lab.begin().life().claim(lab.digests("single")[0])
    cleanup_claims(lab.site, lab.clusters, force=True)
    assert found(lab) == []


def test_of_a_freed_shard_the_task_that_ran_is_blamed(lab):
    digest = lab.begin().digests("single")[2]
    life = lab.life().claim(SHARD).runs(digest, "sums.single")
    life.dies()
    cleanup_claims(lab.site, lab.clusters)
    assert [found(lab, number) for number in range(3)] == [[], [], [UNKNOWN]]


def test_garbage_collection_keeps_the_deaths_of_tasks_and_forgets_those_of_none(killed):
    cleanup_claims(killed.site, killed.clusters)
    killed.store.bury(Death(b"x" * 16, "life"))
    remove_garbage(killed.site, killed.clusters, 0)
    assert (found(killed), killed.store.deaths(b"x" * 16)) == ([CRASH], [])


@pytest.mark.parametrize("deliberate", ["failures --retry-failed", "cleanup --failed-only", "invalidate"])
def test_who_wants_a_task_to_start_anew_has_its_deaths_forgotten_and_no_others(killed, deliberate):
    cleanup_claims(killed.site, killed.clusters)
    first, second = killed.digests("single")[:2]
    killed.store.bury(Death(second, "life"))
    killed.failed(first)
    if deliberate == "invalidate":
        killed.store.bury(Death(killed.digests("double")[0], "life"))
        invalidate(killed.site, lambda name: name.endswith("double"), 0)
        assert killed.store.deaths(killed.digests("double")[0]) == []
        assert (found(killed), found(killed, 1)) == ([CRASH], [UNKNOWN])
        return
    if "retry" in deliberate:
        retry(killed.site, standing(killed.site).failed())
    else:
        forget_failures(killed.site)
    assert (found(killed), found(killed, 1)) == ([], [UNKNOWN])


def test_status_knows_the_tasks_that_killed_workers_but_not_those_that_are_done(killed):
    first, second = killed.digests("single")[:2]
    cleanup_claims(killed.site, killed.clusters)
    killed.store.bury(Death(second, "life"))
    killed.done(second)
    assert standing(killed.site).suspects == [first]


# the scheduler's word

UNSURE = Death(b"t" * 16, "life", UNKNOWN, "it vanished", submission="0a1b2c3d", element=1, run=1)


def of_cause(cause, state=State.FAILED):
    return Status(state, "", "", Why(cause, "words"))


@pytest.mark.parametrize(
    ("status", "before", "how"),
    [
        (of_cause(Cause.PREEMPTED), 0, None), (of_cause(Cause.NODE_FAIL), 0, None),
        (of_cause(Cause.USER, State.CANCELLED), 0, None), (of_cause(Cause.REQUEUED, State.QUEUED), 0, None),
        (of_cause(Cause.LAUNCH), 0, None), (Status(State.CANCELLED), 0, None), (Status(State.QUEUED), 0, None),
        (of_cause(Cause.TIME_LIMIT), 3, None), (of_cause(Cause.TIME_LIMIT), 0, TIME),
        (of_cause(Cause.OUT_OF_MEMORY), 3, MEMORY), (Status(State.FAILED, "exit code 137"), 0, UNKNOWN),
        (Status(State.RUNNING), 0, UNKNOWN), (Status(State.UNKNOWN), 0, UNKNOWN), (None, 0, UNKNOWN),
    ],
)  # fmt: skip
def test_what_the_scheduler_says_of_an_element_explains_a_death_in_it(running, status, before, how):
    death = replace(UNSURE, before=before, submission=running.token)
    jobs = replace(elements.find(running.site, running.clusters), poll=Poll({1: status} if status else {}))
    known = Witness(jobs, []).on(death)
    assert (known and known.how) == how


@pytest.mark.parametrize("how", [CRASH, MEMORY, TIME])
def test_what_was_seen_is_not_explained_away(running, how):
    death = replace(UNSURE, how=how, submission=running.token)
    jobs = replace(elements.find(running.site, running.clusters), poll=Poll({1: of_cause(Cause.PREEMPTED)}))
    assert Witness(jobs, []).on(death) == death


def test_deaths_of_another_submission_or_by_hand_are_left_as_they_are(running):
    jobs = replace(elements.find(running.site, running.clusters), poll=Poll({1: of_cause(Cause.PREEMPTED)}))
    for death in (UNSURE, replace(UNSURE, submission="", element=-1)):
        assert Witness(jobs, []).on(death) == death
    assert Witness(None, []).on(UNSURE) == UNSURE


@pytest.mark.parametrize(("element", "run", "is_over"), [(1, 2, True), (1, 1, False), (2, 2, False)])
def test_a_later_run_of_an_element_says_that_the_former_was_ended(running, element, run, is_over):
    death = replace(UNSURE, submission=running.token)
    jobs = replace(elements.find(running.site, running.clusters), poll=Poll())
    lives = [f"{ElementRef(running.token, element, run)}-node1-7-0000cafe", "hand-node1-8-0000cafe"]
    assert (Witness(jobs, lives).on(death) is None) == is_over


@pytest.mark.parametrize("how", [model.End.NODE_FAIL, model.End.PREEMPTED, model.End.CANCELLED])
def test_cleanup_blames_no_task_for_what_its_scheduler_did(running, how):
    silent(running, 0, running.digests("single")[0])
    ends(running, how)
    cleanup_claims(running.site, running.clusters)
    assert (found(running), running.claimed()) == ([], set())


@pytest.mark.parametrize(("how", "known"), [(model.End.OUT_OF_MEMORY, MEMORY), (model.End.FAILED, UNKNOWN)])
def test_cleanup_writes_down_what_the_scheduler_knows_of_a_death(running, how, known):
    silent(running, 0, running.digests("single")[0])
    ends(running, how)
    cleanup_claims(running.site, running.clusters)
    assert found(running) == [known]


def test_a_failure_for_deaths_that_are_taken_back_is_taken_back_too_and_no_other(running):
    blamed, faulty = running.digests("single")[:2]
    for digest in (blamed, faulty):
        running.store.bury(Death(digest, f"life-{digest.hex()}", submission=running.token, element=0))
        running.failed(digest)
    running.store.fail(replace(running.store.failure(blamed), deaths=3))
    ends(running, model.End.PREEMPTED)
    cleanup_claims(running.site, running.clusters)
    assert (found(running, 0), found(running, 1)) == ([], [])
    assert [failure.digest for failure in failures(running.site, standing(running.site))] == [faulty]


# the collector


def test_the_deaths_of_an_array_are_written_down_before_the_next_begins(running):
    one = running.digests("single")[0]
    running.life("node1", 0, token=running.token).claim(one).runs(one, "sums.single").dies()
    running.exit(1)
    assert gathered(running, Progress(0)).end is End.HANDED_OVER
    assert (found(running), running.claimed()) == ([UNKNOWN], set())
    assert "--progress=0.1" in running.job(4).ask.argv


def test_deaths_that_the_scheduler_caused_are_no_progress(running):
    silent(running, 0, running.digests("single")[0])
    ends(running, model.End.PREEMPTED)
    verdict = gathered(running, Progress(0))
    assert (Progress.of(verdict.standing, running.store), found(running)) == (Progress(0), [])


def test_what_failed_for_deaths_that_were_none_is_handed_on(running):
    first = running.digests("single")[0]
    running.done(*running.digests("single")[1:], *running.digests("double")[1:])
    running.store.bury(Death(first, "life", submission=running.token, element=0))
    running.failed(first)
    running.store.fail(replace(running.store.failure(first), deaths=3))
    ends(running, model.End.PREEMPTED)
    assert gathered(running).end is End.HANDED_OVER


@pytest.mark.parametrize(
    ("hows", "left", "counted"),
    [
        ([CRASH, MEMORY, UNKNOWN], "others", 3), ([TIME, TIME], "others", 0), ([TIME, TIME], "suspects", 2),
        ([CRASH, TIME], "others", 1),
    ],
)  # fmt: skip
def test_time_limits_are_progress_only_where_nothing_else_is_left(lab, hows, left, counted):
    """Else an array of nothing but tasks that are too long for it would be followed by another, and another."""
    first, *others = lab.begin().digests("single")
    for number, how in enumerate(hows):
        lab.store.bury(Death(first, f"life-{number}", how))
    if left == "suspects":
        lab.done(*others, *lab.digests("double")[1:])
    finished = len(lab.all()) - standing(lab.site).unfinished
    assert Progress.of(standing(lab.site), lab.store) == Progress(finished, counted)


def test_a_worker_whose_job_was_being_ended_blames_no_task(running):
    one = running.digests("single")[0]
    life = running.life("node1", 0, token=running.token).claim(one).runs(one, "sums.single")
    life.record = replace(life.record, how=TOLD)
    life.dies()
    cleanup_claims(running.site, running.clusters)
    assert (found(running), running.claimed()) == ([], set())
