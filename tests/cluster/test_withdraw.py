"""Elements that have nothing to do leave the queue of a real Slurm cluster, and the reduce need not wait for them."""

from __future__ import annotations

JUGFILE = """
from pathlib import Path
from time import sleep
from jug import TaskGenerator

@TaskGenerator
def wait(n):
    while not Path("go").exists():
        sleep(0.1)
    return n

waited = [wait(n) for n in range(40)]
"""


def test_elements_still_queued_when_all_is_done_are_withdrawn_and_the_reduce_runs(user, cluster, until):
    login = user(cluster.env)
    (login.folder / "waiting.py").write_text(JUGFILE)
    (login.folder / "sum.py").write_text("print('sum', sum(map(value, waited)))\n")
    login.jughpc("submit", "waiting.py", "--array", "40", "--throttle", "2", "--reduce", "sum.py")
    until(lambda: len(login.status()["workers"]) == 2)
    (login.folder / "go").touch()
    log = login.folder / "waiting.jugdata" / "submissions" / "1" / "logs" / "reduce.log"
    until(lambda: log.is_file() and "sum 780" in log.read_text())
    submission = login.status()["submission"]
    assert submission["withdrawn"]
    assert submission["elements"]["cancelled"] > 30
    assert submission["elements"]["failed"] == submission["elements"]["queued"] == 0
    assert "could not be withdrawn" not in "".join(path.read_text() for path in log.parent.glob("array-*.log"))
