"""The stand-in for PBS runs scripts as a real one was seen to."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.fakebin.server import COMMANDS, serving

DATA = Path(__file__).parents[1] / "data" / "openpbs"


@pytest.fixture
def pbs(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("pbs")) as server:
        yield server


@pytest.fixture
def ask(pbs, tmp_path):
    """Return what runs a command of PBS, and returns its exit code and all that it printed."""
    home = tmp_path / "home"
    home.mkdir()
    environ = {**os.environ, **pbs.environ, "HOME": str(home)}

    def run(*argv: str) -> tuple[int, str]:
        path = COMMANDS / argv[0]
        done = subprocess.run([path, *argv[1:]], env=environ, cwd=tmp_path, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    return run


@pytest.fixture
def job(ask, pbs, tmp_path, until):
    """Return what runs a script to its end, and returns its output by the index of the element."""

    def run(text: str, *options: str) -> dict[str, str]:
        (tmp_path / "out").mkdir()
        script = tmp_path / "script.sh"
        script.write_text(text)
        assert ask("qsub", *options, "-j", "oe", "-o", f"{tmp_path}/out/^array_index^", str(script))[0] == 0
        until(lambda: not pbs.engine.queued())
        return {path.name: path.read_text() for path in (tmp_path / "out").iterdir()}

    return run


def recorded(name: str) -> dict:
    return json.loads((DATA / f"{name}.json").read_text())


def variables(text: str) -> set[str]:
    return {line.partition("=")[0] for line in text.splitlines()}


def exit_status(ask, word: str) -> str:
    return re.search(r"Exit_status = (-?\d+)", ask("qstat", "-x", "-f", word)[1])[1]


@pytest.mark.parametrize(("name", "options"), [("env-array-element", ("-J", "6-7")), ("env-plain-job", ())])
def test_a_script_has_the_variables_that_a_real_one_had(job, name, options):
    text = recorded(name)["stdin_or_script"]
    told = job("".join(line for line in text.splitlines(keepends=True) if not line.startswith("#PBS")), *options)
    expected = variables(recorded(name)["stdout"]) | {"PBS_CONF_FILE"}
    assert all(variables(output) == expected for output in told.values())
    assert len(told) == (2 if options else 1)


def test_a_script_has_the_umask_that_a_real_one_had_and_no_commands_of_pbs(job):
    told = job(recorded("env-umask-path")["stdin_or_script"])
    assert [line for line in told["0"].splitlines() if "PATH" not in line] == ["0077", "700 d", "600 f", "1"]


@pytest.mark.parametrize(("text", "code"), [("exit 3", "3"), ("kill -KILL $$", "137"), ("true", "0")])
def test_a_script_that_ends_has_its_exit_code(ask, job, text, code):
    job(text)
    assert exit_status(ask, "1.pbs01") == code


def test_a_script_that_is_deleted_ends_by_term_with_all_that_it_started(ask, pbs, tmp_path, until):
    script = tmp_path / "script.sh"
    script.write_text(f"(trap 'touch {tmp_path}/ended; exit' TERM; touch {tmp_path}/begun; sleep 60 & wait) & wait\n")
    ask("qsub", str(script))
    until((tmp_path / "begun").exists)
    assert ask("qdel", "1") == (0, "")
    until(lambda: not pbs.engine.queued())
    assert (tmp_path / "ended").exists()
    assert exit_status(ask, "1.pbs01") == "271"


def test_a_server_that_is_away_says_so_in_the_words_of_a_real_one(ask, pbs):
    pbs.away = True
    told = recorded("qdel-error-server-down")
    assert ask("qdel", "1") == (told["code"], told["stderr"])
