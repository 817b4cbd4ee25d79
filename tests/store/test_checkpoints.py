"""What stands in place of a task's folder, or in it: nothing outside is looked at, changed or removed."""

from __future__ import annotations

import os
import stat

import pytest

from jughpc.fs import OsFiles
from jughpc.store.checkpoints import CHECKPOINTS, Checkpoints
from tests.odd import ODD

TASK = b"x" * 16
LINKS = {"link": lambda path: path.symlink_to(path.parents[2] / "outside")}


@pytest.fixture
def own(tmp_path):
    """Return the folders of a jugdir beside a folder of somebody's, with a file in it."""
    for folder in ("jugdir", "outside"):
        (tmp_path / folder).mkdir()
    (tmp_path / "outside/state").write_text("mine")
    return Checkpoints(tmp_path / "jugdir", OsFiles(tmp_path / "jugdir"))


@pytest.fixture
def place(own, tmp_path):
    """Return where the folder of a task belongs, with nothing there yet."""
    own.make(TASK).rmdir()
    return tmp_path / "jugdir" / CHECKPOINTS / TASK.hex()


@pytest.mark.parametrize("odd", [*ODD, *LINKS])
def test_whatever_stands_in_place_of_a_tasks_folder_is_not_looked_into_and_is_put_out_of_the_way(own, place, odd):
    (ODD | LINKS)[odd](place)
    saved = own.saved(TASK)
    assert (saved.files, saved.size, own.latest(), list(own.paths(TASK))) == (0, 0, 0, [])
    (own.make(TASK) / "state").write_text("7")
    assert own.saved(TASK).files == 1


@pytest.mark.parametrize("odd", [*ODD, *LINKS])
def test_it_is_removed_with_its_task_and_nothing_outside_is(own, place, tmp_path, odd):
    (ODD | LINKS)[odd](place)
    assert own.remove([TASK]) == 1
    assert own.there() == set()
    assert (tmp_path / "outside/state").read_text() == "mine"


def test_links_among_what_a_task_saved_lead_nowhere(own, tmp_path):
    folder = own.make(TASK)
    (folder / "deep.er").mkdir()
    (folder / "deep.er/state").write_text("7")
    (folder / "all").symlink_to("/")
    (folder / "one").symlink_to(tmp_path / "outside/state")
    assert own.saved(TASK)[1:3] == (1, 1)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize(("jugdir", "wanted"), [(0o770, (0o660, 0o770)), (0o755, (0o600, 0o700))])
def test_what_is_saved_is_the_groups_where_the_jugdir_is_whatever_the_umask_of_the_task(own, tmp_path, jugdir, wanted):
    (tmp_path / "jugdir").chmod(jugdir)
    before = os.umask(0o077)
    try:
        folder = own.make(TASK)
        (folder / "deep").mkdir()
        (folder / "deep/state").write_text("7")
        (folder / "link").symlink_to(tmp_path / "outside/state")
        os.link(tmp_path / "outside/state", folder / "second")
        (tmp_path / "outside/state").chmod(0o600)
        own.share(folder)
    finally:
        os.umask(before)
    assert (mode(folder / "deep/state"), mode(folder / "deep")) == wanted
    assert mode(tmp_path / "outside/state") == 0o600
