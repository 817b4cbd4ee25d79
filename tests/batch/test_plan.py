"""Which jobs a submission becomes."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jughpc.batch.bundle import Bundle
from jughpc.batch.local.scheduler import Local
from jughpc.batch.plan import DependentJob, Start, chunks, plan, share
from jughpc.batch.scheduler import Condition, Dependency, Limits, Resources, Role, Workload
from jughpc.batch.slurm import Slurm
from jughpc.batch.submissions import ElementOptions, Submission
from jughpc.errors import SettingError

SUBMISSION = Submission(
    jugdir=Path("/shared/run"),
    number=7,
    token="1a2b",
    user="ada",
    host="login",
    created=0.0,
    scheduler="slurm",
    workload=Workload(("python", "work.py"), 8, "primes"),
    options=ElementOptions(Path("/home/ada")),
)

COLLECT = DependentJob(Role.COLLECT, ("collect",), Resources(cpus=1))
REDUCE = DependentJob(Role.REDUCE, ("reduce",))


def of_size(size: int, array_size: int | None = None, throttle: int | None = None) -> Submission:
    return replace(
        SUBMISSION,
        workload=replace(SUBMISSION.workload, size=size),
        limits=Limits(array_size),
        options=replace(SUBMISSION.options, throttle=throttle),
    )


@given(size=st.integers(1, 10**5), array_size=st.none() | st.integers(1, 10**4))
def test_chunks_hold_all_elements_within_the_limit_and_are_as_few_as_can_be(size, array_size):
    sizes = chunks(size, array_size)
    assert sum(sizes) == size
    assert max(sizes) <= (array_size or size)
    assert len(sizes) == -(-size // (array_size or size))


@given(size=st.integers(2, 10**5), array_size=st.integers(3, 10**4))
def test_no_element_is_left_over_alone(size, array_size):
    assert min(chunks(size, array_size)) > 1


@given(total=st.integers(0, 10**6), count=st.integers(1, 1000))
def test_shares_are_even_and_whole(total, count):
    shares = share(total, count)
    assert sum(shares) == total
    assert max(shares) - min(shares) <= 1


def test_an_array_within_the_limits_is_one_job():
    (job,) = plan(of_size(8, 8), Slurm())
    assert (job.role, job.name, job.size, job.offset, job.elements) == (Role.ARRAY, "primes-1a2b-0", 8, 0, 8)
    assert job.script == Path("/shared/run/submissions/7/0-array.sh")
    assert job.log == "/shared/run/submissions/7/logs/array-%a.log"


def test_elements_are_numbered_through_all_arrays():
    jobs = plan(of_size(20, 8), Slurm())
    assert [(job.offset, job.size, job.elements) for job in jobs] == [(0, 7, 20), (7, 7, 20), (14, 6, 20)]
    assert len({job.name for job in jobs}) == 3


def test_the_throttle_is_shared_out():
    assert [job.throttle for job in plan(of_size(20, 8, throttle=5), Slurm())] == [2, 2, 1]


def test_a_throttle_that_bounds_nothing_is_left_out():
    assert plan(of_size(8, throttle=8), Slurm())[0].throttle is None


def test_a_throttle_of_all_elements_stays_where_the_system_would_run_fewer():
    assert plan(of_size(8, throttle=8), Local())[0].throttle == 8


def test_without_a_throttle_none_is_made_up():
    assert plan(of_size(8), Local())[0].throttle is None


@given(size=st.integers(1, 200), array_size=st.integers(1, 20), throttle=st.integers(1, 30))
def test_no_more_elements_run_at_once_than_the_throttle_says(size, array_size, throttle):
    jobs = plan(of_size(size, array_size, throttle), Slurm())
    lanes: dict[str, str] = {}
    for job in jobs:
        before = job.depends_on.jobs[0] if job.depends_on else job.name
        lanes[job.name] = lanes.get(before, before)
    widest = {lane: max(job.throttle or job.size for job in jobs if lanes[job.name] == lane) for lane in lanes.values()}
    assert sum(widest.values()) <= max(throttle, size if throttle >= size else 0)
    assert throttle > size or len(widest) == min(throttle, len(jobs))


def test_arrays_beyond_the_throttle_take_turns():
    jobs = plan(of_size(20, 8, throttle=2), Slurm())
    assert [job.throttle for job in jobs] == [1, 1, 1]
    assert [job.depends_on for job in jobs] == [None, None, Dependency(Condition.AFTER_ANY, (jobs[0].name,))]


def test_raw_options_and_jobs_of_others_hold_for_the_arrays_only():
    options = replace(SUBMISSION.options, extra=("--gres=x",), after=("99",))
    *arrays, collect, reduce = plan(replace(of_size(20, 8), options=options), Slurm(), [COLLECT, REDUCE])
    assert {(job.extra, job.after) for job in arrays} == {(("--gres=x",), ("99",))}
    assert {(job.extra, job.after) for job in (collect, reduce)} == {((), ())}


def test_an_option_that_would_undo_ours_is_refused():
    options = replace(SUBMISSION.options, extra=("--depend=afterok:1",))
    with pytest.raises(SettingError, match=r"--depend \(--dependency\) behind -- .*Say --after JOBID, before the --"):
        plan(replace(SUBMISSION, options=options), Slurm())


@pytest.mark.parametrize("waits", [True, False])
def test_further_arrays_wait_for_jobs_of_others_as_long_as_the_earlier_ones_do(waits):
    options = replace(SUBMISSION.options, after=("99",))
    job = plan(replace(SUBMISSION, options=options), Slurm(), start=Start(2, 8, waits=waits))[0]
    assert job.after == (("99",) if waits else ())


@pytest.mark.parametrize("size", [0, -1])
def test_an_array_of_nothing_is_refused(size):
    with pytest.raises(SettingError, match=f"An array of {size} elements does nothing"):
        plan(of_size(size), Slurm())


def test_the_collector_follows_all_arrays_however_they_end_and_the_reduce_its_success():
    *arrays, collect, reduce = plan(of_size(20, 8), Slurm(), [COLLECT, REDUCE])
    assert collect.depends_on == Dependency(Condition.AFTER_ANY, tuple(job.name for job in arrays))
    assert reduce.depends_on == Dependency(Condition.AFTER_OK, (collect.name,))


def test_a_dependent_job_is_a_plain_job_with_needs_of_its_own():
    collect = plan(of_size(8, throttle=2), Slurm(), [COLLECT])[-1]
    assert (collect.argv, collect.resources, collect.size) == (("collect",), Resources(cpus=1), 1)
    assert (collect.elements, collect.throttle) == (1, None)
    assert collect.script.name == "1-collect.sh"


def test_more_elements_are_numbered_on_from_those_before():
    (job,) = plan(of_size(3), Slurm(), start=Start(job=2, element=8))
    assert (job.offset, job.elements, job.name) == (8, 11, "primes-1a2b-2")
    assert job.log.endswith("/logs/array-8+%a.log")


@pytest.mark.parametrize(
    ("name", "plain"),
    [("my primes", "my_primes"), ("größe/2", "gr_e_2"), ("2fast", "j2fast"), ("", "j"), ("a" * 300, "a" * 40)],
)
def test_a_jobs_name_has_only_letters_that_every_system_takes(name, plain):
    submission = replace(SUBMISSION, workload=replace(SUBMISSION.workload, name=name))
    assert plan(submission, Slurm())[0].name == f"{plain}-1a2b-0"


def test_elements_unpack_what_was_packed_for_them_and_their_followers_do_not():
    bundle = Bundle(Path("/shared/run/bundles/0a.tar.gz"), "0f" * 32, 2048, 4096, 1)
    staged = replace(SUBMISSION, options=replace(SUBMISSION.options, stage=bundle))
    assert [job.stage for job in plan(staged, Slurm(), [COLLECT, REDUCE])] == [bundle, None, None]
