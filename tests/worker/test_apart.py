"""What is done apart leaves nothing behind, and its end is told."""

from __future__ import annotations

import os
import signal
import sys
import time

import psutil
import pytest

from jughpc.errors import JugfileError, UsageError
from jughpc.worker.apart import LostError, apart

pytestmark = pytest.mark.local


def test_what_it_brings_comes_back_and_what_it_changed_does_not(tmp_path, monkeypatch):
    (tmp_path / "only_apart.py").write_text("answer = 42")
    monkeypatch.syspath_prepend(tmp_path)

    def make():
        import only_apart

        os.environ["ONLY_APART"] = "1"
        return only_apart.answer

    assert apart(make) == 42
    assert "only_apart" not in sys.modules
    assert "ONLY_APART" not in os.environ


def test_each_time_modules_are_as_they_are_then(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)

    def make():
        import changing

        return changing.text

    for text in ("a", "bb", "ccc"):
        (tmp_path / "changing.py").write_text(f"text = {text!r}")
        assert apart(make) == text


@pytest.mark.parametrize("error", [UsageError("a mistake"), JugfileError("jobs.py", "its trace")])
def test_an_error_of_ours_is_raised_here(error):
    def make():
        raise error

    with pytest.raises(type(error)) as raised:
        apart(make)
    assert str(raised.value) == str(error)


def test_an_answer_of_any_size_comes_back():
    assert len(apart(lambda: b"x" * 50_000_000)) == 50_000_000


@pytest.mark.parametrize(
    ("make", "how"),
    [
        (lambda: os._exit(7), "with exit code 7"),
        (lambda: os.kill(os.getpid(), signal.SIGKILL), "by signal 9"),
        (lambda: lambda: None, "with exit code 1"),
    ],
    ids=["exits", "killed", "nothing that can be told"],
)
def test_a_process_that_ends_without_an_answer_is_told_with_how_it_ended(make, how):
    with pytest.raises(LostError, match=how):
        apart(make)


@pytest.fixture
def at_fork():
    """What is done in hooks of the next fork: before it, in the parent behind it, in the child."""
    hooks = {"before": lambda: None, "after_in_parent": lambda: None, "after_in_child": lambda: None}
    os.register_at_fork(**{name: lambda name=name: hooks[name]() for name in hooks})
    yield hooks
    hooks.update(dict.fromkeys(hooks, lambda: None))


@pytest.fixture
def breaking_off():
    """A signal whose handler raises."""

    def heed(number, frame):
        raise InterruptedError

    before = signal.signal(signal.SIGUSR2, heed)
    yield signal.SIGUSR2
    signal.signal(signal.SIGUSR2, before)


@pytest.mark.parametrize("when", ["before", "after_in_parent"])
def test_a_signal_that_comes_in_a_hook_of_the_fork_is_not_swallowed(when, at_fork, breaking_off):
    at_fork[when] = lambda: signal.raise_signal(breaking_off)
    others = set(psutil.Process().children())
    with pytest.raises(InterruptedError):
        apart(lambda: time.sleep(60))
    assert set(psutil.Process().children()) <= others


def test_a_signal_that_comes_to_the_child_in_a_hook_of_the_fork_ends_the_child(at_fork, breaking_off):
    at_fork["after_in_child"] = lambda: signal.raise_signal(breaking_off)
    with pytest.raises(LostError, match="with exit code 1"):
        apart(lambda: "made")


def test_signals_do_what_they_did_before_it_and_after(breaking_off):
    handlers = {number: signal.getsignal(number) for number in signal.valid_signals()}
    assert apart(lambda: {number: signal.getsignal(number) for number in handlers} == handlers)
    assert {number: signal.getsignal(number) for number in handlers} == handlers


def test_a_signal_that_breaks_off_the_wait_ends_the_process_too(breaking_off, tmp_path):
    (tmp_path / "pid").touch()

    def make():
        (tmp_path / "pid").write_text(str(os.getpid()))
        os.kill(os.getppid(), breaking_off)
        time.sleep(60)

    with pytest.raises(InterruptedError):
        apart(make)
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_the_end_of_whoever_asked_ends_the_process_too(tmp_path):
    def make():
        (tmp_path / "pid").write_text(str(os.getpid()))
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(60)

    with pytest.raises(LostError, match="by signal 9"):
        apart(lambda: apart(make))
    end = time.monotonic() + 120
    while is_there(int((tmp_path / "pid").read_text())):
        assert time.monotonic() < end, "it lives on"
        time.sleep(0.02)


def is_there(pid):
    """Tell whether a process runs; one that nobody reaps does not."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
