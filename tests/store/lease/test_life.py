from __future__ import annotations

import mmap
import os
import signal
import struct
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace

import pytest

from jughpc import host
from jughpc.fs import OsClock, OsFiles
from jughpc.store.base import Pace
from jughpc.store.files.layout import Layout
from jughpc.store.files.liveness import WORKERS
from jughpc.store.files.store import FileStore
from jughpc.store.lease.ending import End
from jughpc.store.lease.heartbeat import Heartbeat
from jughpc.store.lease.identity import is_gone, new_record
from jughpc.store.lease.process import BeatProcess, alone
from jughpc.store.lease.progress import Board
from jughpc.store.record import ALIVE, CRASH, DIED, MEMORY, TIME, TOLD, UNKNOWN, ElementRef, Record
from jughpc.testing.clocks import HandClock

QUICK = Pace(beat=0.05, lag=0.01, ttl=100.0)  # late after 50 s only, for this machine may be busy
PATIENCE = 60.0  # [s] after which a test gives up

WORKER = """
import os, subprocess, sys, time
from pathlib import Path
from jughpc.fs import OsClock, OsFiles
from jughpc.store.base import Pace
from jughpc.store.files.store import FileStore
from jughpc.store.lease.identity import is_gone
from jughpc.store.lease.process import BeatProcess, alone
from jughpc.store.files.layout import Layout
from jughpc.store.record import ElementRef

store = FileStore(OsFiles(Path(sys.argv[1])), OsClock(), Layout(0), Pace(0.05, 0.01, 100.0), is_gone)
beating = BeatProcess(lambda: store, OsClock(), lambda pid: (1 << 20, 0.5))
lease = alone(beating, OsClock(), ElementRef("0a1b2c3d", 2, 1), "slurm:1_2.1")
lease.begin(store)
lease.note("mod.f", b"d" * 16, OsClock().uptime())
if sys.argv[2].endswith("keeps the pipe open"):
    subprocess.Popen(["sleep", "30"], close_fds=False, pass_fds=[lease._beats._orders.number])
print(lease.record.life, lease._beats._pid, flush=True)
if sys.argv[2].startswith("ends"):
    sys.stdin.readline()
    lease.end("its work ended")
else:
    time.sleep(120)
"""


class Process:
    """A worker process of its own, with its beat process."""

    def __init__(self, path, behaviour="works"):
        self.store = FileStore(OsFiles(path), OsClock(), Layout(0), QUICK, is_gone)
        self.process = subprocess.Popen(
            [sys.executable, "-c", WORKER, str(path), behaviour],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
        self.life, heartbeat = self.process.stdout.readline().split()
        self.heartbeat = int(heartbeat)

    def record(self):
        (record,) = self.store.records()
        return record

    def until(self, condition):
        """Return the record once it fulfils `condition`."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if condition(record := self.record()):
                return record
        raise AssertionError(f"it never came: {self.record()}")

    def close(self):
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()


@pytest.fixture
def start(tmp_path):
    processes = []

    def start_process(behaviour="works"):
        processes.append(Process(tmp_path, behaviour))
        return processes[-1]

    yield start_process
    for process in processes:
        process.close()


def gone(pid):
    """Wait until a process is no more."""
    end = time.monotonic() + PATIENCE
    while host.alive(host.process(pid)):
        assert time.monotonic() < end
    return True


# real processes


def test_a_worker_ends_though_a_process_that_it_left_behind_holds_its_pipes(start):
    worker = start("ends, but somebody keeps the pipe open")
    worker.process.stdin.write("\n")
    worker.process.stdin.flush()
    assert worker.process.wait(PATIENCE) == 0
    assert gone(worker.heartbeat)
    assert worker.store.records() == []


def test_a_worker_beats_while_it_works(start):
    worker = start()
    first = worker.until(lambda record: record.beats > 0)
    assert worker.until(lambda record: record.beats > first.beats).state == "alive"


def test_the_record_says_what_runs_and_what_it_uses(start):
    record = start().until(lambda record: record.beats > 1)
    assert (record.task, record.digest) == ("mod.f", (b"d" * 16).hex())
    assert 0 <= record.since - record.begun < 60
    assert (record.owner, record.element, record.memory, record.cpu) == ("slurm:1_2.1", 2, 1 << 20, 0.5)


def test_the_death_of_a_worker_is_written_down_at_once(start):
    worker = start()
    worker.until(lambda record: record.beats > 0)
    worker.process.kill()
    record = worker.until(lambda record: record.state == DIED)
    assert "SIGKILL" in record.reason
    assert record.task == "mod.f"


def test_a_death_before_the_first_beat_is_written_down_too(start):
    worker = start()
    worker.process.kill()
    assert worker.until(lambda record: record.state == DIED).life == worker.life


def test_children_of_the_worker_that_keep_the_pipe_open_hide_its_death_for_a_beat_only(start):
    worker = start("keeps the pipe open")
    worker.until(lambda record: record.beats > 0)
    worker.process.kill()
    assert worker.until(lambda record: record.state == DIED)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGXCPU])
def test_a_signal_to_the_beat_process_does_not_end_it(start, number):
    worker = start()
    worker.until(lambda record: record.beats > 0)
    os.kill(worker.heartbeat, number)
    beats = worker.record().beats
    assert worker.until(lambda record: record.beats > beats + 1)


def test_a_signal_that_ends_the_whole_group_leaves_a_witness(start):
    worker = start()
    worker.until(lambda record: record.beats > 0)
    os.killpg(worker.process.pid, signal.SIGTERM)
    assert worker.until(lambda record: record.state == DIED)


def test_the_beat_process_ends_with_its_worker(start):
    worker = start()
    worker.until(lambda record: record.beats > 0)
    worker.process.kill()
    worker.process.wait()
    assert gone(worker.heartbeat)


def test_a_clean_end_leaves_no_living_record(start):
    worker = start("ends")
    worker.until(lambda record: record.beats > 0)
    worker.process.communicate("\n")
    assert worker.store.records() == []
    assert worker.store.ended() == [worker.life]
    assert gone(worker.heartbeat)


# one process, its lives


@pytest.fixture
def store(tmp_path):
    return FileStore(OsFiles(tmp_path), OsClock(), Layout(0), QUICK, is_gone)


class SharedClock(HandClock):
    """A clock that the test moves for its beat process too."""

    def __init__(self):
        self._memory = mmap.mmap(-1, 8)
        super().__init__()

    @property
    def time(self):
        return struct.unpack("d", self._memory[:8])[0]

    @time.setter
    def time(self, time):
        self._memory[:8] = struct.pack("d", time)


@pytest.fixture
def clock():
    return SharedClock()


@pytest.fixture
def lease(store, clock):
    lease = alone(BeatProcess(lambda: store, clock, lambda pid: (0, 0.0)), clock)
    yield lease
    lease.end("the test ended")


def until(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end


def test_a_life_is_on_record_once_it_began(lease, store):
    assert store.records() == []
    lease.begin(store)
    assert [record.life for record in store.records()] == [lease.record.life]


def test_a_worker_is_sent_a_signal_once_it_is_the_time_it_named(lease, store, clock):
    heard = []
    before = signal.signal(signal.SIGUSR1, lambda number, frame: heard.append(clock.uptime()))
    try:
        lease.begin(store)
        lease.knock_at(clock.uptime() + 10)
        clock.sleep(10)
        until(lambda: heard)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert heard == [clock.uptime()]


def test_a_life_is_late_when_its_last_beat_is_too_long_ago(lease, store, clock):
    lease.begin(store)
    clock.sleep(QUICK.late)
    assert not lease.late()
    clock.sleep(0.1)
    assert lease.late()


def test_a_renewed_life_has_another_name_and_beats(lease, store, clock):
    lease.begin(store)
    former = lease.record.life
    clock.sleep(QUICK.late + 1)
    lease.renew("was late")
    (record,) = store.records()
    assert record.life == lease.record.life != former
    assert store.ended() == [former]
    assert not lease.late()
    until(lambda: store.records()[0].beats > 0)


def test_a_life_can_be_renewed_after_its_beat_process_was_killed(lease, store):
    lease.begin(store)
    os.kill(lease._beats._pid, signal.SIGKILL)
    lease.renew("was late")
    until(lambda: store.records()[0].beats > 0)


def test_renewing_leaves_no_descriptor_behind(lease, store):
    lease.begin(store)
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        os.kill(lease._beats._pid, signal.SIGKILL)
        lease.renew("was late")
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_life_that_could_not_be_renewed_stays_late(lease, store, clock, tmp_path):
    lease.begin(store)
    clock.sleep(QUICK.late + 1)
    (tmp_path / WORKERS).rename(tmp_path / "away")
    (tmp_path / WORKERS).write_text("in the way")
    with pytest.raises(NotADirectoryError):
        lease.renew("was late")
    assert lease.late()
    (tmp_path / WORKERS).unlink()
    (tmp_path / "away").rename(tmp_path / WORKERS)
    lease.renew("was late")
    assert not lease.late()


# the heartbeat, by a clock that the test moves


class Beating:
    """A heartbeat that beats for one life, and its worker's board."""

    def __init__(self, store, clock):
        self.board = Board()
        self.board.beaten = clock.uptime()
        self.heartbeat = Heartbeat(lambda: store, clock, lambda pid: (0, 0.0), self.board)
        self.record = new_record(clock.wall())
        store.begin(self.record)
        self.heartbeat.begin(self.record)


@pytest.fixture
def calm(tmp_path, clock):
    return FileStore(OsFiles(tmp_path), clock, Layout(0), Pace(), is_gone)


def test_a_beat_shows_on_the_board_when_it_was_on_its_way(calm, clock):
    beating = Beating(calm, clock)
    clock.sleep(15)
    assert beating.heartbeat.beat() == Pace().beat
    assert beating.board.beaten == clock.uptime()


def test_a_life_whose_record_was_taken_away_is_late_at_once(calm, clock):
    beating = Beating(calm, clock)
    clock.sleep(15)
    calm.forget_life(beating.record.life)
    assert beating.heartbeat.beat() <= 1.0
    assert clock.uptime() - beating.board.beaten > Pace().late


def test_a_beat_that_failed_is_tried_again_soon_and_leaves_the_board(calm, clock):
    beating = Beating(calm, clock)
    clock.sleep(15)
    record = calm._files.root / "workers" / beating.record.life
    record.rename(record.with_name("aside"))
    record.mkdir()
    assert beating.heartbeat.beat() <= 1.0
    assert beating.board.beaten == 0.0


def test_a_life_that_was_late_is_not_beaten_for_again(calm, clock):
    """Suspended together, the beat process may wake first: the worker must still see that it was late."""
    beating = Beating(calm, clock)
    clock.sleep(Pace().late + 1)
    beating.heartbeat.beat()
    assert calm.records()[0].beats == 0
    assert clock.uptime() - beating.board.beaten > Pace().late


def test_a_heart_that_was_stopped_beats_for_nobody(calm, clock):
    beating = Beating(calm, clock)
    beating.heartbeat.stop()
    beating.heartbeat.beat()
    assert calm.records()[0].beats == 0


def test_a_heart_says_that_its_worker_died(calm, clock):
    beating = Beating(calm, clock)
    beating.heartbeat.beat()
    beating.heartbeat.say_that_it_died(End(UNKNOWN, "killed by SIGKILL"))
    (record,) = calm.records()
    assert (record.state, record.reason, record.how, record.beats) == (DIED, "killed by SIGKILL", UNKNOWN, 2)


@pytest.mark.parametrize(
    ("how", "told", "deadline", "expected"),
    [
        (UNKNOWN, True, 0.0, TOLD), (CRASH, True, 0.0, CRASH), (UNKNOWN, False, 10.0, TIME), (TOLD, False, 10.0, TIME),
        (UNKNOWN, False, 11.0, TOLD),
        (UNKNOWN, False, 1000.0, UNKNOWN), (MEMORY, True, 10.0, MEMORY),
    ],
)  # fmt: skip
def test_what_ends_a_job_is_told_from_what_a_task_does(calm, clock, how, told, deadline, expected):
    beating = Beating(calm, clock)
    beating.heartbeat.beat()
    if deadline:
        beating.board.deadline, beating.board.has_all_time = clock.wall() + deadline, deadline != 11.0
    if told:
        beating.heartbeat.tell_of_the_end()
    beating.heartbeat.say_that_it_died(End(how, "it died"))
    assert calm.records()[0].how == expected


def test_that_a_job_is_being_ended_is_told_while_its_worker_lives(calm, clock):
    """For what beats may be killed with it."""
    beating = Beating(calm, clock)
    beating.heartbeat.tell_of_the_end()
    beating.heartbeat.beat()
    assert (calm.records()[0].state, calm.records()[0].how) == (ALIVE, TOLD)


# who is who


def test_this_very_process_is_not_gone():
    assert not is_gone(new_record(0.0))


def test_a_process_that_ended_is_gone():
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    child.wait()
    record = new_record(0.0)
    assert is_gone(replace(record, pid=child.pid))


def test_a_process_under_a_used_pid_is_another():
    record = new_record(0.0)
    assert is_gone(replace(record, started=record.started + 1))


@pytest.mark.parametrize("elsewhere", [{"host": "another"}, {"space": "boot-2"}])
def test_a_process_elsewhere_may_live_whatever_its_pid(elsewhere):
    record = new_record(0.0)
    assert not is_gone(replace(record, pid=1 << 22, **elsewhere))


def test_a_zombie_is_gone():
    child = os.fork()
    if not child:
        os._exit(0)
    until(lambda: not host.alive(host.process(child)))
    os.waitpid(child, 0)


@pytest.mark.parametrize("ref", [None, ElementRef("0a1b2c3d", 0), ElementRef("ffffffff", 10**9 - 1, 10**12 - 1)])
def test_the_name_of_a_life_is_a_safe_file_name_and_unique_and_tells_the_element(ref):
    first, second = (new_record(0.0, ref, "über/../owner").life for _ in range(2))
    assert ElementRef.of_life(first) == ref
    assert first != second
    assert set(first) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
    assert 0 < len(first) <= 112


def test_a_board_carries_what_runs_over_to_the_record():
    board = Board()
    board.note("mod.größe" * 100, b"d" * 16, 7.5)
    board.count(3, 1)
    clock = HandClock(wall=1000.0)
    clock.sleep(10.0)
    record = board.onto(Record(life="l", host="h", space="s", pid=1, started=1, user="u"), clock)
    assert record.task.startswith("mod.größe")
    assert (record.digest, record.since, record.done, record.failed) == ((b"d" * 16).hex(), 1007.5, 3, 1)


def test_a_board_on_which_nothing_runs_says_so():
    board = Board()
    board.note("mod.f", b"d" * 16, 7.5)
    board.note("", b"", 0.0)
    record = board.onto(Record(life="l", host="h", space="s", pid=1, started=1, user="u"), HandClock())
    assert (record.task, record.digest) == ("", "")
