"""What happens before the command of an element starts: lines of setup, and how their failures are told."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jughpc.batch.local.scheduler import Local
from jughpc.batch.pbs import Pbs
from jughpc.batch.scheduler import Job
from jughpc.batch.script import render
from jughpc.batch.slurm import Slurm

ELEMENT = {
    "SLURM_ARRAY_JOB_ID": "12", "SLURM_ARRAY_TASK_ID": "3", "PBS_JOBID": "30[3].srv", "PBS_ARRAY_INDEX": "3",
    "JUGHPC_LOCAL_JOB": "0123abcd", "JUGHPC_LOCAL_INDEX": "3", "JUGHPC_LOCAL_END": "",
}  # fmt: skip
SYSTEMS = pytest.mark.parametrize("system", [Slurm(), Pbs(), Local()], ids=lambda system: system.name)


@pytest.fixture
def job(job: Job, tmp_path: Path) -> Job:
    """Return a job whose elements say `ran`."""
    log = f"{tmp_path}/log-^array_index^"
    return replace(job, argv=("echo", "ran"), workdir=tmp_path, script=tmp_path / "own" / "0-array.sh", log=log)


class Still:
    """A folder of commands with a `sleep` that takes no time."""

    def __init__(self, folder: Path) -> None:
        self._slept = folder / "slept"
        self.path = f"{folder}:{os.environ['PATH']}"
        (folder / "sleep").write_text(f'#!/bin/sh\necho "$1" >> {self._slept}\n')
        (folder / "sleep").chmod(0o755)

    def slept(self) -> list[str]:
        return self._slept.read_text().split()


@pytest.fixture
def still(tmp_path: Path) -> Still:
    (tmp_path / "still").mkdir()
    return Still(tmp_path / "still")


def run(job: Job, system: Any = None, **variables: str) -> subprocess.CompletedProcess[str]:
    (job.workdir / "script").write_text(render(job, system or Slurm()))
    env = {"PATH": os.environ["PATH"], **ELEMENT, **variables}
    done = subprocess.run(["bash", str(job.workdir / "script")], env=env, cwd="/", text=True, capture_output=True)
    if (log := job.workdir / "log-3").exists():
        done.stdout, done.stderr = log.read_text(), log.read_text()
    return done


def ended(job: Job) -> Mapping[str, Any] | None:
    """Return what status reads of an element that ended before its command started, None for nothing."""
    path = job.workdir / "own" / "ends" / "0-array-3.json"
    return json.loads(path.read_text()) if path.exists() else None


def reason(job: Job) -> str:
    """Return why it ended so."""
    told = ended(job)
    assert told is not None
    return str(told["reason"])


@SYSTEMS
def test_a_line_that_fails_ends_the_element_and_is_named_in_the_log_and_for_status(job, system):
    done = run(replace(job, setup=("true", "nonexist 'a b'")), system)
    assert done.returncode == 127
    assert "ran" not in done.stdout
    assert "setup line 2, `nonexist 'a b'`: command not found, on " in done.stderr
    told = ended(job)
    assert told["reason"] == "setup line 2, `nonexist 'a b'`: command not found"
    assert (told["code"], told["state"], told["host"]) == (127, "failed", os.uname().nodename)
    assert told["owner"].startswith(f"{system.name}:")


@pytest.mark.parametrize(
    ("lines", "line", "code", "words"),
    [
        (["false"], 1, 1, "exit code 1"),
        (["true; (exit 3)"], 1, 3, "exit code 3"),
        (["A=1", "exit 0"], 2, 1, "ended the script, with exit code 0"),
        (["exit 7"], 1, 7, "ended the script, with exit code 7"),
        (["set -e", "false", "true"], 2, 1, "ended the script, with exit code 1"),
        (["set -u", "echo $nowhere"], 2, 1, "ended the script, with exit code 1"),
        (["trap 'echo bye' EXIT", "exit 3"], 2, 3, "ended the script, with exit code 3"),
        (["trap 'true' ERR", "false"], 2, 1, "exit code 1"),
        (["/"], 1, 126, "cannot be executed"),
        (["if true; then", "false", "fi"], 1, 1, "exit code 1"),
        (["true", "if true; then"], 2, 2, "exit code 2"),
        (["echo (", "true"], 1, 2, "exit code 2"),
        (["PATH=/nowhere", "nonexist"], 2, 127, "command not found"),
        (["return 3"], 1, 2, "exit code 2"),
        (["exec nonexist"], 1, 127, "command not found"),
    ],
)
def test_every_way_to_fail_is_told(job, lines, line, code, words):
    done = run(replace(job, setup=tuple(lines)))
    assert (done.returncode, "ran" in done.stdout) == (code, False)
    assert ended(job)["code"] == code
    assert reason(job) == f"setup line {line}, `{lines[line - 1]}`: {words}"


@pytest.mark.parametrize(
    "lines",
    [
        ["set -e"], ["set -u"], ["set -eu", "set -o pipefail"], ["trap 'exit 9' ERR"], ["trap 'exit 9' EXIT"],
        ["trap 'X=$((X + 1))' DEBUG"], ["set -f"], ["IFS=/"], ["break"], ["index=9", "cpus=9", "name=9"],
        ["if true; then", "\ttrue", "fi"], ["cat <<END >/dev/null", "text", "END"], ["true \\", "&& true"],
        ["shopt -s extglob", "case a in !(b)) true;; esac"], ["f() {", "true", "}", "f"], ["", "# a comment", "  "],
        ["export LC_ALL=xx_YY.nothing"], ["cd /"],
    ],
    ids=" ; ".join,
)  # fmt: skip
@SYSTEMS
def test_a_line_that_does_not_fail_harms_nothing_that_comes_after(job, system, lines):
    done = run(replace(job, setup=tuple(lines), argv=("bash", "-c", "echo ran $JUGHPC_ELEMENT")), system)
    assert (done.returncode, "ran 3" in done.stdout, ended(job)) == (0, True, None)


def test_no_signal_stays_ignored(job):
    argv = ("bash", "-c", "kill -TERM $$; echo survived")
    done = run(replace(job, setup=("trap '' TERM", "trap 'true' INT"), argv=argv))
    assert (done.returncode, done.stdout) == (-15, "")


def test_what_a_line_sets_reaches_the_next_and_the_command(job):
    setup = ("declare -x A=1", "B=$A$A", "export B", "set -a", "C=3", "ulimit -c 0", "cd /")
    done = run(replace(job, setup=setup, argv=("bash", "-c", "echo $A $B $C $(ulimit -c) $PWD")))
    assert done.stdout == "1 11 3 0 /\n"


def test_lines_start_in_the_working_directory(job):
    assert run(replace(job, setup=("touch here",))).returncode == 0
    assert (job.workdir / "here").exists()


def test_a_working_directory_that_is_gone_is_told(job):
    gone = replace(job, script=job.workdir / "own" / "0-array.sh")
    (job.workdir / "script").write_text(render(replace(gone, workdir=Path("/nowhere")), Slurm()))
    done = subprocess.run(["bash", str(job.workdir / "script")], env={**os.environ, **ELEMENT}, capture_output=True)
    assert done.returncode == 1
    assert reason(job) == "setup, `cd /nowhere`: exit code 1"


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30), tab=st.booleans())
def test_any_text_of_a_line_is_readable_json(job, text, tab):
    line = f"false {'	' if tab else ''}# {text}"
    run(replace(job, setup=(line,)))
    assert reason(job) == f"setup line 1, `{line}`: exit code 1"


def test_a_command_that_is_not_there_is_told(job):
    done = run(replace(job, argv=("/nowhere/python", "-m", "x")))
    assert done.returncode == 127
    assert reason(job) == "setup, `/nowhere/python`: could not be started, exit code 127"


def test_a_probe_that_fails_ends_the_element_with_its_words(job):
    done = run(replace(job, probe=("sh", "-c", "echo '\"it\" has no jughpc' >&2; exit 1")))
    assert (done.returncode, "ran" in done.stdout) == (1, False)
    assert reason(job) == 'setup, `echo`: "it" has no jughpc'


@pytest.mark.parametrize(
    ("probe", "told"),
    [
        (("/nonexist/python", "-c", "0"), "/nonexist/python: No such file or directory"),
        (("python3", "-c", "import sys; print('a warning', file=sys.stderr); 1 / 0"), "a warning"),
        (("python3", "-c", "1 / 0"), "ZeroDivisionError: division by zero"),
        (("sh", "-c", "echo warned; echo 'it has none: install it there'; exit 1"), "it has none: install it there"),
        (("sh", "-c", "echo first; echo second; exit 1"), "first"),
        (("sh", "-c", "printf '%0999d' 0; exit 1"), "0" * 200),
    ],
)
def test_what_a_probe_says_is_told_in_one_short_line_without_the_shells_own_words(job, probe, told):
    run(replace(job, probe=probe))
    assert reason(job) == f"setup, `echo`: {told}"


def test_a_probe_sees_what_setup_put_first_on_the_path(job):
    tool = job.workdir / "bin" / "python"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\necho mine $1\n")
    tool.chmod(0o755)
    wanted = replace(job, setup=(f"PATH={tool.parent}:$PATH",), probe=("python", "probed"), argv=("python", "ran"))
    assert run(wanted).stdout == "mine ran\n"


@pytest.mark.parametrize(
    ("line", "before", "told"),
    [
        ("export VIRTUAL_ENV=/other", "", True),
        ("export CONDA_PREFIX=/other", "", True),
        ("export VIRTUAL_ENV=/usr", "", False),
        ("true", "/other", False),
        ("export VIRTUAL_ENV=/other", "/other", False),
    ],
)
def test_another_environment_than_the_interpreters_is_told(job, line, before, told):
    done = run(replace(job, setup=(line,), argv=("/usr/bin/env",)), **({"VIRTUAL_ENV": before} if before else {}))
    assert done.returncode == 0
    assert ("submit with --python python" in done.stderr) is told


@SYSTEMS
def test_files_have_the_submitters_umask(job, system):
    wanted = replace(job, umask=0o027, argv=("touch", "made"))
    (job.workdir / "script").write_text(render(wanted, system))
    command = f"umask 077; bash {job.workdir}/script"
    subprocess.run(["bash", "-c", command], env={**os.environ, **ELEMENT}, check=True)
    assert (job.workdir / "made").stat().st_mode & 0o777 == 0o640
    if system.name == "pbs":
        assert (job.workdir / "log-3").stat().st_mode & 0o777 == 0o640


@SYSTEMS
@pytest.mark.parametrize(("names", "runs"), [(["other"], True), (["other", "this.cluster"], False)])
def test_no_element_runs_on_a_host_that_is_excluded(job, system, names, runs, still):
    host = os.uname().nodename.partition(".")[0]
    wanted = replace(job, exclude=tuple(name.replace("this", host) for name in names))
    assert ("ran" in run(wanted, system, PATH=still.path).stdout) is runs
    assert runs or reason(job) == f"excluded, `{host}.cluster`: no job is to run there"


def test_an_element_keeps_the_place_that_others_would_be_drawn_to_for_a_while(job, still):
    excluded = replace(job, exclude=(os.uname().nodename,))
    assert "keeps its place for 300 s" in run(excluded, PATH=still.path).stderr
    assert still.slept() == ["300"]
    run(replace(excluded, size=1), SLURM_JOB_ID="12", PATH=still.path)
    assert still.slept() == ["300", "0"]


def test_a_site_may_change_how_the_command_is_started(job, tmp_path):
    (tmp_path / "slurm").mkdir()
    text = '{% extends "slurm/_common.sh.j2" %}{% block exec %}exec nice {{ job.argv | quote_all }}\n{% endblock %}'
    (tmp_path / "slurm" / "array.sh.j2").write_text(text)
    assert render(job, Slurm(), tmp_path).endswith("\nexec nice echo ran\n")
