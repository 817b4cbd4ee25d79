"""What runs, when, and where its output goes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jughpc import host
from jughpc.batch import shell
from jughpc.batch.scheduler import Condition, Dependency, ElementId, Resources, Role, State, Status
from jughpc.errors import SubmitError

from .conftest import AT_GATE, until

ONE_BY_ONE = "mkdir busy || exit 9; sleep 0.05; rmdir busy"


def after(condition: Condition, *jobs: str) -> Dependency:
    return Dependency(condition, jobs)


def test_every_element_runs_with_its_own_index_and_log(machine):
    job = machine.submit("echo element $JUGHPC_LOCAL_INDEX of $JUGHPC_LOCAL_JOB", size=5)
    assert machine.wait_for_end(job) == [State.DONE] * 5
    assert [machine.log(job, index) for index in range(5)] == [f"element {i} of {job}\n" for i in range(5)]


def test_output_is_appended_to_a_log_that_is_there(machine):
    given = machine.job("echo more")
    log = machine.logs / "the log"
    log.write_text("what was there\n")
    argv = machine.scheduler.submit_command(replace(given, log=str(log).replace("%", "%%")))
    machine.wait_for_end(machine.scheduler.parse_submit(machine.run(argv)))
    assert log.read_text() == "what was there\nmore\n"


def test_no_more_elements_run_at_once_than_the_throttle_allows(machine):
    job = machine.submit(ONE_BY_ONE, size=6, throttle=1)
    assert machine.wait_for_end(job) == [State.DONE] * 6


def test_elements_run_on_all_cores_and_the_rest_waits(machine):
    cores = host.usable_cores()
    job = machine.submit(AT_GATE, size=cores + 2)
    machine.wait_for(job, *[State.RUNNING] * cores, State.QUEUED, State.QUEUED)
    machine.open_gate()
    assert machine.wait_for_end(job) == [State.DONE] * (cores + 2)


def test_a_throttle_above_the_cores_is_honoured(machine):
    size = host.usable_cores() + 2
    job = machine.submit(AT_GATE, size=size, throttle=size)
    machine.wait_for(job, *[State.RUNNING] * size)


def test_elements_that_need_all_cores_run_one_by_one(machine):
    job = machine.submit(ONE_BY_ONE, size=4, resources=Resources(cpus=host.usable_cores()))
    assert machine.wait_for_end(job) == [State.DONE] * 4


def test_an_exit_code_is_told(machine):
    job = machine.submit("exit $((JUGHPC_LOCAL_INDEX * 3))", size=2)
    machine.wait_for_end(job)
    assert machine.poll(job)[ElementId(job, 1)].reason == "exit code 3"


def test_the_collector_starts_only_after_every_element_of_the_array(machine):
    array = machine.submit(AT_GATE, size=2, throttle=2)
    collector = machine.submit("true", role=Role.COLLECT, depends_on=after(Condition.AFTER_ANY, array))
    machine.wait_for(array, State.RUNNING, State.RUNNING)
    assert machine.poll(collector)[ElementId(collector, 0)] == Status(State.QUEUED, f"starts after {array}")
    machine.open_gate()
    assert machine.wait_for_end(collector) == [State.DONE]


def test_the_collector_starts_after_elements_that_failed(machine):
    array = machine.submit("exit 1", size=2)
    collector = machine.submit("true", role=Role.COLLECT, depends_on=after(Condition.AFTER_ANY, array))
    assert machine.wait_for_end(collector) == [State.DONE]


def test_the_reduce_starts_after_a_collector_that_ended_well(machine):
    collector = machine.submit("true", role=Role.COLLECT)
    reduce = machine.submit("true", role=Role.REDUCE, depends_on=after(Condition.AFTER_OK, collector))
    assert machine.wait_for_end(reduce) == [State.DONE]


def test_the_reduce_never_starts_after_a_collector_that_failed(machine):
    collector = machine.submit("exit 3", role=Role.COLLECT)
    reduce = machine.submit("touch ran", role=Role.REDUCE, depends_on=after(Condition.AFTER_OK, collector))
    machine.wait_for_end(reduce)
    status = machine.poll(reduce)[ElementId(reduce, 0)]
    assert (status.state, status.reason) == (State.CANCELLED, "dependency never satisfied")
    assert not (machine.folder / "ran").exists()


def test_a_dependency_on_a_job_that_is_not_there_is_refused(machine):
    with pytest.raises(SubmitError, match="not a job of its submission"):
        machine.submit("true", depends_on=after(Condition.AFTER_ANY, "0123abcd"))


def test_a_job_submitted_after_all_others_ended_runs(machine):
    machine.wait_for_end(machine.submit("true"))
    until(lambda: not host.alive(machine.supervisor()))
    assert machine.wait_for_end(machine.submit("true")) == [State.DONE]


def test_jobs_submitted_at_the_same_moment_all_run_once(machine):
    jobs = [machine.job(f"mkdir ran.{n}.$JUGHPC_LOCAL_INDEX", size=3) for n in range(6)]
    logs = [machine.logs / f"submit.{n}" for n in range(6)]
    for job, log in zip(jobs, logs, strict=True):
        argv = machine.scheduler.submit_command(job)
        shell.spawn(argv, stdout=log, env=machine.env, cwd=machine.folder)
    until(lambda: all(log.read_text().endswith("}\n") for log in logs))
    ids = [machine.scheduler.parse_find(machine.run(machine.scheduler.find_command(j.name)), j.name) for j in jobs]
    assert [machine.wait_for_end(job) for (job,) in ids] == [[State.DONE] * 3] * 6


def test_a_job_is_found_by_its_name(machine):
    job = machine.submit("true")
    reply = machine.run(machine.scheduler.find_command("array.0"))
    assert machine.scheduler.parse_find(reply, "array.0") == [job]


def test_a_job_that_nobody_knows_is_absent_from_the_poll(machine):
    job = machine.submit("true")
    assert {element.job for element in machine.poll(job, "0123abcd")} == {job}


def test_an_element_without_a_place_for_its_log_fails(machine):
    job = machine.submit("true", log=str(machine.folder / "no such folder" / "log"))
    assert machine.wait_for_end(job) == [State.FAILED]


def test_a_list_of_jobs_that_cannot_be_written_is_refused_with_advice(machine):
    machine.env["XDG_STATE_HOME"] = "/dev/null"
    with pytest.raises(SubmitError, match="set XDG_STATE_HOME"):
        machine.submit("true")


def test_an_unknown_option_is_refused_in_its_own_words(machine):
    with pytest.raises(SubmitError, match="--frobnicate"):
        machine.submit("true", extra=("--frobnicate",))


def test_a_users_file_named_like_a_standard_module_is_not_imported(machine):
    (machine.folder / "json.py").write_text("raise SystemExit('the wrong json')")
    log = machine.logs / "limits"
    shell.spawn(machine.scheduler.limits_command(), stdout=log, env=machine.env, cwd=machine.folder)
    until(lambda: log.read_text().endswith("\n"))
    assert log.read_text() == f'{{"cores": {host.usable_cores()}}}\n'


def test_the_limits_name_the_cores_and_bound_no_array(machine):
    limits = machine.scheduler.parse_limits(machine.run(machine.scheduler.limits_command()))
    assert (limits.array_size, limits.settings) == (None, {"cores": str(host.usable_cores())})
