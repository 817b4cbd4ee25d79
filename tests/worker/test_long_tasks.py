"""Tasks longer than a job: folders that outlive a worker, a word before the time is up, folders on the node."""

from __future__ import annotations

import errno
import fcntl
import signal

import pytest

from jughpc.store.lease.heartbeat import Heartbeat
from jughpc.store.lease.progress import Board
from jughpc.store.memory import MemoryStore
from jughpc.tasks.running import TimeIsUp
from jughpc.testing.clocks import HandClock
from jughpc.worker import scratch
from jughpc.worker.policy import Policy
from jughpc.worker.scratch import Scratch
from jughpc.worker.stops import Interrupted, Stops

TRAIN = """
import jughpc

@TaskGenerator
def train(steps):
    saved = jughpc.checkpoint_dir() / "step"
    step = int(saved.read_text()) if saved.exists() else 0
    runs.append(step)
    try:
        while step < steps:
            clock.sleep(10.0)
            step += 1
    except jughpc.TimeIsUp:
        told.append(clock.wall())
        saved.write_text(str(step))
        raise
    return step

told = []
only = train(50)
"""

BATCH = """
@TaskGenerator
def note(i):
    return train.f(50) if i == 5 else i

tasks = [note(i) for i in range(9)]
"""

SCRATCH = """
import jughpc

@TaskGenerator
def note(i):
    folder = jughpc.scratch_dir()
    assert folder == jughpc.scratch_dir() and not list(folder.iterdir())
    (folder / "large").write_text("x")
    runs.append(folder)
    if i == 1:
        raise ValueError("no")
    return i

tasks = [note(i) for i in range(3)]
"""


@pytest.fixture
def node(tmp_path):
    """Return a folder that is the node's disk."""
    return tmp_path / "node"


def long_worker(bench, text=TRAIN, minutes=5.0, **options):
    """Return a worker of an element that ends in so many minutes, and is sent what its heartbeat sends it."""
    worker = bench.worker(text, deadline=bench.clock.wall() + 60 * minutes, **options)
    bench.clock.knocked = lambda heartbeat: worker.stops.heed(signal.SIGUSR1)
    return worker


def checkpoints(bench):
    return list((bench.jugdir / "checkpoints").glob("*"))


# checkpoints


def test_a_task_longer_than_a_job_goes_on_in_the_next_and_is_done_in_the_end(bench):
    workers = []
    while not bench.store.look(0).done:
        workers.append(long_worker(bench).run())
        assert bench.claims() == []
    assert [worker.runs for worker in workers] == [[0], [23], [46]]
    assert bench.store.get(workers[0].graph.digests[0]) == 50


def test_a_task_is_told_as_long_before_its_end_as_was_asked_for(bench):
    end = bench.clock.wall() + 300
    worker = long_worker(bench, save_time=50.0).run()
    (told,) = worker.space["told"]
    assert end - 30 - 50 <= told <= end - 30 - 50 + 10


def test_no_more_than_a_quarter_of_what_is_left_is_kept_for_saving(bench):
    end = bench.clock.wall() + 150
    worker = long_worker(bench, minutes=2.5, save_time=1000.0).run()
    assert end - 30 - 30 <= worker.space["told"][0] <= end - 30 - 30 + 10


def test_meeting_the_end_is_no_death_and_no_failure_and_no_further_task_is_begun(bench):
    worker = long_worker(bench, TRAIN + "more = train(60)").run()
    view = bench.store.look(0)
    assert (view.failed, view.deaths, view.claims, worker.runs) == (set(), {}, {}, [0])
    assert worker.worker.stopping()
    assert "goes on in the next job" in worker.said[0]


def test_the_folder_is_removed_once_the_result_is_stored_and_not_before(bench):
    seen = []

    def publish(*args):
        seen.append(checkpoints(bench))
        type(bench.store).publish(bench.store, *args)

    bench.store.publish = publish
    long_worker(bench, minutes=60).run()
    assert [len(folders) for folders in seen] == [1]
    assert checkpoints(bench) == []


def test_what_could_not_be_stored_keeps_its_folder(bench):
    def publish(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    bench.store.publish = publish
    worker = long_worker(bench, minutes=60, patience=0.0).run()
    assert (len(worker.runs), len(checkpoints(bench))) == (1, 1)


def test_a_task_that_fails_keeps_what_it_saved(bench):
    worker = bench.worker(TRAIN.replace("return step", "saved.touch(); raise ValueError(step)")).run()
    assert len(bench.store.look(0).failed) == len(checkpoints(bench)) == len(worker.runs)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_who_ends_the_job_early_has_the_task_save_too(bench, number):
    worker = bench.worker(TRAIN)
    bench.clock.at(105.0, lambda: worker.stops.heed(number))
    worker.run()
    assert (bench.worker(TRAIN).run().runs, worker.stops.signal) == ([10], number)


def test_a_task_that_raises_it_by_itself_goes_on_with_the_next_worker(bench):
    text = TRAIN.replace("clock.sleep(10.0)", "if step == 3 and not told: raise jughpc.TimeIsUp")
    assert [bench.worker(text).run().runs for _ in range(2)] == [[0], [3]]


def test_a_task_that_saves_nothing_is_not_told(bench):
    text = "@TaskGenerator\ndef note(i):\n    clock.sleep(280)\n    return i\n\nonly = note(1)"
    assert long_worker(bench, text).run().executed == 1


def test_in_a_batch_what_was_done_before_is_stored(bench, short):
    text = TRAIN.replace("only = train(50)", "") + BATCH
    worker = long_worker(bench, text, policy=short()).run()
    assert (worker.executed, len(bench.store.look(0).done) < 9, bench.claims()) == (
        len(bench.store.look(0).done),
        True,
        [],
    )
    assert [len(worker.space["told"]), len(checkpoints(bench))] == [1, 1]


def test_a_task_that_was_begun_is_begun_again_though_no_time_is_left_for_all_of_it():
    policy = Policy(means={"train": 1000.0})
    assert not policy.fits("train", 100.0)
    policy.saves.add("train")
    assert (policy.fits("train", 100.0), policy.fits("train", 0.0)) == (True, False)


def test_a_short_last_stretch_makes_no_task_a_short_one():
    policy = Policy(means={"train": 1e-6})
    assert policy.is_short("train", 100)
    policy.saves.add("train")
    assert not policy.is_short("train", 100)


def test_where_the_jugdir_is_no_folder_the_task_fails_and_is_told_why(bench):
    store = MemoryStore()
    worker = bench.worker(TRAIN, store=store).run()
    assert "needs a jugdir that is a folder" in store.failure(worker.graph.digests[0]).exception


@pytest.mark.parametrize("name", ["checkpoint_dir", "scratch_dir", "seconds_left"])
def test_outside_a_task_each_says_so(name):
    import jughpc

    with pytest.raises(RuntimeError, match="is of the task that runs, and none does"):
        getattr(jughpc, name)()


@pytest.mark.parametrize("name", ["checkpoint_dir", "scratch_dir"])
def test_a_task_that_no_worker_runs_is_told_what_to_do(bench, name):
    worker = bench.worker(f"import jughpc\nf = TaskGenerator(jughpc.{name})\nonly = f()")
    with pytest.raises(RuntimeError, match="run it by `jughpc execute`"):
        worker.graph.tasks[0].run(save=False)


@pytest.mark.parametrize(("minutes", "left"), [(None, float("inf")), (5.0, 270.0)])
def test_a_task_can_ask_how_long_it_may_still_run(bench, minutes, left):
    text = "import jughpc\n@TaskGenerator\ndef note(i):\n    runs.append(jughpc.seconds_left())\n\nonly = note(1)"
    worker = bench.worker(text, deadline=minutes and bench.clock.wall() + 60 * minutes).run()
    assert worker.runs == [left]


# signals


def heard(stops, number):
    try:
        stops.heed(number)
    except BaseException as error:  # neither is an Exception
        return type(error).__name__
    return ""


def test_a_task_that_saves_is_told_once_and_a_sigterm_meanwhile_does_not_disturb_it():
    stops = Stops()
    with stops.breakable():
        stops.notice()
        assert [heard(stops, number) for number in (signal.SIGUSR1, signal.SIGUSR1, signal.SIGTERM)] == [
            "TimeIsUp",
            "",
            "",
        ]
        stops.no_notice()


def test_who_asks_for_its_folder_after_the_signal_came_is_told_at_once():
    stops = Stops()
    with stops.breakable():
        stops.heed(signal.SIGUSR1)
        with pytest.raises(TimeIsUp):
            stops.notice()


def test_the_task_after_one_that_saved_is_broken_off_as_any_other():
    stops = Stops()
    with stops.breakable():
        stops.notice()
        stops.no_notice()
        assert heard(stops, signal.SIGUSR1) == ""
        with pytest.raises(Interrupted):
            stops.heed(signal.SIGTERM)


def test_what_beats_for_a_worker_knocks_once_when_it_is_time():
    clock, board = HandClock(), Board()
    heartbeat = Heartbeat(lambda: None, clock, lambda pid: (0, 0.0), board)
    assert not heartbeat.takes_knock()
    board.knock = clock.uptime() + 10
    clock.sleep(9)
    assert not heartbeat.takes_knock()
    clock.sleep(1)
    assert [heartbeat.takes_knock(), heartbeat.takes_knock()] == [True, False]


# scratch


def left(node):
    return [path.name for above in node.glob("*") for path in above.iterdir()]


def test_a_scratch_folder_is_empty_and_gone_after_its_task_failed_or_not(bench, node):
    worker = bench.worker(SCRATCH, scratch=node).run()
    assert (worker.executed, len(worker.worker.tally.failures), left(node)) == (2, 1, [])
    assert [folder.parents[2] for folder in worker.runs] == [node] * 3
    assert not any(folder.exists() for folder in worker.runs)


def abandoned(node, host, process):
    """Leave what a worker that was killed leaves; return where."""
    root = node / f"jughpc-scratch-{scratch.host.user_id()}" / f"{host}.{process.pid}.{process.start}.0000cafe"
    (root / "1").mkdir(parents=True, mode=0o700)
    root.parent.chmod(0o700)
    (root / "lock").touch()
    (root / "1" / "large").write_text("x")
    return root


DEAD = scratch.Process(1 << 22, 1)
HERE = scratch.host.hostname()


def test_what_a_killed_worker_left_is_removed_by_the_next_that_needs_room(node):
    root, mine = abandoned(node, HERE, DEAD), Scratch({}, node)
    mine.make()
    assert not root.exists()
    mine.close()
    assert left(node) == []


@pytest.mark.parametrize(
    ("host", "process"),
    [("another", DEAD), (HERE, scratch.host.myself())],
    ids=["of another host", "of a process that lives"],
)
def test_what_may_be_somebodys_is_left(node, host, process):
    root, mine = abandoned(node, host, process), Scratch({}, node)
    mine.make()
    assert (root / "1" / "large").exists()
    mine.close()


def test_what_is_locked_is_left_whatever_its_name_says(node):
    root, mine = abandoned(node, HERE, DEAD), Scratch({}, node)
    with (root / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        mine.make()
        assert root.exists()
    mine.close()


def test_a_folder_that_somebody_else_may_write_to_is_not_used(node):
    root, mine = abandoned(node, HERE, DEAD), Scratch({}, node)
    root.parent.chmod(0o777)
    assert root.parent not in mine.make().parents
    assert root.exists()
    mine.close()


@pytest.mark.parametrize(
    ("environ", "place"),
    [({"JUGHPC_DISK": "a", "TMPDIR": "b"}, "a"), ({"JUGHPC_DISK": "", "TMPDIR": "b"}, "b")],
)
def test_the_disk_that_the_job_got_comes_first(tmp_path, environ, place):
    mine = Scratch({name: str(tmp_path / folder) if folder else "" for name, folder in environ.items()})
    assert mine.make().parents[2] == tmp_path / place
    mine.close()
