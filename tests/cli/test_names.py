"""Names that look like options, are no text, or hold what a terminal obeys."""

from __future__ import annotations

import json

import pytest

from .conftest import THREE, Shell


@pytest.mark.parametrize("name", ["-j.py", "--jugdir=x.py", "100% {x}.py"])
def test_a_jugfile_that_is_called_as_an_option_works_in_every_job(jughpc: Shell, name: str) -> None:
    jughpc.write(name, THREE)
    state = {"JUGHPC_SCHEDULER": "local", "XDG_STATE_HOME": str(jughpc.cwd / "state")}
    done = jughpc("submit", f"./{name}", "--array", "1", "--wait", **state)
    assert done.returncode == 0, done.stderr + done.stdout
    status = json.loads(jughpc("status", f"./{name}", "--json").stdout)
    assert status["tasks"]["complete"] == 3


def test_a_jugfile_whose_name_is_no_text_is_worked_on_here_and_refused_for_jobs_before_anything_is_queued(
    jughpc: Shell,
) -> None:
    name = "a\udcffb.py"
    jughpc.write(name, THREE)
    submit = jughpc("submit", name, "--scheduler", "local")
    assert (submit.returncode, "not UTF-8, which no script can carry" in submit.stderr) == (2, True), submit.stderr
    assert jughpc("execute", name).returncode == 0
    for command in (["status", "--cached"], ["check"], ["failures"], ["explain", "double"], ["cleanup"], ["touch"]):
        done = jughpc(*command, name)
        assert (done.returncode, done.stderr) == (0, ""), (command, done.stderr)


EVIL = """
from jug import TaskGenerator

@TaskGenerator
def fail(x):
    raise ValueError("\\x1b]0;mine\\x07 \\x9b2J \\x7f \\u202e\\r" + x)

fail("\\x1b[31m")
"""

COMMANDS = [
    ["execute"], ["status"], ["status", "--json"], ["failures"], ["failures", "--json"], ["count"], ["check"],
    ["sleep-until"], ["submit", "--array", "2", "--dry-run"], ["cleanup"], ["cleanup", "--locks-only"],
    ["invalidate", "--name", "fail"], ["pack"], ["graph", "--file-format", "dot"], ["config"], ["cancel"],
    ["collect", "--submission", "1", "--rounds", "0"],
]  # fmt: skip


def test_no_command_lets_a_name_or_an_exception_steer_the_terminal(jughpc: Shell) -> None:
    name = "ev\x1b[2J\x9b\u202eil.py"
    jughpc.write(name, EVIL)
    jughpc("execute", name)
    shown = ""
    for head, *rest in COMMANDS:
        done = jughpc(head, name, *rest, JUGHPC_SCHEDULER="local")
        found = done.stdout + done.stderr
        assert not set(found) & set("\x1b\x9b\x07\x7f\r\u202e"), (head, found)
        assert "Traceback" not in done.stderr or "ValueError" in done.stderr, (head, found)
        shown += found
    assert "\\x1b]0;mine\\x07" in shown


def test_no_command_shows_the_password_of_an_address(jughpc: Shell) -> None:
    jughpc.write("three.py", THREE)
    jughpc.write("jughpc.yaml", "jugdir: redis://ada:topsecret@127.0.0.1:1/%(wrong)s\n")
    for words in (["config", "--show-origin"], ["status", "three.py"], ["execute", "three.py"], ["doctor"], ["cancel"],
                  ["status", "three.py", "--jugdir", "redis://:topsecret@127.0.0.1:1"],
                  ["execute", "three.py", "--jugdir", "kind://:topsecret@127.0.0.1:1"]):  # fmt: skip
        done = jughpc(*words)
        assert "topsecret" not in done.stdout + done.stderr, words
    assert all("topsecret" not in path.read_text() for path in jughpc.cwd.glob(".jughpc*"))
