"""A node of a real Slurm cluster on which the setup of elements fails: a further array keeps off it by itself."""

from __future__ import annotations

JUGFILE = """
from jug import TaskGenerator

@TaskGenerator
def double(n):
    return 2 * n

doubles = [double(n) for n in range(12)]
"""
SETUP = '[ -z "$JUGHPC_SUBMISSION" ] || [ "$HOSTNAME" != node1 ]'  # which arrays alone are told
FEW = "export JUG_MAX_TASKS=3"  # that each element runs, so that some are left


def test_a_further_array_keeps_off_a_node_on_which_setup_fails(user, cluster, until):
    login = user(cluster.env)
    (login.folder / "twice.py").write_text(JUGFILE)
    (login.folder / "sum.py").write_text("print('sum', sum(value(doubles)))\n")
    alone = ("--cpus", "9")  # one element a node
    login.jughpc("submit", "twice.py", "--array", "4", *alone, "--setup", SETUP, "--setup", FEW, "--reduce", "sum.py")
    log = login.folder / "twice.jugdata" / "submissions" / "1" / "logs" / "reduce.log"
    until(lambda: log.is_file() and "sum 132" in log.read_text())
    (node,) = login.status()["submission"]["broken_nodes"]
    assert (node["host"], node["elements"], node["is_avoided"]) == ("node1", [0], True)
    assert "node1 looks broken: 1 element ended there before any work: setup line 1" in login.run("status").stdout
    commands = [job["id"] for job in login.status()["submission"]["jobs"] if job["role"] == "array"]
    ran = cluster.run("squeue", "-h", "-r", "-t", "all", "-o", "%F|%T|%N").stdout.split()
    further = [line for line in ran if line.startswith(f"{commands[1]}|") and "CANCELLED" not in line]
    assert further
    assert not any(line.endswith("|node1") for line in further)
