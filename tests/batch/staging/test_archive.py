"""The tar of an environment: written once, and found again."""

from __future__ import annotations

import hashlib
import os
import tarfile
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from jughpc.batch.staging import archive
from jughpc.batch.staging.interpreter import Interpreter
from jughpc.batch.staging.survey import ChangedError, survey, unchanged
from jughpc.errors import UsageError
from jughpc.fs import OsFiles
from tests.odd import ODD


@pytest.fixture
def found(tmp_path):
    site = tmp_path / "site-packages"
    site.mkdir()
    (site / "one.py").write_text("x = 1\n")
    (site / "run").write_text("#!/bin/sh\n")
    (site / "run").chmod(0o755)
    (site / "also.py").symlink_to("one.py")
    os.utime(site / "one.py", ns=(10**18 + 5, 10**18 + 999_999_999))
    return survey(Interpreter((site,)), ())


@pytest.fixture
def jugdir(tmp_path):
    (jugdir := tmp_path / "jugdata").mkdir()
    return jugdir


def test_each_file_lies_by_its_whole_path_and_is_its_owners_alone(found, jugdir):
    bundle = archive.packed(OsFiles(jugdir), jugdir, found, "0badcafe")
    with tarfile.open(bundle.tar) as tar:
        heads = {Path("/", one.name): one for one in tar.getmembers()}
        assert tar.extractfile(".imports").read() == found.table
    site = found.places[0].path
    assert heads.keys() == {Path("/.imports"), site / "one.py", site / "also.py", site / "run"}
    assert (heads[site / "one.py"].mode, heads[site / "run"].mode) == (0o600, 0o700)
    assert heads[site / "also.py"].linkname == "one.py"
    assert heads[site / "one.py"].pax_headers["mtime"] == "1000000000.999999999"


@pytest.mark.parametrize("shared", [0o755, 0o2775, 0o2777])
def test_who_packed_it_alone_may_read_it_and_others_pack_their_own(found, jugdir, shared):
    jugdir.chmod(shared)
    bundle = archive.packed(OsFiles(jugdir), jugdir, found, "0badcafe")
    assert bundle.tar.stat().st_mode & 0o777 == 0o600
    interpreter = Interpreter((found.places[0].path,))
    assert survey(interpreter, (), os.geteuid()) == found != survey(interpreter, (), os.geteuid() + 1)


def test_the_digest_is_of_all_of_it(found, jugdir):
    bundle = archive.packed(OsFiles(jugdir), jugdir, found, "0badcafe")
    assert bundle.digest == hashlib.sha256(bundle.tar.read_bytes()).hexdigest()


def test_what_is_packed_is_not_packed_again_and_nothing_else_is_left(found, jugdir):
    files = OsFiles(jugdir)
    assert archive.drafted(files, jugdir, found).digest == ""
    bundle = archive.packed(files, jugdir, found, "0badcafe")
    bundle.tar.write_bytes(b"as it was")
    assert archive.drafted(files, jugdir, found) == archive.packed(files, jugdir, found, "1badcafe") == bundle
    assert bundle.tar.read_bytes() == b"as it was"
    assert sorted(files.names("bundles")) == [f"{found.key}.sum", f"{found.key}.tar.gz"]


CHANGES = {
    "cut off": lambda path: path.write_text(""),
    "grown": lambda path: path.write_text("x = 1\n" * 2),
    "edited to the same size": lambda path: path.write_text("x = 2\n"),
    "removed": lambda path: path.unlink(),
    "a folder now": lambda path: (path.unlink(), path.mkdir()),
    "a pipe now": lambda path: (path.unlink(), os.mkfifo(path)),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_changed_since_it_was_found_is_told_and_leaves_nothing(found, jugdir, change):
    change(found.places[0].path / "one.py")
    with pytest.raises(ChangedError, match=r"one\.py"):
        archive.packed(OsFiles(jugdir), jugdir, found, "0badcafe")
    assert OsFiles(jugdir).names("bundles") == []


@pytest.mark.parametrize("change", ["cut off", "grown", "edited to the same size"])
def test_what_changes_while_it_is_read_is_told(found, change):
    (item,) = (one for one in found.items if one.path.endswith("one.py"))
    reading = ExitStack()
    assert reading.enter_context(unchanged(item)).read() == b"x = 1\n"
    CHANGES[change](Path(item.path))
    with pytest.raises(ChangedError, match=r"one\.py"):
        reading.close()


@pytest.mark.skipif("os.geteuid() == 0", reason="root may look everywhere")
def test_what_may_not_be_read_is_left_out(found, jugdir):
    (found.places[0].path / "one.py").chmod(0)
    with tarfile.open(archive.packed(OsFiles(jugdir), jugdir, found, "0badcafe").tar) as tar:
        assert [Path(name).name for name in tar.getnames()] == [".imports", "also.py", "run"]


class Swept(OsFiles):
    """The files of a jugdir in which a cleanup removes what is packed just before it gets its name."""

    def rename(self, old, new):
        self.remove(old)
        super().rename(old, new)


def test_what_a_cleanup_removed_while_it_was_packed_is_told_as_what_changed(found, jugdir):
    with pytest.raises(ChangedError, match=r"bundles/.*\.0badcafe\.tmp"):
        archive.packed(Swept(jugdir), jugdir, found, "0badcafe")
    assert OsFiles(jugdir).names("bundles") == []


@pytest.mark.parametrize("kind", ["pipe", "socket", "zero", "loop", "dangling"])
@pytest.mark.parametrize("folder", ["site-packages", "src"])
def test_what_is_no_file_is_left_out_and_keeps_nobody_waiting(tmp_path, jugdir, folder, kind):
    (site := tmp_path / folder).mkdir(exist_ok=True)
    (site / "one.py").write_text("x = 1\n")
    ODD[kind](site / "odd.py")
    ODD[kind](site / "odd")
    found = survey(Interpreter((site,)), ())
    with tarfile.open(archive.packed(OsFiles(jugdir), jugdir, found, "0badcafe").tar) as tar:
        assert [Path("/", one.name) for one in tar.getmembers() if one.isfile()] == [Path("/.imports"), site / "one.py"]


@pytest.mark.parametrize("name", ["tar.gz", "sum"])
def test_what_another_removed_is_packed_again(found, jugdir, name):
    files = OsFiles(jugdir)
    before = archive.packed(files, jugdir, found, "0badcafe")
    files.remove(f"bundles/{found.key}.{name}")
    assert not archive.is_there(files, found.key)
    assert archive.packed(files, jugdir, found, "0badcafe") == before
    assert archive.is_there(files, found.key)


def test_a_disk_is_not_filled_with_what_was_not_meant_to_be_packed(found, jugdir):
    (item,) = (item for item in found.items if item.path.endswith("one.py"))
    huge = replace(found, items=(item._replace(size=1 << 60),))
    with pytest.raises(UsageError, match=f"most of it in {item.path}, and where .* are free"):
        archive.packed(OsFiles(jugdir), jugdir, huge, "0badcafe")
