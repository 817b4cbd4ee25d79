"""Jobs that fail before their work begins: status says which, why, where, and how to go on."""

from __future__ import annotations

import os

import pytest

ONLY_IN_ARRAYS = """
import os
from jug import TaskGenerator

if "JUGHPC_SUBMISSION" in os.environ:
    raise RuntimeError("no licence here")

@TaskGenerator
def double(x):
    return 2 * x

doubles = [double(x) for x in range(4)]
"""


@pytest.fixture
def laptop(user, tmp_path):
    someone = user(os.environ | {"JUGHPC_SCHEDULER": "local", "XDG_STATE_HOME": str(tmp_path / "state")})
    someone.write_counted("pass")
    yield someone
    someone.run("cancel")


def test_elements_whose_jugfile_cannot_start_say_why(laptop):
    (laptop.folder / "primes.py").write_text(ONLY_IN_ARRAYS)
    laptop.jughpc("submit", "primes.py", "--array", "2", "--wait", code=3)
    told = laptop.jughpc("status", code=1)
    assert "elements 0-1: failed before its work began: start, `primes.py`: RuntimeError: no licence here" in told
    assert "`jughpc resubmit` goes on" in told


def test_a_collector_whose_setup_fails_is_told_with_the_next_step_and_leaves_no_reduce(laptop):
    setup = ("--setup", '[ -n "$JUGHPC_SUBMISSION" ]')  # which arrays alone are told
    reduce = ("--reduce", "primes_reduce.py")
    laptop.jughpc("submit", "primes.py", "--array", "2", *setup, *reduce, "--wait", code=3)
    told = laptop.jughpc("status", code=1)
    assert "failed before its work began: setup line 1" in told
    assert "mend that, then `jughpc resubmit` goes on" in told
    assert "withdrawn, for the collector failed before its work began: setup line 1" in told
    assert not laptop.output()
