"""The clients are what the other tests take them for."""

from __future__ import annotations


def test_the_clients_have_hostnames_of_their_own(nfs):
    assert [nfs.run(client, "hostname").strip() for client in nfs.clients] == list(nfs.clients)


def test_the_export_is_mounted_by_the_version_that_its_place_names(nfs, version):
    mounts = nfs.run("node1", "cat", "/proc/mounts").splitlines()
    (ours,) = (line for line in mounts if f" {nfs.mount(version)} " in line)
    assert f"vers={version}," in ours


def test_a_file_written_on_one_client_is_listed_on_the_other(nfs, version):
    name = nfs.run("node1", "mktemp", "-p", str(nfs.mount(version))).strip()
    assert name.rpartition("/")[2] in nfs.run("node2", "ls", str(nfs.mount(version))).split()


def test_the_export_is_not_just_this_machines_folder(nfs, version):
    nfs.run("node1", "touch", str(nfs.mount(version) / "elsewhere"))
    assert list(nfs.mount(version).iterdir()) == []


def test_a_crashed_client_can_be_booted_again_and_finds_its_files(nfs):
    kept = nfs.mount("4.2") / "kept"
    nfs.run("node2", "bash", "-c", f"echo kept > {kept}; sync")
    nfs.act("crash", "node2")
    assert nfs.act("exec", "node2", "true").returncode == 255
    nfs.act("start", "node2")
    assert nfs.run("node2", "cat", str(kept)) == "kept\n"
