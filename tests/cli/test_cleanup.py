"""cleanup --locks-only: claims of the dead are removed, by proof; those of the living stay."""

from __future__ import annotations

import psutil
import pytest

SLOW = """
import time
from jug import TaskGenerator

@TaskGenerator
def nap(seconds):
    time.sleep(seconds)
    return seconds

a = nap(60)
"""


@pytest.fixture
def worker(jughpc, wait_for):
    """Return a worker that holds a claim on a long task."""
    jughpc.write("slow.py", SLOW)
    process = jughpc.start("execute", "slow.py")
    wait_for(lambda: claims(jughpc))
    yield process
    process.kill()
    process.communicate()


def claims(shell):
    return list(shell.cwd.glob("slow.jugdata/shards/*/*.claim.*"))


def test_a_claim_of_a_live_worker_is_kept_and_listed(jughpc, worker):
    done = jughpc("cleanup", "slow.py", "--locks-only")
    assert done.returncode == 0
    assert "kept     slow.nap" in done.stdout
    assert f"pid {worker.pid}: may be alive" in done.stdout
    assert "Removed 0 locks" in done.stdout
    assert len(claims(jughpc)) == 1


def test_a_killed_workers_claim_is_removed_by_its_own_records_word(jughpc, worker, wait_for):
    worker.kill()
    worker.wait()
    wait_for(lambda: b'"died"' in claims(jughpc)[0].read_bytes())
    done = jughpc("cleanup", "slow.py", "--locks-only")
    assert "its record says that it died" in done.stdout
    assert "Removed 1 locks" in done.stdout
    assert not claims(jughpc)


def test_where_the_beat_process_died_too_this_hosts_process_table_is_the_proof(jughpc, worker):
    for heart in psutil.Process(worker.pid).children():
        heart.kill()
    worker.kill()
    worker.wait()
    done = jughpc("cleanup", "slow.py", "--locks-only")
    assert f"no process {worker.pid} on this host any more" in done.stdout
    assert not claims(jughpc)
    assert not list(jughpc.cwd.glob("slow.jugdata/workers/*"))


def test_force_removes_the_claims_of_the_living_too(jughpc, worker):
    done = jughpc("cleanup", "slow.py", "--locks-only", "--force")
    assert "by force" in done.stdout
    assert not claims(jughpc)


def test_a_worker_told_to_stop_leaves_nothing_to_clean_up(jughpc, worker):
    worker.terminate()
    worker.communicate(timeout=120)
    assert worker.returncode == 143
    assert "Removed 0 locks" in jughpc("cleanup", "slow.py", "--locks-only").stdout
    assert not claims(jughpc)


def test_status_shows_a_live_worker_and_its_task(jughpc, worker, wait_for):
    wait_for(lambda: b"slow.nap" in claims(jughpc)[0].read_bytes())  # written by the first beat
    shown = jughpc("status", "slow.py").stdout
    assert shown.startswith("slow.py: 0 %, 0 of 1 tasks done, 1 running\n")
    assert "slow.nap" in shown.partition("1 live worker:")[2]


def test_status_shows_a_dead_worker_and_does_not_call_its_task_active(jughpc, worker, wait_for):
    worker.kill()
    worker.wait()
    wait_for(lambda: b'"died"' in claims(jughpc)[0].read_bytes())
    shown = jughpc("status", "slow.py").stdout
    assert shown.startswith("slow.py: 0 %, 0 of 1 tasks done, 1 ready\n")
    assert "1 dead worker on" in shown
