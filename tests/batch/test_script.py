"""Scripts: what a rendered one does when bash runs it."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jughpc.batch.local.scheduler import Local
from jughpc.batch.pbs import Pbs
from jughpc.batch.scheduler import Job, Resources, Role
from jughpc.batch.script import render, shipped_folder
from jughpc.batch.slurm import Slurm
from jughpc.errors import TemplateError

SHOW = (sys.executable, "-c", "import json, os, sys; print(json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]))")

SLURM_ELEMENT = {"SLURM_ARRAY_JOB_ID": "12", "SLURM_ARRAY_TASK_ID": "3", "SLURM_JOB_ID": "15"}
PBS_ELEMENT = {"PBS_JOBID": "30[3].srv", "PBS_ARRAY_INDEX": "3"}

SHELL_TEXTS = st.text(st.characters(exclude_characters="\n\r\0", exclude_categories=["Cs"]), max_size=20)


def run(text: str, variables: Mapping[str, str], cwd: Path = Path("/")) -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.environ["PATH"], **variables}
    return subprocess.run(["bash", "-c", text], env=env, cwd=cwd, text=True, capture_output=True, timeout=120)


@pytest.fixture
def printing(job: Job, tmp_path: Path) -> Job:
    """Return a job whose elements print their environment."""
    return replace(job, argv=("env",), workdir=tmp_path, log=str(tmp_path / "array-^array_index^.log"))


def environment_of(job: Job, variables: Mapping[str, str]) -> dict[str, str]:
    """Return what the command of a Slurm job finds in its environment."""
    done = run(render(job, Slurm()), variables)
    assert done.returncode == 0, done.stderr
    return dict(line.split("=", 1) for line in done.stdout.splitlines())


def test_an_element_learns_who_it_is(printing):
    env = environment_of(replace(printing, offset=64, elements=100), SLURM_ELEMENT)
    assert env["JUGHPC_OWNER"] == "slurm:12_3.0"
    assert (env["JUGHPC_ELEMENT"], env["JUGHPC_ELEMENTS"]) == ("67", "100")


def test_a_requeued_element_is_told_apart_from_its_first_run(printing):
    assert environment_of(printing, {**SLURM_ELEMENT, "SLURM_RESTART_COUNT": "2"})["JUGHPC_OWNER"] == "slurm:12_3.2"


def test_a_plain_job_is_element_0_of_itself(printing):
    env = environment_of(replace(printing, size=1, elements=1), {"SLURM_JOB_ID": "15"})
    assert (env["JUGHPC_OWNER"], env["JUGHPC_ELEMENT"]) == ("slurm:15_0.0", "0")


def test_an_element_of_an_array_learns_its_submission_and_its_run(printing):
    env = environment_of(replace(printing, token="0a1b2c3d"), {**SLURM_ELEMENT, "SLURM_RESTART_COUNT": "2"})
    assert (env["JUGHPC_SUBMISSION"], env["JUGHPC_RUN"]) == ("0a1b2c3d", "2")


def test_other_jobs_are_no_element_of_a_submission(printing):
    assert "JUGHPC_SUBMISSION" not in environment_of(printing, SLURM_ELEMENT)


@pytest.mark.parametrize("system", [Slurm(), Pbs()], ids=["slurm", "pbs"])
@pytest.mark.parametrize("size", [1, 8])
def test_a_script_that_no_scheduler_started_fails_loudly(printing, system, size):
    done = run(render(replace(printing, size=size), system), {"PBS_JOBID": "1.srv"} if size > 1 else {})
    log = printing.workdir / "array-unknown.log"
    told = log.read_text() if log.exists() else done.stderr
    assert done.returncode
    assert "is not set: submit this script with" in told


def test_the_deadline_is_slurms_where_it_tells_one(printing):
    assert environment_of(printing, {**SLURM_ELEMENT, "SLURM_JOB_END_TIME": "1795"})["JUGHPC_DEADLINE"] == "1795"


def test_the_deadline_of_an_older_slurm_is_reckoned_from_the_start(printing):
    job = replace(printing, resources=Resources(walltime=600.0))
    left = float(environment_of(job, SLURM_ELEMENT)["JUGHPC_DEADLINE"]) - time.time()
    assert 590 < left <= 600


def test_there_is_no_deadline_where_nothing_tells_it(printing):
    assert environment_of(printing, SLURM_ELEMENT)["JUGHPC_DEADLINE"] == ""


@pytest.mark.parametrize(
    ("variables", "threads"),
    [
        ({"SLURM_CPUS_PER_TASK": "4", "SLURM_CPUS_ON_NODE": "8"}, "4"),
        ({"SLURM_CPUS_ON_NODE": "8"}, "8"),
        ({}, "1"),
        ({"SLURM_CPUS_PER_TASK": "4", "OMP_NUM_THREADS": "2"}, "2"),
        ({"SLURM_CPUS_PER_TASK": "4", "OMP_NUM_THREADS": "1", "JUGHPC_THREADS": "1"}, "4"),
    ],
    ids=["asked for", "given", "unknown", "set by the user", "left by an outer job"],
)
def test_libraries_use_as_many_threads_as_the_element_has_cores(printing, variables, threads):
    assert environment_of(printing, {**SLURM_ELEMENT, **variables})["OMP_NUM_THREADS"] == threads


def test_setup_lines_are_run_as_they_are_and_may_set_threads(printing):
    job = replace(printing, setup=("export OMP_NUM_THREADS=7", "export A='b c'"))
    env = environment_of(job, SLURM_ELEMENT)
    assert (env["OMP_NUM_THREADS"], env["A"]) == ("7", "b c")


def test_the_command_takes_the_place_of_the_shell_so_that_signals_reach_it(job, tmp_path):
    done = run(render(replace(job, argv=("sh", "-c", "kill -TERM $$"), workdir=tmp_path), Slurm()), SLURM_ELEMENT)
    assert done.returncode == -15


def test_the_commands_exit_code_is_the_jobs(job, tmp_path):
    done = run(render(replace(job, argv=("sh", "-c", "exit 3"), workdir=tmp_path), Slurm()), SLURM_ELEMENT)
    assert done.returncode == 3


def test_a_working_directory_that_is_gone_ends_the_job(job):
    done = run(render(replace(job, argv=("echo", "ran"), workdir=Path("/nonexistent/x")), Slurm()), SLURM_ELEMENT)
    assert done.returncode
    assert "ran" not in done.stdout


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(SHELL_TEXTS, max_size=4), folder=SHELL_TEXTS.filter(lambda text: text.strip("./")))
def test_any_text_reaches_the_command_unchanged(job, tmp_path, texts, folder):
    workdir = tmp_path / folder.replace("/", "_")[:20]
    workdir.mkdir(exist_ok=True)
    argv = ("printf", r"%s\n", *texts)
    done = run(render(replace(job, argv=argv, workdir=workdir), Slurm()), SLURM_ELEMENT)
    assert done.stdout == "".join(f"{text}\n" for text in texts or [""])


@pytest.mark.parametrize("field", ["name", "argv", "setup", "workdir", "log", "account"])
@pytest.mark.parametrize("bad", ["a\nb", "a\rb", "a\0b", "a\udcffb"])
def test_a_value_that_no_script_can_carry_is_named(job, field, bad):
    values = {"argv": (bad,), "setup": (bad,), "workdir": Path(bad)}
    changes = {"resources": Resources(account=bad)} if field == "account" else {field: values.get(field, bad)}
    with pytest.raises(TemplateError, match=f"The {field} holds a line break"):
        render(replace(job, **changes), Slurm())


resources = st.builds(
    Resources,
    walltime=st.none() | st.floats(1, 10**6),
    memory=st.none() | st.integers(1, 1 << 40),
    cpus=st.none() | st.integers(1, 128),
    gpus=st.none() | st.integers(0, 8),
    partition=st.none() | st.just("long"),
    account=st.none() | st.just("o'neil & co"),
)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wanted=resources, size=st.integers(1, 20), throttle=st.none() | st.integers(1, 5))
@pytest.mark.parametrize("scheduler", [Slurm(), Pbs()], ids=["slurm", "pbs"])
def test_the_script_asks_for_what_the_command_asks_for(job, scheduler, wanted, size, throttle):
    job = replace(job, resources=wanted, size=size, throttle=throttle)
    prefix = {"slurm": "#SBATCH ", "pbs": "#PBS "}[scheduler.name]
    text = render(job, scheduler)
    lines = [line.removeprefix(prefix) for line in text.splitlines() if line.startswith(prefix)]
    command = [word for word in scheduler.submit_command(job)[1:-1] if word not in ("--parsable", "-f")]
    assert shlex.split(" ".join(lines)) == command


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize(("system", "other"), [(Slurm(), "PBS"), (Pbs(), "SBATCH")])
def test_directives_are_never_mixed(job, role, system, other):
    text = render(replace(job, role=role, size=1), system)
    assert text.startswith("#!/bin/bash\n#")
    assert other not in text


def test_a_pbs_element_writes_its_own_log_and_appends_to_it(job, tmp_path):
    log = Pbs().log_pattern(tmp_path / 'it\'s a "log"', Role.ARRAY, 8, 0)
    Path(log).parent.mkdir()
    text = render(replace(job, argv=("sh", "-c", "echo $JUGHPC_ELEMENT"), workdir=tmp_path, log=log), Pbs())
    assert [run(text, PBS_ELEMENT).returncode for _ in range(2)] == [0, 0]
    assert (Path(log).parent / "array-3.log").read_text() == "3\n3\n"


def test_a_pbs_element_learns_who_it_is(printing):
    job = replace(printing, offset=64, resources=Resources(walltime=600.0, cpus=3))
    run(render(job, Pbs()), PBS_ELEMENT)
    env = dict(line.split("=", 1) for line in (printing.workdir / "array-3.log").read_text().splitlines())
    assert re.fullmatch(r"pbs:30\[3\]\.srv\.\d+", env["JUGHPC_OWNER"])
    assert (env["JUGHPC_ELEMENT"], env["OMP_NUM_THREADS"]) == ("67", "3")
    assert 590 < float(env["JUGHPC_DEADLINE"]) - time.time() <= 600


def test_a_sites_template_goes_before_ours_and_may_extend_it(job, tmp_path):
    (tmp_path / "slurm").mkdir()
    (tmp_path / "slurm" / "array.sh.j2").write_text(
        '{% extends "slurm/_common.sh.j2" %}{% block setup %}module load {{ job.name | quote }}\n{% endblock %}'
    )
    text = render(job, Slurm(), tmp_path)
    assert '\ncd /shared/run || jughpc_after "$?"\nmodule load primes-1a2b-0\n' in text


def test_what_a_site_does_not_override_is_ours(job, tmp_path):
    assert render(job, Slurm(), tmp_path) == render(job, Slurm())


def test_a_system_without_templates_is_named(job):
    class Unknown(Slurm):
        name = "sge"

    with pytest.raises(TemplateError, match=r"There is no template sge/array\.sh\.j2 among those shipped"):
        render(job, Unknown())


@pytest.mark.parametrize("text", ["{{ nothing }}", "{% if %}", "{{ job.nothing }}", "{{ job.size | quote_all }}"])
def test_a_sites_template_that_does_not_render_is_named(job, tmp_path, text):
    (tmp_path / "slurm").mkdir()
    (tmp_path / "slurm" / "array.sh.j2").write_text(text)
    with pytest.raises(TemplateError, match=r"The template slurm/array\.sh\.j2 in .* does not render: "):
        render(job, Slurm(), tmp_path)


@pytest.mark.parametrize("scheduler", [Slurm(), Pbs(), Local()])
def test_each_system_has_its_templates_where_they_are_shipped(scheduler):
    assert (shipped_folder(scheduler) / "array.sh.j2").is_file()
