"""Two users on one machine: nothing of one runs as the other unasked."""

from __future__ import annotations

import json
import os
import stat
import subprocess

import pytest

from .conftest import THREE, Shell

STRANGER = 65534
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to be two users")


def hand_over(jughpc: Shell, *names: str) -> None:
    for name in names:
        subprocess.run(["chown", "-R", f"{STRANGER}", jughpc.cwd / name], check=True)


@pytest.mark.parametrize("how", ["named", "remembered", "usual", "settings", "jugdir", "open jugdir", "templates"])
def test_what_a_stranger_wrote_is_refused_with_owner_and_command_until_it_is_trusted(jughpc: Shell, how: str) -> None:
    jughpc.write("jugfile.py", THREE + "open('ran', 'a').close()\n")
    words = ["status", "jugfile.py"]
    if how in ("remembered", "usual"):
        words = ["status"]
    if how == "remembered":
        jughpc.write(".jughpc", json.dumps({"jugfile": "jugfile.py", "jugdir": "jugfile.jugdata", "args": []}))
        hand_over(jughpc, ".jughpc")
    elif how == "settings":
        jughpc.write("jughpc.yaml", "setup: [touch ran]\n")
        hand_over(jughpc, "jughpc.yaml")
    elif how.endswith("jugdir"):
        assert jughpc("execute", "jugfile.py").returncode == 0
        (jughpc.cwd / "ran").unlink()
        if how == "jugdir":
            hand_over(jughpc, "jugfile.jugdata")
        (jughpc.cwd / "jugfile.jugdata").chmod(0o777 if "open" in how else 0o755)
    elif how == "templates":
        (jughpc.cwd / "mine").mkdir(mode=0o755)
        jughpc.write("jughpc.yaml", "templates: mine\n")
        hand_over(jughpc, "mine")
    else:
        hand_over(jughpc, "jugfile.py")
    refused = jughpc(*words)
    assert (refused.returncode, refused.stderr.count("jughpc trust")) == (2, 1), refused
    assert "nobody" in refused.stderr or "root" in refused.stderr
    assert not (jughpc.cwd / "ran").exists()
    assert jughpc("trust", ".").returncode == 0
    assert jughpc("trust").stdout == f"{jughpc.cwd}\n"
    assert jughpc(*words).returncode in (0, 1)


@pytest.mark.parametrize("command", ["status", "execute", "submit"])
def test_no_module_is_imported_that_a_stranger_put_beside_ones_own_jugfile(jughpc: Shell, command: str) -> None:
    jughpc.write("three.py", f"import helper\n{THREE}")
    jughpc.write("helper.py", "open('ran', 'a').close()\n")
    hand_over(jughpc, "helper.py")
    jughpc.cwd.chmod(0o1777)
    refused = jughpc(command, "three.py")
    assert (refused.returncode, "anybody may put modules there" in refused.stderr) == (2, True)
    assert jughpc.names() == {"three.py", "helper.py"}


def test_no_job_runs_where_a_stranger_may_put_modules_though_the_jugfile_lies_elsewhere(jughpc: Shell) -> None:
    (jughpc.cwd / "own").mkdir(mode=0o755)
    jughpc.write("own/three.py", THREE)
    jughpc.cwd.chmod(0o1777)
    refused = jughpc("submit", "own/three.py", "--scheduler", "local")
    assert (refused.returncode, "anybody may put modules there" in refused.stderr) == (2, True)
    assert jughpc("status", "own/three.py").returncode == 1


def test_jobs_trust_whom_their_submitter_trusted_though_they_find_no_home(jughpc: Shell) -> None:
    jughpc.write("three.py", THREE)
    hand_over(jughpc, "three.py")
    jughpc("trust", ".")
    state = {"JUGHPC_SCHEDULER": "local", "XDG_STATE_HOME": str(jughpc.cwd / "state")}
    jughpc.write("jughpc.yaml", "setup: [export HOME=/nonexistent]\n")
    done = jughpc("submit", "three.py", "--array", "1", "--wait", **state)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("umask", [0o000, 0o002, 0o022, 0o077])
def test_a_private_jugdir_is_its_owners_alone_in_a_groups_folder_whatever_the_umask(three: Shell, umask: int) -> None:
    three.cwd.chmod(0o2775)
    state = {"JUGHPC_SCHEDULER": "local", "XDG_STATE_HOME": str(three.cwd / "state")}
    former = os.umask(umask)
    try:
        done = three("submit", "three.py", "--private", "--setup", "true", "--array", "1", "--wait", **state)
    finally:
        os.umask(former)
    assert done.returncode == 0, done.stdout + done.stderr
    jugdir = three.cwd / "three.jugdata"
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in [jugdir, *jugdir.rglob("*")]}
    assert [name for name, mode in modes.items() if mode & 0o077] == []
    assert {mode for path, mode in modes.items() if path.is_dir()} == {0o700}
    assert {mode for path, mode in modes.items() if path.is_file() and path.suffix != ".sh"} == {0o600}


def test_a_jugdir_that_is_there_is_made_private_and_its_worker_goes_on(three: Shell) -> None:
    assert three("execute", "three.py").returncode == 0
    assert three("execute", "three.py", "--private").returncode == 0
    assert stat.S_IMODE((three.cwd / "three.jugdata").stat().st_mode) == 0o700
