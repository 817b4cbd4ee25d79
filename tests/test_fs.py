from __future__ import annotations

import errno
import os
import resource
import stat
import subprocess
import sys
from contextlib import suppress

import pytest

from jughpc.aside import put
from jughpc.fs import LinksRefusedError, OsClock, OsFiles, RootGoneError, again_if_stale
from jughpc.listing import at_one_moment
from jughpc.testing.clocks import HandClock
from jughpc.testing.disk import Disk
from jughpc.testing.filescontract import FilesContract
from jughpc.testing.simfiles import Client, Orders, SimFiles
from tests.conftest import MEASURES


class TestOsFiles(FilesContract):
    @pytest.fixture
    def files(self, tmp_path):
        return OsFiles(tmp_path)

    @pytest.fixture
    def peer(self, tmp_path):
        return OsFiles(tmp_path)


class TestSimFiles(FilesContract):
    @pytest.fixture
    def disk(self):
        return Disk(HandClock().now)

    @pytest.fixture
    def files(self, disk):
        return SimFiles(Client(disk), Orders())

    @pytest.fixture
    def peer(self, disk):
        return SimFiles(Client(disk), Orders())


def test_a_root_that_was_removed_is_made_anew_only_by_who_may(tmp_path):
    root = tmp_path / "root"
    with pytest.raises(RootGoneError):
        OsFiles(root, make_root=False).write("folder/name", [b"x"])
    assert not root.exists()
    root.mkdir()
    OsFiles(root, make_root=False).write("folder/name", [b"x"])
    OsFiles(tmp_path / "other").write("folder/name", [b"x"])
    assert (root / "folder/name").exists()
    assert (tmp_path / "other/folder/name").exists()


def test_a_root_whose_whole_file_system_may_be_away_is_not_told_to_be_removed(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "unmounted/root")
    for root in (tmp_path / "unmounted/root", tmp_path / "link"):
        with pytest.raises(FileNotFoundError) as absent:
            OsFiles(root, make_root=False).write("folder/name", [b"x"])
        assert not isinstance(absent.value, RootGoneError)


def test_a_new_file_leaves_its_mode_to_the_umask(tmp_path):
    OsFiles(tmp_path).write("name", [b"x"])
    assert not (tmp_path / "name").stat().st_mode & stat.S_IXUSR


class Moving:
    """A folder that changes while it is read, for so many times."""

    def __init__(self, times, names):
        self.times, self.names, self.read = times, names, 0

    def at_one_moment(self):
        return at_one_moment(self._read, lambda: min(self.read, self.times))

    def _read(self, stamp):
        self.read += 1
        return [f"{stamp}-{number}" for number in range(self.names)]


def test_a_folder_of_many_names_is_listed_again_if_it_changed_meanwhile():
    assert Moving(2, names=100).at_one_moment()[0] == "2-0"


def test_a_folder_that_never_stands_still_is_listed_a_few_times_only():
    moving = Moving(1000, names=100)
    moving.at_one_moment()
    assert moving.read == 4


@pytest.mark.parametrize(("times", "names"), [(0, 100), (1, 10)])
def test_a_folder_that_stands_still_or_is_read_at_once_is_listed_once(times, names):
    moving = Moving(times, names)
    moving.at_one_moment()
    assert moving.read == 1


def test_a_part_larger_than_a_pipe_is_written_whole(tmp_path):
    OsFiles(tmp_path).write("name", [b"ab" * 3_000_000])
    assert (tmp_path / "name").stat().st_size == 6_000_000


def test_parts_of_any_item_size_are_written_as_their_bytes(tmp_path):
    numbers = memoryview(bytearray(24)).cast("d")
    OsFiles(tmp_path).write("name", [numbers])
    assert (tmp_path / "name").stat().st_size == 24


def test_a_write_that_is_refused_is_an_error_that_names_the_file(tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))
    try:
        with pytest.raises(OSError, match="File too large") as caught:
            OsFiles(tmp_path).write("name", [b"x" * 100])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert caught.value.filename == str(tmp_path / "name")


def test_a_stale_handle_is_looked_up_again():
    attempts = []

    def look():
        attempts.append(1)
        if len(attempts) < 3:
            raise OSError(errno.ESTALE, "stale file handle")
        return "content"

    assert again_if_stale(look) == "content"


def test_a_handle_that_stays_stale_is_an_error():
    def look():
        raise OSError(errno.ESTALE, "stale file handle")

    with pytest.raises(OSError, match="stale") as caught:
        again_if_stale(look)
    assert caught.value.errno == errno.ESTALE


def test_other_errors_are_not_tried_again():
    attempts = []

    def look():
        attempts.append(1)
        raise OSError(errno.EIO, "input/output error")

    with pytest.raises(OSError, match="input/output"):
        again_if_stale(look)
    assert len(attempts) == 1


def test_the_clocks_of_this_host_run_forward():
    clock = OsClock()
    before = clock.now(), clock.uptime(), clock.wall()
    clock.sleep(0.001)
    assert clock.now() > before[0]
    assert clock.uptime() > before[1]
    assert clock.wall() > before[2]


class TestTheSimulatedCache:
    """The rules of the simulated client, each as it was measured on real ones."""

    @pytest.fixture
    def clock(self):
        return HandClock()

    @pytest.fixture
    def disk(self, clock):
        return Disk(clock.now)

    @pytest.fixture
    def server(self, disk):
        return SimFiles(Client(disk), Orders())

    @pytest.fixture
    def files(self, disk):
        return SimFiles(Client(disk), Orders())

    def test_a_name_once_absent_stays_absent_for_fifty_seconds(self, files, server, clock):
        with pytest.raises(FileNotFoundError):
            files.read("folder/name")
        server.write("folder/name", [b"x"])
        clock.sleep(49)
        with pytest.raises(FileNotFoundError):
            files.read("folder/name")
        clock.sleep(2)
        assert files.read("folder/name") == b"x"

    def test_removing_a_name_that_seems_absent_does_nothing(self, files, server):
        with pytest.raises(FileNotFoundError):
            files.read("folder/name")
        server.write("folder/name", [b"x"])
        files.remove("folder/name")
        assert server.names("folder") == ["name"]

    def test_an_own_change_of_the_folder_shows_what_seemed_absent(self, files, server):
        with pytest.raises(FileNotFoundError):
            files.read("folder/name")
        server.write("folder/name", [b"x"])
        files.write("folder/other", [b"y"])
        assert files.read("folder/name") == b"x"

    def test_a_file_that_was_replaced_while_it_was_open_is_found_for_thirty_seconds(self, files, server, clock):
        server.write("name", [b"old"])
        server.map("name")
        files.read("name")
        server.write("new", [b"new"])
        server.rename("new", "name")
        clock.sleep(29)
        assert files.read("name") == b"old"
        clock.sleep(2)
        assert files.read("name") == b"new"

    def test_a_file_that_was_replaced_while_nobody_had_it_open_is_found_no_more(self, files, server):
        server.write("name", [b"old"])
        files.read("name")
        server.write("new", [b"new"])
        server.rename("new", "name")
        assert files.read("name") == b"new"

    def test_a_file_that_is_removed_while_it_is_open_keeps_a_name_that_means_nothing(self, files, server):
        server.write("folder/name", [b"x"])
        files.map("folder/name")
        files.remove("folder/name")
        (left,) = server.names("folder")
        assert left.startswith(".nfs")

    def test_a_lazy_cache_hides_a_rewrite_for_as_long_as_it_may(self, disk, server, clock):
        lazy = SimFiles(Client(disk, lag=60), Orders())
        server.write("name", [b"beat 1"])
        assert lazy.read("name") == b"beat 1"
        server.rewrite("name", b"beat 2")
        clock.sleep(59)
        assert lazy.read("name") == b"beat 1"
        clock.sleep(1)
        assert lazy.read("name") == b"beat 2"

    def test_a_request_lost_is_not_done(self, disk, server):
        orders = Orders()
        orders.lose_request("create")
        with pytest.raises(OSError, match="ordered"):
            SimFiles(Client(disk), orders).write("name", [b"x"])
        assert server.names("") == []

    def test_a_reply_lost_is_done_all_the_same(self, disk, server):
        orders = Orders()
        orders.lose_reply("link", errno.EEXIST)
        server.write("record", [b"x"])
        with pytest.raises(FileExistsError):
            SimFiles(Client(disk), orders).link("record", "claim")
        assert server.read("claim") == b"x"

    def test_a_quota_that_shows_at_the_sync_leaves_part_of_the_content(self, disk, server):
        orders = Orders()
        orders.lose_request("sync", errno.EDQUOT)
        with pytest.raises(OSError, match="ordered"):
            SimFiles(Client(disk), orders).write("name", [b"0123456789"])
        assert server.read("name") == b"01234"

    def test_hard_links_may_be_refused(self, disk):
        files = SimFiles(Client(disk), Orders(), links=False)
        files.write("record", [b"x"])
        for _ in range(2):
            with pytest.raises(LinksRefusedError, match="refused here"):
                files.link("record", "claim")
        assert files.names("") == ["record"]

    @pytest.mark.parametrize("number", [errno.EPERM, errno.EXDEV, errno.EMLINK, errno.ENOTSUP, errno.ENOSYS])
    def test_who_was_refused_a_hard_link_asks_no_more(self, disk, number):
        orders = Orders()
        orders.lose_request("link", number)
        files = SimFiles(Client(disk), orders)
        files.write("record", [b"x"])
        for _ in range(2):
            with pytest.raises(LinksRefusedError):
                files.link("record", "claim")
        assert [call for call, _ in orders.calls].count("link") == 1

    @pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE, errno.ENOSPC, errno.EACCES])
    def test_a_hard_link_that_fails_for_another_reason_may_be_made_later(self, disk, number):
        orders = Orders()
        orders.lose_request("link", number)
        files = SimFiles(Client(disk), orders)
        files.write("record", [b"x"])
        with pytest.raises(OSError, match="ordered") as failed:
            files.link("record", "claim")
        assert not isinstance(failed.value, LinksRefusedError)
        files.link("record", "claim")
        assert files.read("claim") == b"x"


FOREIGN = b"of somebody else"


@pytest.fixture
def outside(tmp_path):
    """Return a folder with a file, neither of which anything may reach from the folder beside it."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "file").write_bytes(FOREIGN)
    (tmp_path / "inside").mkdir()
    yield folder
    assert [path.name for path in folder.iterdir()] == ["file"]
    assert (folder / "file").read_bytes() == FOREIGN


CHANGES = {
    "write": lambda files, path: files.write(path, [b"x"]),
    "save": lambda files, path: files.save(path, [b"x"]),
    "rewrite": lambda files, path: files.rewrite(path, b"x"),
    "rename": lambda files, path: files.rename("own", path),
    "link": lambda files, path: files.link("own", path),
    "remove": lambda files, path: files.remove(path),
    "touch": lambda files, path: files.touch(path),
    "make_folder": lambda files, path: files.make_folder(path),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_link_that_was_planted_in_place_of_a_file_leads_no_change_outside(tmp_path, outside, change):
    files = OsFiles(tmp_path / "inside")
    files.write("own", [b"ours"])
    (tmp_path / "inside" / "name").symlink_to(outside / "file")
    with suppress(OSError):
        CHANGES[change](files, "name")


@pytest.mark.parametrize("folder", ["planted", "planted/below", "above/planted"])
@pytest.mark.parametrize("change", CHANGES)
def test_a_link_that_was_planted_in_place_of_a_folder_leads_no_change_outside(tmp_path, outside, change, folder):
    inside = tmp_path / "inside"
    files = OsFiles(inside)
    files.write("own", [b"ours"])
    files.make_folder("above")
    (inside / folder.removesuffix("/below")).symlink_to(outside)
    with pytest.raises(NotADirectoryError, match="a link stands in place of a folder"):
        CHANGES[change](files, f"{folder}/file")


def test_a_folder_that_is_not_there_yet_may_be_a_link_later(tmp_path, outside):
    files = OsFiles(tmp_path / "inside")
    files.remove("later/file")
    (tmp_path / "inside" / "later").symlink_to(outside)
    with pytest.raises(NotADirectoryError):
        files.remove("later/file")


@pytest.mark.parametrize("change", ["save", "rewrite"])
def test_what_is_no_file_is_not_written_to(tmp_path, change):
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)  # else nobody could open it at all
    with pytest.raises(OSError, match=r"no regular file|no file"):
        CHANGES[change](OsFiles(tmp_path), "pipe")
    assert os.read(reader, 1) == b""
    os.close(reader)


def test_a_file_that_people_see_is_put_in_place_of_a_link(tmp_path, outside):
    (tmp_path / "inside" / "seen").symlink_to(outside / "file")
    put(tmp_path / "inside" / "seen", "text")
    assert (tmp_path / "inside" / "seen").read_text() == "text"


def test_a_file_that_people_see_is_left_as_it_was_if_it_cannot_be_written(tmp_path):
    (tmp_path / "seen").mkdir()
    with pytest.raises(OSError, match="seen"):
        put(tmp_path / "seen", "text")
    assert [path.name for path in tmp_path.iterdir()] == ["seen"]


AS_NOBODY = """
import os, sys
from pathlib import Path
from jughpc.fs import OsFiles

os.chdir(sys.argv[1])
os.setuid(65534)
OsFiles(Path(".")).touch("name")
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be two users")
@pytest.mark.parametrize(("mode", "may"), [(0o644, False), (0o666, True)])
def test_a_file_of_another_user_is_touched_by_who_may_write_it(tmp_path, mode, may):
    (tmp_path / "name").touch()
    os.utime(tmp_path / "name", (0, 0))
    tmp_path.chmod(0o755)
    (tmp_path / "name").chmod(mode)
    env = {key: value for key, value in os.environ.items() if key != MEASURES}  # what is measured it could not write
    argv = [sys.executable, "-c", AS_NOBODY, str(tmp_path)]
    done = subprocess.run(argv, env=env, capture_output=True, text=True, check=False)
    assert (done.returncode == 0, "PermissionError" in done.stderr) == (may, not may)
    assert ((tmp_path / "name").stat().st_mtime > 0) == may
