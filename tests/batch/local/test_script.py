"""The shipped templates, run as the local scheduler runs them."""

from __future__ import annotations

import pytest

from jughpc.batch.scheduler import Job, JobId, Resources, Role, State
from jughpc.batch.script import render

SHOW = ("bash", "-c", 'echo "$0 $JUGHPC_OWNER $JUGHPC_ELEMENT/$JUGHPC_ELEMENTS by ${JUGHPC_DEADLINE:-never}"', "it's")


def submit(machine, **given: object) -> tuple[Job, JobId]:
    job = machine.job("", **{"argv": SHOW, **given})
    job.script.write_text(render(job, machine.scheduler))
    reply = machine.run(machine.scheduler.submit_command(job))
    return job, machine.scheduler.parse_submit(reply)


def test_a_rendered_script_tells_an_element_who_it_is(machine):
    _, job = submit(machine, size=2, offset=10, elements=12)
    assert machine.wait_for_end(job) == [State.DONE] * 2
    assert machine.log(job, 1) == f"it's local:{job}_1.0 11/12 by never\n"


def test_a_rendered_script_tells_the_deadline(machine):
    _, job = submit(machine, resources=Resources(walltime=3600.0))
    machine.wait_for_end(job)
    assert machine.log(job).split()[-1].isdigit()


def test_a_rendered_script_starts_in_the_folder_it_was_submitted_for(machine):
    workdir = machine.folder / "$HOME 'quoted'"
    workdir.mkdir()
    _, job = submit(machine, workdir=workdir, argv=("pwd",))
    machine.wait_for_end(job)
    assert machine.log(job) == f"{workdir}\n"


@pytest.mark.parametrize("role", [Role.COLLECT, Role.REDUCE])
def test_collector_and_reduce_have_scripts_too(machine, role):
    _, job = submit(machine, role=role)
    assert machine.wait_for_end(job) == [State.DONE]
