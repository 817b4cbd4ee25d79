"""Whose process this is, told a million times without a system call."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from jughpc.worker.forks import Asked, Own

FORKED = """
import ctypes, os
from jughpc.worker.forks import Own
own = Own()
for fork in (os.fork, ctypes.PyDLL(None).fork):
    pid = fork()
    if not pid:
        os._exit(bool(own.here[0]))
    print(os.waitpid(pid, 0)[1], bool(own.here[0]))
"""


def test_a_process_is_its_own_and_another_is_told_by_its_number() -> None:
    assert Own().here[0]
    assert Asked(os.getpid())[0]
    assert not Asked(os.getppid())[0]


@pytest.mark.local
def test_a_child_that_python_or_c_forked_is_told_from_its_parent() -> None:
    done = subprocess.run([sys.executable, "-c", FORKED], capture_output=True, text=True, check=True)
    assert done.stdout == "0 True\n0 True\n"
