"""The contract of `Files`, on a folder that two NFS clients share."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from multiprocessing.connection import Client
from pathlib import Path

import pytest

from jughpc.testing.filescontract import FilesContract

SERVER = Path(__file__).with_name("fileserver.py")
PORT = 7001

_numbers = itertools.count()


@dataclass(frozen=True)
class RemoteFiles:
    """`Files` whose every verb is done by another machine."""

    address: tuple[str, int]
    folder: str

    def names(self, folder):
        return self.ask("names", folder)

    def read(self, path, limit=-1):
        return self.ask("read", path, limit)

    def map(self, path):
        return memoryview(bytearray(self.ask("map", path)))

    def write(self, path, parts):
        self.ask("write", path, [bytes(part) for part in parts])

    def save(self, path, parts):
        self.ask("save", path, [bytes(part) for part in parts])

    def rewrite(self, path, data):
        self.ask("rewrite", path, bytes(data))

    def rename(self, old, new):
        self.ask("rename", old, new)

    def link(self, old, new):
        self.ask("link", old, new)

    def remove(self, path):
        self.ask("remove", path)

    def touch(self, path):
        self.ask("touch", path)

    def make_folder(self, folder):
        self.ask("make_folder", folder)

    def ask(self, verb, *args):
        with Client(self.address) as machine:
            machine.send((self.folder, verb, args))
            is_done, answer = machine.recv()
        if not is_done:
            raise answer
        return answer


def answers(files):
    try:
        return files.names("") is not None
    except OSError:
        return False


@pytest.fixture(scope="module")
def machines(nfs, until):
    """Return the addresses at which each client answers for each of its mounts."""
    nfs.mount_all()
    places, servers = {}, []
    for number, version in enumerate(nfs.versions):
        for client in nfs.clients:
            servers.append(nfs.start_python(client, str(SERVER), str(PORT + number), str(nfs.mount(version))))
            places[client, version] = nfs.address(client), PORT + number
    for address in places.values():
        until(lambda address=address: answers(RemoteFiles(address, ".")))
    yield places
    for server in servers:
        server.kill()
        server.communicate()


class TestNfsFiles(FilesContract):
    @pytest.fixture
    def folder(self, nfs, machines, version):
        name = f"contract{version}-{next(_numbers)}"
        for client in nfs.clients:
            RemoteFiles(machines[client, version], name).make_folder("")
        return name

    @pytest.fixture
    def files(self, machines, version, folder):
        return RemoteFiles(machines["node1", version], folder)

    @pytest.fixture
    def peer(self, machines, version, folder):
        return RemoteFiles(machines["node2", version], folder)
