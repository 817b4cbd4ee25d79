"""How a worker died is told in words of its own, or called unseen; by any kernel that can say it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from jughpc import host
from jughpc.store.lease.ending import OUT_OF_MEMORY, UNKNOWN, Ending, words
from jughpc.store.record import _LONGEST

DUMPED = 0x80  # core(5): set beside the signal
STATUSES = [None, *(code << 8 for code in range(256)), *(n | dump for n in range(1, 65) for dump in (0, DUMPED))]

ENDS = {
    "os._exit(7)": "ended itself with exit code 7, in the midst of its work",
    "os._exit(0)": "ended itself with exit code 0, in the midst of its work",
    "ctypes.CDLL(None).exit(3)": "ended itself with exit code 3, in the midst of its work",
    "ctypes.string_at(0)": "killed by SIGSEGV: a segmentation fault in compiled code",
    "os.abort()": "killed by SIGABRT: compiled code gave up",
    "os.kill(os.getpid(), 9)": "killed by SIGKILL: walltime, preemption or by hand most likely",
    "os.kill(os.getpid(), 40)": "killed by signal 40",
}


def test_every_end_has_words_that_fit_into_a_record_and_tell_it_from_the_others():
    told = {status: words(status) for status in STATUSES}
    assert max(map(len, told.values())) <= _LONGEST["reason"]
    assert len(set(told.values())) == 1 + 256 + 64  # whether a core was dumped is no other end
    assert told[None] == UNKNOWN


@pytest.mark.parametrize(("status", "ran_out"), [(None, True), (signal.SIGKILL, True)])
def test_a_lack_of_memory_is_told_where_it_may_be_the_reason(status, ran_out):
    assert words(status, ran_out) == OUT_OF_MEMORY


@pytest.mark.parametrize("status", [0, 7 << 8, signal.SIGSEGV, signal.SIGTERM | DUMPED])
def test_who_ended_otherwise_did_not_lack_memory_whoever_else_did(status):
    assert words(status, ran_out=True) == words(status)


@pytest.fixture
def dying():
    """Return what starts a process that ends by `how` once it is told to."""
    begun = []

    def start(how):
        code = f"import ctypes, os, sys; sys.stdin.readline(); {how}"
        begun.append(subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL))
        return begun[-1]

    yield start
    for process in begun:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(("how", "told"), ENDS.items(), ids=ENDS)
def test_a_witness_that_is_not_the_parent_sees_how_a_process_ends_before_it_is_reaped(dying, how, told):
    process = dying(how)
    ending = Ending(process.pid)
    process.stdin.close()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert ending.end().words == told


@pytest.mark.parametrize(("how", "told"), ENDS.items(), ids=ENDS)
def test_after_its_parent_has_reaped_it_the_kernel_says_how_it_ended_or_nobody_does(dying, how, told):
    process = dying(how)
    ending = Ending(process.pid)
    process.communicate()
    release = tuple(int(part) for part in os.uname().release.split("-")[0].split(".")[:2])
    assert ending.end().words == (told if release >= (6, 15) else UNKNOWN)


def test_who_lives_has_not_ended():
    assert host.wait_status(os.getpid()) is None
