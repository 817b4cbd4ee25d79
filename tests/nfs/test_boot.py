"""The clients are what the other tests take them for."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.nfs


@pytest.fixture(params=["3", "4.2"])
def mounted(nfs, request):
    for client in nfs.clients:
        assert nfs.act("mount", client, request.param).returncode == 0
    return nfs


def test_the_clients_have_hostnames_of_their_own(nfs):
    assert [nfs.run(client, "hostname").strip() for client in nfs.clients] == list(nfs.clients)


def test_a_file_written_on_one_client_is_listed_on_the_other(mounted):
    name = mounted.run("node1", "mktemp", "-p", str(mounted.mount)).strip()
    assert name.rpartition("/")[2] in mounted.run("node2", "ls", str(mounted.mount)).split()


def test_the_export_is_not_just_this_machines_folder(nfs):
    nfs.run("node1", "touch", str(nfs.mount / "elsewhere"))
    assert list(nfs.mount.iterdir()) == []


def test_a_crashed_client_can_be_booted_again_and_finds_its_files(nfs):
    nfs.run("node2", "bash", "-c", f"echo kept > {nfs.mount}/kept; sync")
    nfs.act("crash", "node2")
    assert nfs.act("exec", "node2", "true").returncode == 255
    nfs.act("start", "node2")
    assert nfs.run("node2", "cat", str(nfs.mount / "kept")) == "kept\n"
