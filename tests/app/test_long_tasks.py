"""What tasks saved on their way: it counts as progress, is shown, and is removed with its task."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from jughpc.app.status.explain import explain
from jughpc.app.status.tasks import standing
from jughpc.app.submit.collect import Charge, collect
from jughpc.app.submit.progress import Progress
from jughpc.app.submit.verdict import End
from jughpc.app.upkeep.garbage import remove_garbage
from jughpc.app.upkeep.invalidate import invalidate
from jughpc.fs import OsFiles
from jughpc.store.base import Pace
from jughpc.store.checkpoints import Checkpoints
from jughpc.store.files.opening import make_store, remove_store

STRANGE = b"x" * 16
LONG_AGO = 10**18  # [ns]


@pytest.fixture
def saving(lab, tmp_path):
    """Return a lab whose tasks can save what they have, on a real disk, and the folders of those that did."""
    lab.own = Checkpoints(tmp_path, OsFiles(tmp_path))
    lab.location = replace(lab.location, checkpoints=lab.own)
    return lab.begin()


def save(lab, digest, when=LONG_AGO, name="step"):
    """Have a task save a file of seven bytes; return its folder."""
    folder = lab.own.make(digest)
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text("step 12")
    os.utime(folder / name, ns=(when, when))
    return folder


def progress(lab):
    return Progress.of(standing(lab.site), lab.store)


# progress


def test_what_was_saved_since_is_progress_and_an_empty_folder_is_none(saving):
    (digest, *_), before = saving.digests("single"), progress(saving)
    saving.own.make(digest)
    assert not progress(saving).is_beyond(before)
    save(saving, digest)
    now = progress(saving)
    assert now.is_beyond(before)
    assert not progress(saving).is_beyond(now)


def test_a_result_is_progress_though_what_was_saved_on_its_way_is_removed():
    assert Progress(3).is_beyond(Progress(2, saved=17))
    assert not Progress(2).is_beyond(Progress(2, saved=17))


@pytest.mark.parametrize("text", ["3.1", "3.1.17", "0.0"])
def test_progress_is_read_as_it_was_written_by_this_version_and_the_last(text):
    assert str(Progress.read(text)) == text


@pytest.mark.parametrize(("is_saved", "end"), [(True, End.HANDED_OVER), (False, End.ALONE)])
def test_an_array_that_saved_is_followed_by_another_and_one_that_brought_nothing_is_not(saving, is_saved, end):
    before = progress(saving)
    saving.submit(size=1)
    saving.clock.sleep(5)
    if is_saved:
        save(saving, saving.digests("single")[0])
    saving.exit(3)
    assert collect(saving.site, saving.clusters, Charge(1, 2, before)).end is end


# upkeep


def test_explain_tells_what_a_task_saved(saving):
    digest = saving.digests("single")[0]
    assert explain(saving.site, saving.clusters, digest.hex()).tasks[0].saved is None
    folder = save(saving, digest)
    save(saving, digest, name="below/more")
    saved = explain(saving.site, saving.clusters, digest.hex()).tasks[0].saved
    assert saved[:3] == (folder, 2, 14)
    assert saved.when >= LONG_AGO


def test_a_cleanup_removes_what_tasks_saved_that_are_done_or_no_more_and_nothing_else(saving):
    going, done, *_ = saving.digests("single")
    for digest in (going, done, STRANGE):
        save(saving, digest)
    saving.done(done)
    removed = remove_garbage(saving.site, saving.clusters, 0)
    assert (removed.leftovers.checkpoints, saving.own.there()) == (1, {going})


def test_who_invalidates_a_task_has_it_begin_anew(saving):
    one, *_ = saving.digests("single")
    (other,) = saving.digests("total")
    for digest in (one, other, STRANGE):
        save(saving, digest)
    invalidate(saving.site, lambda name: name.endswith(".total"), 0)
    assert saving.own.there() == {one, STRANGE}


def test_a_link_in_place_of_the_folder_leads_nobody_astray(saving, tmp_path):
    elsewhere = tmp_path / "elsewhere" / STRANGE.hex()
    elsewhere.mkdir(parents=True)
    (tmp_path / "checkpoints").symlink_to(elsewhere.parent)
    with pytest.raises(NotADirectoryError):
        saving.own.remove({STRANGE})
    with pytest.raises(NotADirectoryError):
        saving.own.make(b"y" * 16)
    assert elsewhere.exists()


def test_a_store_is_removed_with_what_tasks_saved(tmp_path):
    make_store(tmp_path / "jugdir", 1, "0", Pace()).checkpoints.make(STRANGE)
    remove_store(tmp_path / "jugdir")
    assert not (tmp_path / "jugdir").exists()
