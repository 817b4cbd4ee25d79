"""What is done apart leaves nothing behind, and its end is told."""

from __future__ import annotations

import os
import signal
import sys
import time

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


def test_a_signal_that_breaks_off_the_wait_ends_the_process_too(tmp_path):
    (tmp_path / "pid").touch()

    def make():
        (tmp_path / "pid").write_text(str(os.getpid()))
        os.kill(os.getppid(), signal.SIGUSR2)
        time.sleep(60)

    def heed(number, frame):
        raise InterruptedError

    before = signal.signal(signal.SIGUSR2, heed)
    try:
        with pytest.raises(InterruptedError):
            apart(make)
    finally:
        signal.signal(signal.SIGUSR2, before)
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_the_end_of_whoever_asked_ends_the_process_too(tmp_path):
    def make():
        (tmp_path / "pid").write_text(str(os.getpid()))
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(60)

    with pytest.raises(LostError, match="by signal 9"):
        apart(lambda: apart(make))
    end = time.monotonic() + 30
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
