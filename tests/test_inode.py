"""Odd things where a file was meant, and who may use what is made."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from jughpc.errors import JugdirError
from jughpc.fs import OsFiles
from jughpc.inode import OddFileError
from jughpc.store.base import Pace
from jughpc.store.files.opening import make_store, open_store
from tests.odd import listening

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be two users")


def loop(path):
    path.symlink_to(path.name)


def to_zero(path):
    path.symlink_to("/dev/zero")


def dangling(path):
    path.symlink_to("nowhere")


ODD = {"pipe": os.mkfifo, "folder": os.mkdir, "socket": listening, "loop": loop, "zero": to_zero, "dangling": dangling}
NAMES = ["store.yaml", "workers/x", "shards/0/" + "ab" * 16, "shards/0/" + "ab" * 16 + ".failure", "shards/0/a.pack",
         "shards/0/shard.claim.1", "shards/0/" + "ab" * 16 + ".claim.1"]  # fmt: skip


@pytest.fixture(params=ODD)
def odd(request):
    return ODD[request.param]


@pytest.mark.parametrize("verb", ["read", "map"])
def test_only_regular_files_are_read(tmp_path, odd, verb):
    odd(tmp_path / "name")
    with pytest.raises(OddFileError, match="no regular file"):
        getattr(OsFiles(tmp_path), verb)("name")


@pytest.mark.parametrize("name", NAMES)
def test_a_store_goes_on_without_what_is_no_file(tmp_path, odd, name):
    make_store(tmp_path / "jugdir", 1, "1", Pace())
    path = tmp_path / "jugdir" / name
    path.parent.mkdir(exist_ok=True, parents=True)
    path.unlink(missing_ok=True)
    odd(path)
    if name == "store.yaml":
        with pytest.raises(JugdirError, match="no regular file"):
            open_store(tmp_path / "jugdir")
        return
    store = open_store(tmp_path / "jugdir")
    store.look(0)
    assert store.records() == []
    assert store.failure(b"\xab" * 16) is None
    assert store.observer().proof(0, b"\xab" * 16, 1) == ""
    assert store.claimant(0, b"\xab" * 16, 1) is None


def test_a_large_sparse_file_is_read_no_further_than_a_record_goes(tmp_path):
    store = make_store(tmp_path / "jugdir", 1, "1", Pace())
    for name in ("workers/x", "shards/0/shard.claim.1"):
        path = tmp_path / "jugdir" / name
        path.parent.mkdir(exist_ok=True, parents=True)
        with path.open("wb") as file:
            file.truncate(8 << 30)
    assert store.records() == []
    assert store.claimant(0, b"", 1) is None


def modes(folder):
    """Return the modes of all in `folder`, by whether it is a folder."""
    found = {True: set(), False: set()}
    for path in [folder, *folder.rglob("*")]:
        found[path.is_dir()].add(stat.S_IMODE(path.stat().st_mode))
    return found


@pytest.fixture(params=[0o022, 0o077, 0o002])
def umask(request):
    former = os.umask(request.param)
    yield request.param
    os.umask(former)


def test_what_lies_in_a_groups_folder_is_the_groups_whatever_the_umask(tmp_path, umask):
    tmp_path.chmod(0o2770)
    store = make_store(tmp_path / "jugdir", 1, "1", Pace())
    store.put(b"\xab" * 16, 7)
    found = modes(tmp_path / "jugdir")
    assert all(mode & 0o2770 == 0o2770 for mode in found[True])
    assert all(mode & 0o660 == 0o660 for mode in found[False])


def test_what_lies_in_a_private_folder_is_private_whatever_the_umask(tmp_path, umask):
    (tmp_path / "jugdir").mkdir()
    (tmp_path / "jugdir").chmod(0o700)
    store = make_store(tmp_path / "jugdir", 1, "1", Pace())
    store.put(b"\xab" * 16, 7)
    assert modes(tmp_path / "jugdir") == {True: {0o700}, False: {0o600}}


@pytest.mark.parametrize("folder", [0o700, 0o755, 0o2770, 0o777])
def test_a_file_that_is_made_for_its_owner_alone_is_so_in_any_folder(tmp_path, umask, folder):
    tmp_path.chmod(folder)
    OsFiles(tmp_path).write("made/secret", [b"x"], mode=0o700)
    assert (tmp_path / "made" / "secret").stat().st_mode & 0o777 == 0o700


def test_what_lies_in_ones_own_folder_is_as_the_umask_says(tmp_path, umask):
    tmp_path.chmod(0o755)
    store = make_store(tmp_path / "jugdir", 1, "1", Pace())
    store.put(b"\xab" * 16, 7)
    assert modes(tmp_path / "jugdir") == {True: {0o777 & ~umask}, False: {0o666 & ~umask}}


JUGFILE = "from jug import TaskGenerator\n\n@TaskGenerator\ndef double(x):\n    return 2 * x\n\nrow = [double(i) for i in range({})]\n"  # noqa: E501


@pytest.fixture
def open_path():
    """Return a folder that all users may enter: pytest shuts its own for others whenever a session begins."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@needs_root
@pytest.mark.local
@pytest.mark.parametrize("bits", ["022", "077"])
def test_two_users_of_a_group_work_in_one_jugdir(open_path, bits):
    tmp_path = open_path
    place = tmp_path / "project"
    place.mkdir()
    os.chown(place, 0, 4000)
    place.chmod(0o2770)

    def trust(user):
        return run(user, "trust", jugfile="")

    def run(user, *words, jugfile="jugfile.py"):
        home = tmp_path / f"home-{user}"
        home.mkdir(exist_ok=True)
        os.chown(home, user, 4000)
        command = " ".join([sys.executable, "-m", "jughpc", words[0], jugfile or str(place), *words[1:]])
        reads = "-all,+dac_read_search"  # Python itself may lie in root's own home
        users = ["setpriv", f"--reuid={user}", "--regid=4000", "--clear-groups"]
        users += [f"--inh-caps={reads}", f"--ambient-caps={reads}"]
        return subprocess.run(
            [*users, "sh", "-c", f"umask {bits}; {command}"], cwd=place, text=True, capture_output=True, timeout=100,
            check=False, env={**os.environ, "HOME": str(home), "JUGHPC_PATIENCE": "0"},
        )  # fmt: skip

    jugfile = place / "jugfile.py"
    for user in (3001, 3002):  # what the other writes there is code that this one runs
        assert trust(user).returncode == 0
    for count, user in ((5, 3001), (9, 3002), (12, 3001)):
        jugfile.write_text(JUGFILE.format(count))
        done = run(user, "execute")
        assert done.returncode == 0, done.stderr
    for user in (3001, 3002):
        for words in [("status",), ("check",), ("pack",), ("failures",), ("cleanup",), ("count",)]:
            done = run(user, *words)
            assert done.returncode == 0, (words, done.stderr)
    assert run(3002, "invalidate", "--name", "'*'").returncode == 0
    assert run(3001, "execute").returncode == 0
