"""A jugdir on a real disk that lost files to a purge: what is gone is noticed, told, and computed again."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

from jughpc.app.context import session as sessions
from jughpc.app.context.site import Site
from jughpc.app.context.target import Target
from jughpc.app.run.execute import execute
from jughpc.app.status.report import report
from jughpc.app.status.tasks import standing, sure
from jughpc.app.submit.collect import Charge, collect
from jughpc.app.submit.more import add
from jughpc.app.submit.submit import plan_submission
from jughpc.app.submit.verdict import End
from jughpc.app.upkeep.repair import repair
from jughpc.batch.clusters import Clusters
from jughpc.config.settings import Settings
from jughpc.errors import JugdirError
from jughpc.exitcode import ExitCode
from jughpc.fs import OsClock
from jughpc.store.base import Pace, by_shard
from jughpc.store.location import Folder
from jughpc.tasks.task import Task
from jughpc.testing.simlocation import still_lease
from jughpc.worker.element import Place
from jughpc.worker.tally import Options

SUMS = """
from pathlib import Path
from jug import TaskGenerator

def note(line):
    with open(Path(__file__).with_name("ran"), "a") as file:
        file.write(line)

@TaskGenerator
def square(n):
    note(f"square {n}\\n")
    return n * n

@TaskGenerator
def add(n, a, b):
    note(f"add {n}\\n")
    return a + b

squares = [square(n) for n in range(150)]
sums = [add(n, a, b) for n, (a, b) in enumerate(zip(squares, squares[1:]))]
"""

SHARDS = 16


@dataclass
class Scratch:
    """A finished jugdir of SHARDS shards on a real disk.

    Attributes:
        said: What its commands said.
    """

    site: Site
    said: list[str]

    @property
    def folder(self) -> Path:
        return self.site.location.folder()

    def again(self) -> Site:
        """Return the site as another command finds it."""
        return Site(self.site.target, Settings(), OsClock(), self.said.append, self.site.folder, still_lease)

    def execute(self) -> int:
        """Be a worker; return the exit code."""
        return execute(self.again(), Place(), Options()).code

    def tasks(self) -> list[Task]:
        return sessions.peek(self.again()).jugfile.tasks

    def missing(self) -> list[str]:
        """Return what the tasks write that have no result, by a look into each shard."""
        tasks, store = {task.digest: task for task in self.tasks()}, self.site.location.find()
        lost = [tasks[digest] for digest in store.missing(tasks)] if store else tasks.values()
        return sorted(f"{task.name.rpartition('.')[2]} {task.args[0]}" for task in lost)

    def values(self) -> list[object]:
        """Return all results, in the order of definition."""
        return [task.value() for task in self.tasks()]

    def ran(self) -> list[str]:
        """Return what ran since this was last asked."""
        path = self.site.folder / "ran"
        lines = path.read_text().splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return sorted(lines)


@pytest.fixture
def scratch(tmp_path: Path) -> Scratch:
    (tmp_path / "sums.py").write_text(SUMS)
    said: list[str] = []
    target = Target(tmp_path / "sums.py", Folder(tmp_path / "sums.jugdata"))
    site = Site(target, Settings(), OsClock(), said.append, tmp_path, still_lease)
    site.make(SHARDS * 500)
    made = Scratch(site, said)
    assert made.execute() == ExitCode.DONE
    made.ran()
    said.clear()
    return made


def some(paths: Iterable[Path], dice: random.Random, most: int = 3) -> list[Path]:
    return dice.sample(sorted(paths), dice.randint(1, most))


def files(folder: Path, dice: random.Random) -> list[Path]:
    return some(folder.glob("shards/*/*"), dice)


def shards(folder: Path, dice: random.Random) -> list[Path]:
    return some(folder.glob("shards/*"), dice)


def marks(folder: Path, dice: random.Random) -> list[Path]:
    return some(folder.glob("complete/*"), dice)


def marks_and_files(folder: Path, dice: random.Random) -> list[Path]:
    return marks(folder, dice) + files(folder, dice)


def half_of_all_files(folder: Path, dice: random.Random) -> list[Path]:
    every = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "store.yaml")
    return dice.sample(every, len(every) // 2)


def a_folder(name: str) -> Callable[[Path, random.Random], list[Path]]:
    return lambda folder, dice: [folder / name]


FOLDERS = ("shards", "complete", "workers", "manifest", "sources")
PURGES = {
    **{purge.__name__: purge for purge in (files, shards, marks, marks_and_files, half_of_all_files)},
    **{name: a_folder(name) for name in FOLDERS},
}


def remove(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink()


@pytest.fixture(params=[(kind, seed) for kind in PURGES for seed in range(3)], ids=lambda one: f"{one[0]}-{one[1]}")
def purged(scratch: Scratch, request: pytest.FixtureRequest) -> Scratch:
    """Return a jugdir that a purge has been at."""
    kind, seed = request.param
    for path in PURGES[kind](scratch.folder, random.Random(seed)):
        remove(path)
    return scratch


def test_after_any_purge_what_is_left_is_told_and_exactly_what_is_gone_runs_again(scratch, purged):
    lost = purged.missing()
    assert standing(purged.again()).unfinished == len(lost)
    assert report(purged.again(), Clusters(OsClock())).is_well == (not lost)
    assert purged.execute() == ExitCode.DONE
    assert purged.ran() == lost
    assert purged.values() == [n * n for n in range(150)] + [n * n + (n + 1) ** 2 for n in range(149)]


def test_a_worker_computes_again_what_is_gone_under_a_mark_without_anybody_having_looked(scratch):
    remove(next(scratch.folder.glob("shards/*")))
    lost = scratch.missing()
    assert scratch.execute() == ExitCode.DONE
    assert scratch.ran() == lost
    assert f"{len(lost)} results are gone, in 1 shard" in scratch.said[1]


def test_who_sees_a_loss_says_it_and_takes_the_marks_back(scratch):
    for path in sorted(scratch.folder.glob("shards/*"))[:2]:
        remove(path)
    assert standing(scratch.again()).gone
    (words,) = scratch.said
    assert f"{len(scratch.missing())} results are gone, in 2 shards that had them" in words
    assert len(list(scratch.folder.glob("complete/*"))) == SHARDS - 2
    assert not standing(scratch.again()).gone
    assert scratch.said == [words]


@pytest.mark.parametrize("seed", range(3))
def test_a_jugdir_that_lost_its_charter_and_more_is_repaired_and_completed(scratch, seed):
    dice = random.Random(seed)
    for path in [scratch.folder / "store.yaml", *files(scratch.folder, dice), *shards(scratch.folder, dice)]:
        if path.exists():
            remove(path)
    with pytest.raises(JugdirError, match=r"half-deleted.*jughpc repair"):
        scratch.execute()
    found = repair(scratch.folder, Pace(), OsClock())
    lost = scratch.missing()
    assert (found.made, found.shards, found.tasks, found.done) == (True, SHARDS, 299, 299 - len(lost))
    assert sum(found.gone.values()) == len(lost) > 0
    assert scratch.execute() == ExitCode.DONE
    assert scratch.ran() == lost


def test_without_a_manifest_a_repair_makes_the_charter_and_knows_of_no_tasks(scratch):
    for name in ("store.yaml", "manifest"):
        remove(scratch.folder / name)
    found = repair(scratch.folder, Pace(), OsClock())
    assert (found.made, found.shards, found.tasks) == (True, SHARDS, None)
    assert not scratch.missing()


def test_that_a_shards_folder_is_gone_is_seen_without_a_look_into_any(scratch):
    remove(next(scratch.folder.glob("shards/*")))
    assert standing(scratch.again(), looks=0).unfinished == len(scratch.missing())


# of a store of many shards, of which a look sees a few

WIDE = "from jug import TaskGenerator\nf = TaskGenerator(abs)\nxs = [f(i) for i in range(1, 600)]\n"


@pytest.fixture
def wide(labs):
    """Return a lab whose store of 256 shards lost one result, under the mark of its shard."""
    lab = labs(text=WIDE)
    lab.location.make(256 * 512, Pace())
    lab.begin()
    lab.done_by = lab.submit(size=2, reduce=lab.reduce_script())
    lab.all_done()
    store, digests = lab.store, lab.all()
    for shard, tasks in by_shard(store.shard_of, digests).items():
        store.mark_complete(shard, tasks)
    lab.clock.sleep(5)
    lab.disk.remove(next(path for path in lab.disk.paths() if path.startswith("shards/")))
    return lab


def test_a_deep_check_sees_the_one_result_that_is_gone(wide):
    assert standing(wide.site, looks=None).unfinished == 1


def test_nobody_who_would_act_on_it_takes_all_for_done_while_one_result_is_gone(wide):
    assert sure(wide.site, standing(wide.site)).unfinished == 1


def test_a_collector_hands_on_what_is_gone(wide):
    wide.exit(0)
    verdict = collect(wide.site, wide.clusters, Charge(1, 2, None))
    assert (verdict.end, verdict.standing.unfinished) == (End.HANDED_OVER, 1)


def test_a_submission_runs_what_is_gone(wide):
    wide.exit(0)
    request = wide.request(5, again=True)
    assert plan_submission(wide.site, wide.clusters, request).submission.workload.size == 1


def test_a_worker_by_hand_computes_the_one_result_that_is_gone_and_the_others_stay(wide):
    wide.exit(0)
    options = Options(is_thorough=True)
    assert execute(wide.site, Place(), options).tally.executed == {"builtins.abs": 1}
    assert execute(wide.site, Place(), options).tally.executed == {}


def test_further_elements_run_what_is_gone(wide):
    assert add(wide.site, wide.clusters, 3).accepted
