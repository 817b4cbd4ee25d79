"""Which part of a log is which task's is noted, whoever of the task wrote it, and nothing is noted of who is silent."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from jughpc.store.record import Record
from jughpc.worker import marks
from jughpc.worker.lines import Lines
from jughpc.worker.marks import DONE, FAILED, Index, LogMarks, PipeMarks, marks_of

ONE, TWO = bytes(range(16)), bytes(range(16, 32))
WHO = "0 node1 life-1"


class Log:
    """A log, and the descriptor by which it is written."""

    def __init__(self, path):
        self.path = path / "array-3.log"
        self.handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self.index = Index(self.path, self.handle)

    def put(self, text):
        os.write(self.handle, text)

    def noted(self):
        """Return what is noted: of each line the text that it means, and the words."""
        text, lines = self.path.read_bytes(), (self.path.parent / "array-3.log.tasks").read_text().splitlines()
        rows = [line.split(" ", 2) for line in lines]
        return [(text[int(start) : int(end)], words) for start, end, words in rows]


@pytest.fixture
def log(tmp_path):
    return Log(tmp_path)


def test_what_a_task_and_its_children_wrote_is_its_own(log):
    log.put(b"said before\n")
    noting = LogMarks(log.index, WHO)
    noting.begin()
    log.put(b"one\n")
    subprocess.run(["echo", "its child"], stdout=log.handle, check=True)
    noting.end(ONE, DONE, 0.0)
    log.put(b"two\n")
    noting.end(TWO, FAILED, 0.0)
    assert log.noted() == [
        (b"", f"- began {WHO}"),
        (b"one\nits child\n", f"{ONE.hex()} done {WHO}"),
        (b"two\n", f"{TWO.hex()} failed {WHO}"),
    ]


def test_of_a_task_that_wrote_nothing_nothing_is_noted_and_what_is_said_between_tasks_is_nobodys(log):
    noting = LogMarks(log.index, WHO)
    noting.end(ONE, DONE, 100.0)
    assert len(log.noted()) == 1
    log.put(b"ONE failed\n")
    noting.begin()
    noting.begin()
    assert log.noted()[1:] == [(b"", f"- between {WHO}")]


def test_a_log_that_goes_on_after_a_requeue_keeps_what_was_noted(log):
    for text in (b"first\n", b"again\n"):
        noting = LogMarks(log.index, WHO)
        log.put(text)
        noting.end(ONE, DONE, 0.0)
    assert [text for text, _ in log.noted()] == [b"", b"first\n", b"", b"again\n"]


def test_a_task_that_closes_what_it_should_not_costs_only_what_would_be_noted(log):
    noting = LogMarks(log.index, WHO)
    os.close(log.handle)
    noting.end(ONE, DONE, 0.0)
    noting.begin()


def test_by_hand_and_where_no_log_is_kept_nothing_is_noted():
    here = {"life": "life", "host": "node1", "space": "s", "pid": 1, "started": 1, "user": "ada"}
    assert marks_of(Record(**here)) is None
    assert marks_of(Record(**here, submission="0a1b2c3d", element=0)) is None


# several workers of one log


class Crew:
    """Two workers' pipes into one log."""

    def __init__(self, log):
        self.log, self.lines, self.ends, self.noting = log, [], [], []
        for number in (1, 2):
            source, end = os.pipe()
            os.set_blocking(source, False)
            self.lines.append(Lines(source, log.handle, f"[{number}] ", log.index))
            self.ends.append(end)
            self.noting.append(PipeMarks(f"{number} node1 life-{number}", end))

    def put(self, number, text):
        os.write(self.ends[number - 1], text)

    def end(self, number, digest, seconds=0.0, wrote=True):
        marks._Noted.wrote = wrote
        self.noting[number - 1].end(digest, DONE, seconds)

    def pass_on(self, *numbers):
        for number in numbers:
            self.lines[number - 1].pass_on()


@pytest.fixture
def crew(log):
    found = Crew(log)
    found.pass_on(1, 2)
    yield found
    for lines, end in zip(found.lines, found.ends, strict=True):
        lines.close()
        os.close(end)


def test_what_several_workers_put_out_in_turn_is_told_apart(crew):
    crew.put(1, b"a\n")
    crew.pass_on(1)
    crew.put(2, b"b")
    crew.end(2, TWO)
    crew.pass_on(2)
    crew.put(1, b"c\n")
    crew.end(1, ONE)
    crew.put(1, b"next\n")
    crew.pass_on(1)
    assert crew.log.noted()[2:] == [
        (b"[2] b\n", f"{TWO.hex()} done 2 node1 life-2"),
        (b"[1] a\n[2] b\n[1] c\n", f"{ONE.hex()} done 1 node1 life-1"),
    ]
    assert b"\x1e" not in crew.log.path.read_bytes()


def test_what_is_told_in_pieces_is_understood(crew):
    crew.put(1, b"a\n")
    crew.end(1, ONE)
    whole = os.read(crew.lines[0].source, 1000)
    for place in range(len(whole)):
        crew.put(1, whole[place : place + 1])
        crew.pass_on(1)
    assert crew.log.noted()[2:] == [(b"[1] a\n", f"{ONE.hex()} done 1 node1 life-1")]


def test_a_silent_task_is_told_of_only_if_it_took_its_time_and_noted_only_if_it_put_out_anything(crew):
    crew.end(1, ONE, wrote=False)
    assert crew.lines[0].pass_on()
    crew.end(1, ONE, seconds=1.0, wrote=False)
    crew.pass_on(1)
    crew.put(1, b"of a child\n")
    crew.end(1, TWO, seconds=1.0, wrote=False)
    crew.pass_on(1)
    assert [text for text, _ in crew.log.noted()[2:]] == [b"[1] of a child\n"]


def test_whatever_python_writes_to_its_streams_is_taken_note_of(tmp_path):
    code = (
        "import sys; from jughpc.worker.marks import PipeMarks, take_note_of_writes; take_note_of_writes()\n"
        "noting = PipeMarks('1 node1 life')\n"
        "noting.end(bytes(16), 'done', 0.0); print('out'); noting.end(bytes(16), 'done', 0.0)\n"
        "print('err', file=sys.stderr); noting.end(bytes(16), 'done', 0.0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout.split(b"\x1e")[1:] == [
        b"jughpc - began 1 node1 life", b"out\n", b"jughpc %s done 1 node1 life" % (b"0" * 32), b"",
        b"jughpc %s done 1 node1 life" % (b"0" * 32), b"",
    ]  # fmt: skip
