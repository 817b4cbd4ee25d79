"""What is needed is made young, where old files are deleted; what is not stays old."""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from pathlib import Path

import pytest

from jughpc.app.context.site import Site
from jughpc.app.context.target import Target
from jughpc.app.run.execute import execute
from jughpc.app.upkeep.touch import touch
from jughpc.batch import submissions
from jughpc.config.settings import Settings
from jughpc.errors import JugdirError
from jughpc.fs import OsClock
from jughpc.store.location import Folder, Memory
from jughpc.testing.simlocation import still_lease
from jughpc.worker.element import Place
from jughpc.worker.tally import Options
from tests.app.lab import SUMS

LONG_AGO = 1_000_000_000.0  # [Unix s]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Return a finished jugdir on a real disk, with a failure and a result of no task, all of it old."""
    (tmp_path / "sums.py").write_text(SUMS)
    target = Target(tmp_path / "sums.py", Folder(tmp_path / "sums.jugdata"))
    site = Site(target, Settings(), OsClock(), lambda line: None, tmp_path, still_lease)
    execute(site, Place(), Options())
    store = site.store()
    assert store is not None
    store.put(b"x" * 16, "of no task")
    for name in ("step", "model.ckpt/a.b/c/d/e"):
        path = store.checkpoints.make(b"x" * 16) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("12")
    store.begin(still_lease(target.location, OsClock()).record)
    for path in files(site):
        os.utime(path, (LONG_AGO, LONG_AGO))
    return site


def files(site: Site) -> list[Path]:
    return [path for path in site.location.folder().rglob("*") if path.is_file()]


def old(site: Site) -> set[str]:
    """Return the files either of whose times is old, as a purge by the one or by the other finds them."""
    found = [(path, path.stat()) for path in files(site)]
    paths = [path for path, times in found if min(times.st_atime, times.st_mtime) <= LONG_AGO]
    return {str(path.relative_to(site.location.folder())) for path in paths}


def test_all_that_is_needed_has_new_times_both_of_them_and_what_is_not_stays_old(site):
    before = old(site)
    done = touch(site)
    ended = {name for name in before if name.endswith(".ended")}
    assert old(site) == {f"shards/0/{(b'x' * 16).hex()}", *ended}
    assert done.files.total() == len(before) - 1 - len(ended)
    assert {name.partition("/")[0] for name in before} == {
        "store.yaml", "workers", "shards", "complete", "checkpoints", "manifest", "sources", "measures",
    }  # fmt: skip


def test_a_touch_costs_a_listing_a_folder_and_a_call_a_file(lab):
    lab.submit()
    lab.all_done().life()
    lab.store.mark_complete(0, lab.all())
    lab.orders.calls.clear()
    done = touch(lab.site)
    folders = {path.rpartition("/")[0] for path in lab.disk.paths()}
    assert done.files.total() < done.calls <= done.files.total() + 2 * len(folders) + 12
    assert len(lab.orders.calls) <= done.calls + 10  # the manifest is found, the store opened


def test_what_belongs_to_others_is_told_and_all_else_renewed(lab):
    lab.begin().all_done()
    all_of_it = touch(lab.site).files.total()
    lab.orders.lose_request("touch", errno.EPERM)
    done = touch(lab.site)
    assert (done.refused, done.files.total()) == (["store.yaml"], all_of_it - 1)


def test_an_error_that_is_no_refusal_is_not_passed_over(lab):
    lab.begin().all_done()
    lab.orders.lose_request("touch", errno.EROFS)
    with pytest.raises(OSError, match="ordered"):
        touch(lab.site)


def touched(lab):
    lab.orders.calls.clear()
    touch(lab.site)
    return {path for call, path in lab.orders.calls if call == "touch"}


def test_submissions_that_live_or_are_the_latest_are_renewed_with_their_workers_and_no_others(lab):
    first, second, third = (lab.submit(size=1, again=True).submission for _ in range(3))
    lives = [lab.life("node1", 0, token=one.token).ends().record.life for one in (first, second)]
    for over in (first, third):
        submissions.mark_over(lab.files, over)
    found = touched(lab)
    assert {path.split("/")[1] for path in found if path.startswith("submissions/")} == {"2"}
    assert f"submissions/2/{submissions.RECORD}" in found
    assert (f"workers/{lives[0]}.ended" in found, f"workers/{lives[1]}.ended" in found) == (False, True)


def test_behind_a_barrier_every_result_may_be_needed(labs):
    lab = labs(text="from jug import TaskGenerator, barrier\nf = TaskGenerator(abs)\nx = f(1)\nbarrier()\n").begin()
    lab.done(b"x" * 16)
    assert f"shards/0/{(b'x' * 16).hex()}" in touched(lab)


def test_the_claims_of_the_living_and_failures_are_renewed(lab):
    one, two, *_ = lab.begin().digests("single")
    lab.failed(one).life().claim(two)
    assert {f"shards/0/{one.hex()}.failure", f"shards/0/{two.hex()}.claim.1"} <= touched(lab)


def test_without_a_store_there_is_nothing_to_touch(lab):
    with pytest.raises(JugdirError, match="nothing to touch"):
        touch(lab.site)


def test_a_store_that_is_no_folder_is_not_purged_by_age(lab):
    with pytest.raises(JugdirError, match="needs a folder"):
        touch(replace(lab.site, target=replace(lab.site.target, location=Memory())))


def test_links_that_somebody_planted_lead_to_no_endless_walk(site):
    files = site.location.folder() / "jugfiles"
    files.mkdir()
    for name in "abc":
        (files / name).symlink_to(".")
    with pytest.raises(OSError, match="a link stands in place of a folder"):
        touch(site)
