"""What the script of an element does before Python starts: real shells, locks and kills."""

from __future__ import annotations

import fcntl
import gzip
import os
import shlex
import signal
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from jughpc.batch.staging import archive
from jughpc.batch.staging.interpreter import Interpreter
from jughpc.batch.staging.leftover import sweep
from tests.batch.staging.conftest import SHOW, pack

pytestmark = pytest.mark.local

SHELL = Path(archive.__file__).parents[2] / "templates" / "_stage.sh.j2"


@pytest.fixture
def stuck(node, until):
    """Return an element that hangs while it unpacks, and what lets others find the whole bundle."""
    whole = node.job.stage.tar.read_bytes()
    node.job.stage.tar.unlink()
    os.mkfifo(node.job.stage.tar)
    with node.start() as element:
        until(lambda: f"{node.job.stage.key}.part" in node.names())

        def mend() -> None:
            node.job.stage.tar.unlink()
            node.job.stage.tar.write_bytes(whole)

        yield element, mend
        os.killpg(element.pid, signal.SIGKILL)


def test_an_element_finds_what_was_packed_in_a_folder_of_its_users_alone(node):
    out, err = node.run()
    assert out.startswith(f"at {node.home / node.job.stage.key}\nx = 1\n"), err
    assert f"Python imports from {node.home / node.job.stage.key}, packed 2" in err
    assert node.home.stat().st_mode & 0o777 == 0o700
    assert node.names() == [node.job.stage.key, f"{node.job.stage.key}.lock"]


def test_what_lies_beside_what_was_packed_is_found_from_there_and_stays_where_it_is(node, tmp_path):
    project = tmp_path / "project"
    for name in ("src/tool/__init__.py", "src/notes.txt", "data/a b\n.txt", "pyproject.toml", ".hidden"):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(name)
    (project / "same").symlink_to("src")
    (project / "far").symlink_to("/etc/passwd")
    (project / "up").symlink_to("../site-packages/one.py")
    bundle = pack(tmp_path, Interpreter((project / "src",)))
    (project / "src" / "later.txt").write_text("made since")
    show = f'cd "$_JUGHPC_STAGED{project}" && find . -printf "%P %l\\0" && cat data/a* src/later.txt far up >/dev/null'
    out, err = node.run(show, bundle)
    assert err.count("\n") == 1, err
    assert {entry for entry in out.split("\0") if entry.strip()} == {
        "src ", "src/tool ", "src/tool/__init__.py ", "same src",
        *(f"{name} {project}/{name}" for name in ("src/notes.txt", "src/later.txt", "data", "pyproject.toml")),
        *(f"{name} {project}/{name}" for name in (".hidden", "up")), "far /etc/passwd",
    }  # fmt: skip


ODD = {
    "a name of 255 bytes": "n" * 255,
    "a path longer than a head has room for": "/".join(["d" * 90] * 5),
    "two lines": "two\nlines",
    "bytes that are no text": os.fsdecode(b"caf\xe9\xff"),
    "quotes, blanks, a backslash": ' it\'s "$x" \\n ',
    "like an option": "--checkpoint-action=exec=false",
}


def test_files_of_any_name_arrive_with_their_content_and_nanosecond(node, tmp_path):
    for number, name in enumerate(ODD.values()):
        (path := tmp_path / "odd" / "site-packages" / name).parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{number}")
        os.utime(path, ns=(10**18 + number * 10**9 + 999_999_999,) * 2)
    bundle = pack(tmp_path, Interpreter((tmp_path / "odd" / "site-packages",)))
    where = f'cd "$_JUGHPC_STAGED{tmp_path}/odd/site-packages"'
    show = f'{where} && find . -type f -printf "%P %T@ " -exec cat {{}} \\; -printf "\\0"'
    out, err = node.run(show, bundle)
    assert set(out.split("\0")[:-1]) == {
        f"{name} {10**9 + number}.9999999990 {number}" for number, name in enumerate(ODD.values())
    }, err


@pytest.mark.parametrize("option", ["--exclude=one.py", "--strip-components=1"])
def test_what_a_user_has_tar_do_is_not_done_here(node, option):
    node.edits["jughpc_patience="] = f"export TAR_OPTIONS={option}\njughpc_patience="
    assert "x = 1" in node.run()[0]


def test_it_is_unpacked_once_for_all_elements_that_start_together(node):
    elements = [node.start() for _ in range(4)]
    shown = {element.communicate(timeout=120)[0] for element in elements}
    assert len(shown) == 1
    assert "x = 1" in shown.pop()


def test_the_next_element_takes_over_from_one_that_was_killed_while_it_unpacked(node, stuck):
    element, mend = stuck
    os.killpg(element.pid, signal.SIGKILL)
    mend()
    assert "x = 1" in node.run()[0]
    assert node.names() == [node.job.stage.key, f"{node.job.stage.key}.lock"]


def test_an_element_waits_for_another_that_unpacks_only_so_long(node, stuck):
    node.patience = 0
    out, err = node.run()
    assert "at none" in out
    assert "unstaged, Python imports from where it is installed" in err
    assert f"another element has been unpacking to {node.disk} for 0 s" in err


def test_a_bundle_that_is_not_what_was_submitted_is_not_used_and_leaves_nothing(node):
    data = gzip.decompress(node.job.stage.tar.read_bytes()).replace(b"x = 1", b"y = 1")
    node.job.stage.tar.write_bytes(gzip.compress(data))
    out, err = node.run()
    assert "at none" in out
    assert "is not what was submitted" in err
    assert node.names() == [f"{node.job.stage.key}.lock"]


def test_a_bundle_that_is_gone_or_cut_off_is_told_and_the_element_goes_on(node):
    node.job.stage.tar.write_bytes(node.job.stage.tar.read_bytes()[:-40])
    assert "could not be unpacked" in node.run()[1]
    node.job.stage.tar.unlink()
    out, err = node.run()
    assert "at none" in out
    assert "could not be unpacked" in err


def test_a_disk_that_is_full_in_the_middle_is_told_in_few_lines_and_left_empty(node):
    node.edits["tar -xf - "] = "bash -c 'seq -f \"tar: %.0f: No space left on device\" 12000; exit 2' "
    out, err = node.run()
    assert "at none" in out
    assert err.count("No space left on device") == 3
    assert "could not be unpacked" in err
    assert node.names() == [f"{node.job.stage.key}.lock"]


KINDS = {
    **dict.fromkeys(["ext2/ext3", "xfs", "btrfs", "zfs", "f2fs", "overlayfs"], 0),
    **dict.fromkeys(["nfs", "nfsd", "lustre", "gpfs", "ceph", "smb2", "cifs", "afs", "k-afs", "fhgfs", "panfs"], 1),
    **dict.fromkeys(["gfs/gfs2", "ocfs2", "acfs", "v9fs", "coda", "snfs", "ibrix", "vmhgfs", "fuseblk", "autofs"], 1),
    **dict.fromkeys(["UNKNOWN (0x19830326)", "made tomorrow", ""], 1),
}


def test_nothing_is_unpacked_where_it_is_not_known_that_it_is_no_file_server():
    tried = "; ".join(f"told={shlex.quote(kind)}; jughpc_fits /; echo $?" for kind in KINDS)
    stat = 'stat() { case "$*" in *%T*) echo "$told" ;; *) echo 9999999 ;; esac; }'
    text = f'{SHELL.read_text()}\n{stat}; room=1 files=1 why=; {tried}; echo "$why"'
    done = subprocess.run(["bash", "-c", text], capture_output=True, text=True, check=True)
    *codes, why = done.stdout.splitlines()
    assert dict(zip(KINDS, map(int, codes), strict=True)) == KINDS
    assert "/ is not known to be a disk of this node (lustre);" in why


@pytest.mark.parametrize("field", ["room", "files"])
def test_a_disk_is_not_filled(node, field):
    out, err = node.run(bundle=replace(node.job.stage, **{field: 1 << 50}))
    assert "at none" in out
    assert f"and it takes {1 << (40 if field == 'room' else 50)}" in err


def test_what_does_not_go_to_one_place_goes_to_the_next(node, tmp_path):
    node.disk.chmod(0o777)
    (tmp_path / "next").mkdir()
    node.places = f" {tmp_path / 'next'}"
    out, err = node.run()
    assert out.startswith(f"at {tmp_path / 'next'}/"), err
    assert "unstaged" not in err


@pytest.mark.parametrize("planted", ["link", "file", "open", "another's", "others may rename"])
def test_what_others_may_have_put_there_is_not_used(node, planted, tmp_path, give_up):
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    if planted == "link":
        node.home.symlink_to(tmp_path / "elsewhere")
    elif planted == "file":
        node.home.touch()
    elif planted == "open":
        node.home.mkdir(mode=0o755)
    elif planted == "another's":
        if os.geteuid() != 0:
            give_up("only root makes a folder another's")
        node.home.mkdir(mode=0o700)
        os.chown(node.home, 65534, 65534)
    else:
        node.disk.chmod(0o777)
    out, err = node.run()
    assert "at none" in out, err
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_what_killed_elements_left_goes_with_the_next_one_and_what_is_in_use_stays(node, until):
    node.run()
    for name in ("old", "old.part", "used"):
        (node.home / name).mkdir()
    (node.home / "old.lock").touch()
    with (node.home / "used.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        node.run()
        until(lambda: not any(name.startswith("old") for name in node.names()))
    assert "used" in node.names()


def test_a_cleanup_on_that_host_removes_what_was_left_and_nothing_that_is_in_use(node, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(node.disk))
    with node.start(f"{SHOW}; read -r line") as element:
        assert element.stdout.readline() == f"at {node.home / node.job.stage.key}\n"
        assert str(node.home / node.job.stage.key) not in sweep()
        os.killpg(element.pid, signal.SIGKILL)
        element.wait()
        assert str(node.home / node.job.stage.key) in sweep()
    assert node.names() == []


def test_a_limit_of_memory_is_found_wherever_it_is_set(tmp_path):
    group = tmp_path / "fs" / "job" / "step"
    group.mkdir(parents=True)
    for folder, most in ((group, "max"), (group.parent, str(3 << 20))):
        (folder / "memory.max").write_text(f"{most}\n")
        (folder / "memory.current").write_text(f"{1 << 20}\n")
    (tmp_path / "cgroup").write_text("0::/job/step\n")
    text = (
        SHELL.read_text().replace("/proc/self/cgroup", f"{tmp_path}/cgroup").replace("/sys/fs/cgroup", f"{tmp_path}/fs")
    )
    done = subprocess.run(["bash", "-c", f"{text}\njughpc_memory"], capture_output=True, text=True, check=True)
    assert done.stdout == "2048\n"


def test_memory_is_taken_only_where_there_is_four_times_as_much(tmp_path):
    text = SHELL.read_text().replace("/proc/meminfo", f"{tmp_path}/meminfo").replace("/proc/self/cgroup", "/dev/null")
    (tmp_path / "meminfo").write_text("MemTotal: 9000 kB\nMemAvailable:    4000 kB\n")
    for room, code in ((1000, 0), (1001, 1)):
        call = f'room={room} files=1 why=; jughpc_fits /dev/shm; code=$?; echo "$why"; exit $code'
        done = subprocess.run(["bash", "-c", f"{text}\n{call}"], capture_output=True, text=True, check=False)
        assert done.returncode == code, done
