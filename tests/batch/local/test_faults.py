"""Kills, cancels, closed terminals, lost supervisors: real processes, and the truth told of each."""

from __future__ import annotations

import json
import os
import pty
import shlex
import signal

from jughpc import host
from jughpc.batch.scheduler import Condition, Dependency, ElementId, Role, State, Status
from jughpc.host import here

from .conftest import AT_GATE, until

DIED = "its supervisor died"


def test_a_killed_element_fails_and_the_others_go_on(machine):
    job = machine.submit(AT_GATE, size=3, throttle=3)
    machine.wait_for(job, *[State.RUNNING] * 3)
    os.kill(machine.element(job, 1).pid, signal.SIGKILL)
    machine.wait_for(job, State.RUNNING, State.FAILED, State.RUNNING)
    assert machine.poll(job)[ElementId(job, 1)].reason == "exit code 137"
    machine.open_gate()
    assert machine.wait_for_end(job) == [State.DONE, State.FAILED, State.DONE]


def test_cancel_ends_what_runs_and_what_waits(machine):
    job = machine.submit(f"touch ran.$JUGHPC_LOCAL_INDEX; {AT_GATE}", size=4, throttle=1)
    machine.wait_for(job, State.RUNNING, *[State.QUEUED] * 3)
    machine.cancel(job)
    assert machine.wait_for_end(job) == [State.CANCELLED] * 4
    assert not host.alive(machine.element(job))
    assert [path.name for path in machine.folder.glob("ran.*")] == ["ran.0"]


def test_what_waits_is_withdrawn_and_what_runs_goes_on_and_what_follows_starts(machine):
    job = machine.submit(AT_GATE, size=4, throttle=1)
    after = machine.submit("true", depends_on=Dependency(Condition.AFTER_ANY, (job,)))
    machine.wait_for(job, State.RUNNING, *[State.QUEUED] * 3)
    (command,) = machine.scheduler.withdraw_commands({job: "a"}, [ElementId(job, index) for index in (1, 2, 3)])
    machine.run(command)
    machine.wait_for(job, State.RUNNING, *[State.CANCELLED] * 3)
    machine.open_gate()
    assert machine.wait_for_end(job) == [State.DONE, *[State.CANCELLED] * 3]
    assert machine.wait_for_end(after) == [State.DONE]
    assert machine.poll(job)[ElementId(job, 3)].reason == "withdrawn"


def test_a_cancelled_element_gets_sigterm_and_may_end_in_its_own_way(machine):
    job = machine.submit(f"trap 'echo bye; exit 143' TERM; echo up; {AT_GATE}")
    until(lambda: State.RUNNING in machine.states(job) and machine.log(job) == "up\n")
    machine.cancel(job)
    assert machine.wait_for_end(job) == [State.CANCELLED]
    assert machine.log(job).splitlines()[-1] == "bye"


def test_cancel_reaches_an_element_that_is_stopped(machine):
    job = machine.submit(AT_GATE)
    machine.wait_for(job, State.RUNNING)
    os.kill(machine.element(job).pid, signal.SIGSTOP)
    machine.cancel(job)
    assert machine.wait_for_end(job) == [State.CANCELLED]


def test_cancel_reaches_the_children_of_an_element(machine):
    job = machine.submit("sleep 60 & echo up; wait")
    until(lambda: State.RUNNING in machine.states(job) and machine.log(job) == "up\n")
    machine.cancel(job)
    machine.wait_for_end(job)
    assert not host.group_alive(machine.element(job))


def test_cancelling_one_job_lets_the_collector_after_it_run(machine):
    array = machine.submit(AT_GATE, size=2)
    after = Dependency(Condition.AFTER_ANY, (array,))
    collector = machine.submit("true", role=Role.COLLECT, depends_on=after)
    machine.cancel(array)
    assert machine.wait_for_end(collector) == [State.DONE]


def test_cancelling_a_job_that_is_over_changes_nothing(machine):
    job = machine.submit("true")
    machine.wait_for_end(job)
    assert machine.cancel(job).code == 0
    assert machine.states(job) == [State.DONE]


def test_cancelling_an_unknown_job_says_so_and_still_cancels_the_others(machine):
    job = machine.submit(AT_GATE)
    reply = machine.cancel("0123abcd", job)
    assert machine.scheduler.refusal(reply).name == "GONE"
    assert "0123abcd" in reply.stderr
    assert machine.wait_for_end(job) == [State.CANCELLED]


def test_elements_outlive_a_killed_supervisor_and_are_told_of_as_they_are(machine):
    job = machine.submit(AT_GATE, size=2, throttle=1)
    machine.wait_for(job, State.RUNNING, State.QUEUED)
    os.kill(machine.supervisor().pid, signal.SIGKILL)
    until(lambda: State.STUCK in machine.states(job))
    assert [(s.state, s.reason) for s in machine.poll(job).values()] == [(State.RUNNING, DIED), (State.STUCK, DIED)]


def test_an_element_that_ended_after_its_supervisor_died_counts_as_failed(machine):
    job = machine.submit(AT_GATE)
    machine.wait_for(job, State.RUNNING)
    os.kill(machine.supervisor().pid, signal.SIGKILL)
    machine.open_gate()
    until(lambda: machine.states(job) == [State.FAILED])
    assert machine.poll(job)[ElementId(job, 0)].reason == DIED


def test_cancel_ends_what_a_killed_supervisor_left_behind(machine):
    job = machine.submit(AT_GATE, size=2, throttle=1)
    machine.wait_for(job, State.RUNNING, State.QUEUED)
    element = machine.element(job)
    os.kill(machine.supervisor().pid, signal.SIGKILL)
    machine.cancel(job)
    assert machine.wait_for_end(job) == [State.CANCELLED] * 2
    assert not host.alive(element)


def test_a_new_job_of_the_submission_wakes_what_a_killed_supervisor_left_waiting(machine):
    job = machine.submit(f"echo ran; {AT_GATE}", size=3, throttle=1)
    machine.wait_for(job, State.RUNNING, State.QUEUED, State.QUEUED)
    os.kill(machine.supervisor().pid, signal.SIGKILL)
    until(lambda: not host.alive(machine.supervisor()))
    machine.submit("true")
    machine.wait_for(job, State.RUNNING, State.QUEUED, State.QUEUED)
    machine.open_gate()
    assert machine.wait_for_end(job) == [State.FAILED, State.DONE, State.DONE]
    assert [machine.log(job, index) for index in range(3)] == ["ran\n"] * 3


def test_jobs_survive_the_terminal_they_were_submitted_from(machine):
    submit = shlex.join(machine.scheduler.submit_command(machine.job(AT_GATE)))
    shell_pid, terminal = pty.fork()
    if shell_pid == 0:
        os.execve("/bin/bash", ["bash", "-c", f"{submit}; sleep 60"], machine.env)
    job = json.loads(os.read(terminal, 100))["job"]
    machine.wait_for(job, State.RUNNING)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(shell_pid, 0)[1]) == -signal.SIGHUP
    machine.open_gate()
    assert machine.wait_for_end(job) == [State.DONE]


def test_removing_the_submissions_folder_ends_its_elements_and_nothing_makes_it_anew(machine):
    job = machine.submit(AT_GATE)
    machine.wait_for(job, State.RUNNING)
    element, supervisor = machine.element(job), machine.supervisor()
    machine.folder.rename(machine.folder.with_name("elsewhere"))
    until(lambda: not host.alive(element) and not host.alive(supervisor))
    assert not machine.folder.exists()


def test_an_element_that_ends_with_its_submissions_folder_does_not_bring_it_back(machine):
    job = machine.submit(f"{AT_GATE}; mv '{machine.folder}' '{machine.folder}.gone'")
    machine.wait_for(job, State.RUNNING)
    supervisor = machine.supervisor()
    machine.open_gate()
    until(lambda: not host.alive(supervisor))
    assert not machine.folder.exists()


def forge_machine(machine, **changes: str) -> None:
    """Make the supervisor's record say that it was made elsewhere."""
    record = json.loads(machine.files.read("supervisor.1"))
    record["machine"] |= changes
    machine.files.remove("supervisor.1")
    machine.files.write("supervisor.1", [json.dumps(record).encode()])


def left_behind(machine) -> str:
    """Return a job with one element that runs and one that waits, and whose supervisor is gone."""
    job = machine.submit(AT_GATE, size=2, throttle=1)
    machine.wait_for(job, State.RUNNING, State.QUEUED)
    os.kill(machine.supervisor().pid, signal.SIGKILL)
    until(lambda: not host.alive(machine.supervisor()))
    return job


def test_a_supervisor_on_another_machine_makes_states_unknown_not_dead(machine):
    job = left_behind(machine)
    forge_machine(machine, host="elsewhere", boot="another")
    status = Status(State.UNKNOWN, "can only be seen on elsewhere", "elsewhere")
    assert list(machine.poll(job).values()) == [status, status]
    forge_machine(machine, **vars(here()))


def test_a_reboot_ends_what_ran_and_leaves_the_rest_stuck(machine):
    job = left_behind(machine)
    forge_machine(machine, boot="before")
    assert machine.states(job) == [State.FAILED, State.STUCK]
    forge_machine(machine, **vars(here()))
