"""What the script of an element does before Python starts: real shells, locks and kills."""

from __future__ import annotations

import fcntl
import gzip
import os
import signal
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from jughpc.batch.bundle import Bundle
from jughpc.batch.local.scheduler import Local
from jughpc.batch.script import render
from jughpc.batch.staging import archive
from jughpc.batch.staging.interpreter import Interpreter
from jughpc.batch.staging.leftover import sweep
from jughpc.batch.staging.survey import survey
from jughpc.fs import OsFiles

pytestmark = pytest.mark.local

SHELL = Path(archive.__file__).parents[2] / "templates" / "_stage.sh.j2"
SHOW = 'echo "at ${_JUGHPC_STAGED:-none}"; cat "$_JUGHPC_STAGED$1/one.py"; ls -id "$_JUGHPC_STAGED"'


@dataclass
class Node:
    """A machine with one disk, and the job whose elements start on it.

    Attributes:
        patience: How long an element waits for another [s].
    """

    job: object
    disk: Path
    patience: int = 300
    places: str = ""

    @property
    def home(self) -> Path:
        return self.disk / f"jughpc-{os.getuid()}"

    def start(self, show: str = SHOW, bundle: Bundle | None = None) -> subprocess.Popen[str]:
        """Start an element that shows what it finds."""
        folder = str(self.job.stage.tar.parents[2] / "site-packages")
        job = replace(self.job, argv=("bash", "-c", show, "show", folder), stage=bundle or self.job.stage)
        text = render(job, Local()).replace("jughpc_patience=300", f"jughpc_patience={self.patience}")
        text = text.replace(" /tmp /dev/shm)", f"{self.places})")
        env = {"PATH": os.environ["PATH"], "TMPDIR": str(self.disk), "JUGHPC_LOCAL_INDEX": "0", "JUGHPC_LOCAL_JOB": "1"}
        env |= {"JUGHPC_LOCAL_END": ""}
        how = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "start_new_session": True}
        return subprocess.Popen(["bash", "-c", text], env=env, stdin=subprocess.PIPE, **how)

    def run(self, show: str = SHOW, bundle: Bundle | None = None) -> tuple[str, str]:
        """Return what an element shows, and what it says."""
        with self.start(show, bundle) as element:
            out, err = element.communicate(timeout=120)
        return out, err

    def names(self) -> list[str]:
        return sorted(path.name for path in self.home.iterdir()) if self.home.is_dir() else []


@pytest.fixture
def node(job, tmp_path):
    (site := tmp_path / "site-packages").mkdir()
    (site / "one.py").write_text("x = 1\n")
    jugdir, disk = tmp_path / "jugdata", tmp_path / "disk"
    jugdir.mkdir()
    disk.mkdir()
    bundle = archive.packed(OsFiles(jugdir), jugdir, survey(Interpreter((site,)), ()), "0badcafe")
    return Node(replace(job, script=tmp_path / "s.sh", workdir=tmp_path, stage=bundle), disk)


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
    assert f"Python imports from {node.home / node.job.stage.key}, unpacked in " in err
    assert node.home.stat().st_mode & 0o777 == 0o700
    assert node.names() == [node.job.stage.key, f"{node.job.stage.key}.lock"]


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
