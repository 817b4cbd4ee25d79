"""Who waits for an answer waits for as long as it takes, but not for a process that is stopped by a signal."""

from __future__ import annotations

import signal
import subprocess

import pytest

from jughpc import host
from jughpc.store.lease import answers
from jughpc.store.lease.answers import Awaited

pytestmark = pytest.mark.local
LOOKS = 100  # more than any that stands still is given


@pytest.fixture
def process():
    with subprocess.Popen(["sleep", "60"]) as started:
        yield started
        started.kill()


@pytest.fixture
def stop(process, until):
    def stop_it():
        process.send_signal(signal.SIGSTOP)
        until(lambda: host.is_stopped(process.pid))

    return stop_it


def test_one_that_is_slow_is_waited_for(process):
    awaited = Awaited(process.pid)
    assert max(awaited.pause() for _ in range(LOOKS)) < 1
    assert process.poll() is None


def test_one_that_is_stopped_is_killed_once_it_was_seen_so_for_long(process, stop):
    stop()
    awaited = Awaited(process.pid)
    assert sum(awaited.pause() for _ in range(LOOKS)) > 5
    answers.wait(process.pid)
    assert process.poll() is not None


def test_one_that_goes_on_meanwhile_is_left_alone(process, stop, until):
    awaited = Awaited(process.pid)
    for _ in range(3):
        stop()
        for _ in range(10):
            awaited.pause()
        process.send_signal(signal.SIGCONT)
        until(lambda: not host.is_stopped(process.pid))
        awaited.pause()
    assert process.poll() is None
