"""The cluster is what the other tests take it for."""

from __future__ import annotations


def test_the_nodes_have_hostnames_of_their_own(cluster):
    assert sorted(cluster.run("srun", "-N4", "hostname").stdout.split()) == list(cluster.nodes)


def test_the_nodes_see_the_login_nodes_files(cluster, tmp_path):
    (tmp_path / "shared").write_text("seen")
    assert cluster.run("srun", "-N1", "cat", str(tmp_path / "shared")).stdout == "seen"


def test_a_crashed_node_takes_its_processes_along_and_can_be_booted_again(cluster, tmp_path, until):
    job = cluster.run("sbatch", "--parsable", "-w", "node4", "--wrap", "sleep 600", cwd=tmp_path).stdout.strip()
    running = f"until [ $(squeue -h -j {job} -o %T) = RUNNING ]; do sleep 0.1; done"
    cluster.run("timeout", "20", "bash", "-c", running)
    until(lambda: "sleep 600" in cluster.node("exec", "node4", "ps", "-eo", "args"))  # some time after it is RUNNING
    cluster.node("crash", "node4")
    cluster.node("start", "node4")
    assert "sleep 600" not in cluster.node("exec", "node4", "ps", "-eo", "args")
    assert cluster.run("scancel", job).returncode == 0
