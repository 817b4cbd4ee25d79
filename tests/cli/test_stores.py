"""Stores that are no folder: a file kept by one process, and a redis server."""

from __future__ import annotations

import shutil

import pytest


@pytest.fixture
def redis(redis_server):
    """Return the address of a redis server that wants a password, told by the environment."""
    return f"redis://127.0.0.1:{redis_server.port}"


@pytest.fixture
def password(redis_server):
    """Return the environment that tells the password."""
    return {"JUGHPC_REDIS_PASSWORD": redis_server.password}


def test_a_file_keeps_what_one_process_computed_for_the_next(three):
    first = three("execute", "three.py", "--jugdir", "dict_store:kept", "--short")
    second = three("execute", "three.py", "--jugdir", "dict_store:kept", "--short")
    assert ("Executed:  3 tasks" in first.stdout, "Loaded:  3 tasks" in second.stdout) == (True, True)
    assert three("status", "three.py", "--jugdir", "dict_store:kept").returncode == 0
    assert three.names() == {"three.py", "kept", ".jughpc"}


def test_a_file_keeps_failures_and_forgets_what_was_invalidated(failing):
    at = ("failing.py", "--jugdir", "dict_store:kept")
    failing("execute", *at, "--keep-going")
    assert "ZeroDivisionError" in failing("failures", *at).stdout
    assert "1  Total" in failing("invalidate", *at, "--name", "invert").stdout
    assert "3 tasks waiting to be run, 0 failed" in failing("status", *at, "--short").stdout


def test_the_whole_flow_on_a_redis_server(three, redis, password):
    at = ("three.py", "--jugdir", redis)
    assert three("status", *at, **password).returncode == 1
    assert "Executed:  3 tasks" in three("execute", *at, "--short", **password).stdout
    assert "All tasks complete (3 tasks)." in three("status", *at, "--short", **password).stdout
    assert "1  three.add" in three("invalidate", *at, "--name", "add", **password).stdout
    assert three("check", *at, **password).returncode == 1
    assert "Removed 0 objects" in three("cleanup", *at, **password).stdout
    assert "Executed:  1 tasks" in three("execute", *at, "--short", **password).stdout


def test_several_workers_of_one_element_share_a_redis_server(barrier, redis, password):
    at = ("barrier.py", "--jugdir", f"{redis}?namespace=many")
    done = barrier("execute", *at, "--workers", "3", **password)
    assert done.returncode == 0, done.stderr
    assert barrier("check", *at, **password).returncode == 0


def test_without_the_password_that_is_said_and_nothing_else(three, redis):
    done = three("execute", "three.py", "--jugdir", redis)
    assert (done.returncode, "cannot be used" in done.stderr) == (2, True)
    assert "Traceback" not in done.stderr


def test_two_projects_on_one_redis_server_do_not_share_results(three, redis, password):
    three("execute", "three.py", "--jugdir", redis, **password)
    other = three.cwd / "other"
    other.mkdir()
    shutil.copy(three.cwd / "three.py", other)
    assert three("check", "other/three.py", "--jugdir", redis, **password).returncode == 1
    assert three("check", "three.py", "--jugdir", redis, **password).returncode == 0


def test_a_redis_servers_password_is_not_shown_where_a_folder_is_wanted(three):
    done = three("submit", "three.py", "--jugdir", "redis://:secret@127.0.0.1")
    assert (done.returncode, "this needs a folder" in done.stderr, "secret" in done.stderr) == (2, True, False)


def test_a_worker_killed_on_a_redis_server_is_succeeded_at_once(jughpc, redis, wait_for, password):
    jughpc.write(
        "once.py",
        "import pathlib, os, signal\nfrom jug import TaskGenerator\n\n@TaskGenerator\ndef once():\n"
        "    if not pathlib.Path('seen').exists():\n        pathlib.Path('seen').touch()\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n    return 1\n\none = once()\n",
    )
    assert jughpc("execute", "once.py", "--jugdir", redis, **password).returncode == -9
    done = jughpc("execute", "once.py", "--jugdir", redis, "--short", **password)
    assert "Executed:  1 tasks" in done.stdout


def test_a_result_too_large_for_a_redis_server_fails_its_task_in_words(jughpc, redis, password):
    at = ("large.py", "--jugdir", redis)
    jughpc.write("large.py", "import os\nfrom jug import Task\nfor n in (1, 130 << 20):\n    Task(os.urandom, n)\n")
    done = jughpc("execute", *at, "--keep-going", "--short", **password)
    assert (done.returncode, "Executed:  1 tasks" in done.stdout) == (1, True)
    shown = jughpc("failures", *at, **password).stdout
    assert "the result takes 130 MiB, and this store takes 128 MiB at most" in shown


def test_a_jugfile_may_choose_a_redis_server_itself(three, redis, password):
    text = (three.cwd / "three.py").read_text()
    three.write("chooses.py", f"import jug\njug.set_jugdir({redis!r})\n{text}")
    assert "Executed:  3 tasks" in three("execute", "chooses.py", "--short", **password).stdout
    assert "All tasks complete (3 tasks)." in three("status", "chooses.py", "--short", **password).stdout
    assert three("check", "chooses.py", "--jugdir", redis + "?namespace=jug", **password).returncode == 0
    assert three.names() == {"three.py", "chooses.py", ".jughpc"}


def test_a_redis_server_is_spoken_to_by_tls_if_its_certificate_is_trusted(three, start_redis):
    with start_redis("secret", tls=True) as server:
        at = ("three.py", "--jugdir", f"rediss://127.0.0.1:{server.port}")
        told = {"JUGHPC_REDIS_PASSWORD": server.password}
        stranger = three("execute", *at, **told)
        assert (stranger.returncode, "export SSL_CERT_FILE=" in stranger.stderr) == (2, True)
        trusting = {**told, "SSL_CERT_FILE": str(server.certificate)}
        assert "Executed:  3 tasks" in three("execute", *at, "--short", **trusting).stdout
        assert three("check", *at, **trusting).returncode == 0
