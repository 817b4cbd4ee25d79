"""One process beats for several workers, each of whom it sees die by itself."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress

import pytest

from jughpc import host
from jughpc.fs import OsClock, OsFiles
from jughpc.store.base import Pace
from jughpc.store.files.layout import Layout
from jughpc.store.files.store import FileStore
from jughpc.store.lease.identity import is_gone
from jughpc.store.record import DIED

PATIENCE = 120.0  # [s] after which a test gives up

ELEMENT = """
import os, sys, time
from contextlib import suppress
from pathlib import Path
from jughpc.fs import OsClock, OsFiles
from jughpc.store.base import Pace
from jughpc.store.files.layout import Layout
from jughpc.store.files.store import FileStore
from jughpc.store.lease.identity import is_gone
from jughpc.store.lease.process import BeatProcess, ForkedLease
from jughpc.store.record import ElementRef

store = FileStore(OsFiles(Path(sys.argv[1])), OsClock(), Layout(0), Pace(0.05, 0.01, 100.0), is_gone)
words = sys.argv[2]


def measure(pid):
    if Path(sys.argv[1], f"fail{pid}").exists():
        raise RuntimeError("a bug of ours")
    return pid, 0.5


beating = BeatProcess(lambda: store, OsClock(), measure, workers=3)


def work(number, line):
    if number == 2 and "dies at once" in words:
        os.kill(os.getpid(), 9)
    if "keeps the lines" not in words:
        beating.hand_over()
    lease = ForkedLease(line, OsClock(), ElementRef("0a1b2c3d", number), worker=number)
    lease.begin(store)
    lease.note(f"mod.f{number}", bytes([number]) * 16, OsClock().uptime())
    if number == 1 and "leaves a child" in words:
        if not os.fork():
            time.sleep(60)
            os._exit(0)
    end = time.monotonic() + 60
    while time.monotonic() < end and not Path(sys.argv[1], f"end{number}").exists():
        time.sleep(0.01)
        with suppress(FileNotFoundError):
            Path(sys.argv[1], f"renew{number}").unlink()
            lease.renew("was late")
    lease.end("its work ended")


def start(number):
    line = beating.line(number)
    pid = os.fork()
    if not pid:
        work(number, line)
        os._exit(0)
    if "keeps the lines" not in words:
        line.close()
    else:
        kept.append(line)
    return pid


kept = []
workers = [start(number) for number in range(3)]
print(beating.pid, *workers, flush=True)
for pid in workers:
    os.waitpid(pid, 0)
    if "replaces" in words:
        print(start(workers.index(pid)), flush=True)
if "keeps the lines" not in words:
    beating.hand_over()
if "keeps the lines" not in words:
    beating.wait()
    print("all ended", flush=True)
"""


class Element:
    """A process that forked three workers, and one that beats for them all."""

    def __init__(self, path, words):
        self.path = path
        self.store = FileStore(OsFiles(path), OsClock(), Layout(0), Pace(0.05, 0.01, 100.0), is_gone)
        argv = [sys.executable, "-c", ELEMENT, str(path), words]
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, start_new_session=True)
        self.beating, *self.workers = map(int, self.process.stdout.readline().split())

    def records(self):
        """Return the latest record of each worker."""
        return {record.element: record for record in sorted(self.store.records(), key=lambda record: record.begun)}

    def until(self, condition):
        """Return the records by worker once they fulfil `condition`."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if condition(records := self.records()):
                return records
            time.sleep(0.01)
        raise AssertionError(f"it never came: {self.records()}")

    def all_beat(self, numbers=range(3), after=0):
        return self.until(lambda found: all(number in found and found[number].beats > after for number in numbers))

    def tell(self, word, number):
        """Have a worker do something, or its beats."""
        (self.path / f"{word}{number}").touch()

    def close(self):
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()


@pytest.fixture
def start(tmp_path):
    elements = []

    def start_element(words=""):
        elements.append(Element(tmp_path, words))
        return elements[-1]

    yield start_element
    for element in elements:
        element.close()


def test_one_process_beats_for_three_workers_each_with_its_own_record(start):
    element = start()
    records = element.all_beat(after=2)
    assert [records[number].pid for number in range(3)] == element.workers
    assert [records[number].task for number in range(3)] == ["mod.f0", "mod.f1", "mod.f2"]
    assert [records[number].memory for number in range(3)] == element.workers


@pytest.mark.parametrize("words", ["", "and leaves a child that holds its line", "the parent keeps the lines"])
def test_a_worker_that_is_killed_is_written_down_and_the_others_go_on(start, words):
    element = start(words)
    element.all_beat()
    os.kill(element.workers[1], signal.SIGKILL)
    records = element.until(lambda found: found[1].state == DIED)
    assert "SIGKILL" in records[1].reason
    assert records[1].task == "mod.f1"
    later = element.all_beat((0, 2), after=max(records[0].beats, records[2].beats) + 2)
    assert [later[number].state for number in range(3)] == ["alive", DIED, "alive"]


def test_a_replaced_worker_has_a_life_of_its_own_and_its_predecessors_stays_written_down(start):
    element = start("replaces")
    first = element.all_beat()[0]
    os.kill(element.workers[0], signal.SIGKILL)
    another = int(element.process.stdout.readline())
    records = element.until(lambda found: found[0].pid == another and found[0].beats > 2)
    assert (records[0].state, records[0].worker) == ("alive", 0)
    former = next(record for record in element.store.records() if record.life == first.life)
    assert (former.state, former.pid) == (DIED, element.workers[0])


def test_one_that_dies_before_its_life_begins_is_not_waited_for(start):
    element = start("one dies at once")
    element.all_beat((0, 1))
    element.tell("end", 0)
    element.tell("end", 1)
    assert element.process.communicate(timeout=PATIENCE)[0] == "all ended\n"


def test_one_that_ends_in_order_is_no_death_and_the_last_to_end_ends_the_process(start):
    element = start()
    element.all_beat()
    element.tell("end", 0)
    records = element.until(lambda found: 0 not in found)
    element.all_beat((1, 2), after=max(records[1].beats, records[2].beats) + 2)
    element.tell("end", 1)
    element.tell("end", 2)
    assert element.process.communicate(timeout=PATIENCE)[0] == "all ended\n"
    assert element.records() == {}
    assert len(element.store.ended()) == 3
    assert not host.alive(host.process(element.beating))


def test_all_are_written_down_when_all_are_killed_at_once(start):
    element = start()
    element.all_beat()
    for pid in (element.process.pid, *element.workers):
        os.kill(pid, signal.SIGKILL)
    element.until(lambda found: [found[number].state for number in range(3)] == [DIED] * 3)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_where_the_process_was_killed_or_stopped_each_worker_forks_one_for_itself(start, number):
    element = start("the parent keeps the lines")
    before = element.all_beat()
    os.kill(element.beating, number)
    for worker in range(3):
        element.tell("renew", worker)
    lives = {record.life for record in before.values()}
    element.until(lambda found: len(found) == 3 and lives.isdisjoint(record.life for record in found.values()))
    element.all_beat(after=1)
    os.kill(element.workers[2], signal.SIGKILL)
    assert element.until(lambda found: found[2].state == DIED)[0].state == "alive"


def test_what_goes_wrong_with_one_workers_beats_stops_no_others(start):
    element = start()
    element.all_beat()
    element.tell("fail", element.workers[1])
    records = element.records()
    element.all_beat((0, 2), after=max(record.beats for record in records.values()) + 5)
    (element.path / f"fail{element.workers[1]}").unlink()
    element.tell("renew", 1)  # as it does once it finds itself late
    element.until(lambda found: 1 in found and found[1].life != records[1].life and found[1].beats > 1)
