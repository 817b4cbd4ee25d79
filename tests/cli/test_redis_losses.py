"""Workers on a real redis-server that is killed, emptied, filled, cut off and demoted under their hands."""

from __future__ import annotations

import contextlib
import re
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

redis = pytest.importorskip("redis")

TASKS = 30
WORK = f"""
import time
from pathlib import Path
from jug import TaskGenerator

@TaskGenerator
def square(n):
    with open(Path(__file__).with_name("ran"), "a") as file:
        file.write(f"{{n}}\\n")
    time.sleep(0.1)
    return n * n

squares = [square(n) for n in range({TASKS})]
"""
QUICK = {"JUGHPC_BEAT": "0.5", "JUGHPC_LAG": "0.5", "JUGHPC_TTL": "3"}
DURABLE = ("--appendonly", "yes", "--appendfsync", "always")


class Server:
    """A redis-server of a test's own, on one port for all its lives.

    Attributes:
        client: A connection for the test's own hands.
    """

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.folder = folder
        self.client = redis.Redis(port=self.port)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}?namespace=test"

    def start(self, *options: str) -> None:
        argv = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", *options]
        self._process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, cwd=self.folder)
        until(self.listens)

    def listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()

    def results(self) -> int:
        """Return how many results there are."""
        return sum(self.client.hlen(key) for key in self.client.keys("*:results:*"))


def until(is_so: Any) -> None:
    end = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.02)


@pytest.fixture
def server(tmp_path: Path, start_redis) -> Iterator[Server]:  # the latter skips where there is no redis
    folder = tmp_path / "server"
    folder.mkdir()
    made = Server(folder)
    made.start()
    yield made
    made.client.close()
    made.kill()


class Run:
    """A worker on WORK, beside which a test plays with the server."""

    def __init__(self, shell: Any, url: str, *options: str) -> None:
        shell.write("work.py", WORK)
        self.shell, self.at = shell, ("work.py", "--jugdir", url)
        self.process = shell_with(shell).start("execute", *self.at, *options)
        self.stderr = ""

    def ran(self) -> Counter[int]:
        path = self.shell.cwd / "ran"
        return Counter(map(int, path.read_text().split())) if path.exists() else Counter()

    def has_begun(self, tasks: int) -> None:
        """Wait until so many tasks ran."""
        until(lambda: self.ran().total() >= tasks)

    def says(self, words: str) -> None:
        """Wait until the worker says this."""
        assert self.process.stderr
        for line in self.process.stderr:
            self.stderr += line
            if words in line:
                return
        raise AssertionError(self.stderr)

    def ends(self) -> int:
        _, rest = self.process.communicate(timeout=120)
        self.stderr += rest
        return int(self.process.returncode)

    def is_whole(self) -> bool:
        """Return whether all results are there, by a look at all shards."""
        return bool(self.shell("check", "--deep", *self.at).returncode == 0)


def shell_with(shell: Any) -> Any:
    return type(shell)(shell.cwd, {**shell.environ, **QUICK})


def ends_well(run: Run) -> None:
    code = run.ends()
    assert (code, run.is_whole()) == (0, True), run.stderr
    assert run.ran().keys() == set(range(TASKS))


# what is lost


def test_what_a_server_forgets_in_the_midst_of_the_work_is_computed_again(jughpc, server):
    run = Run(jughpc, server.url)
    until(lambda: server.results() > 3)
    done = server.results()
    server.client.flushall()
    ends_well(run)
    assert run.ran().total() >= TASKS + done
    assert "results are gone" in run.stderr


def test_a_server_that_comes_back_empty_is_noticed(jughpc, server):
    run = Run(jughpc, server.url)
    until(lambda: server.results() > 3)
    server.kill()
    run.says("does not answer")
    server.start()
    ends_well(run)
    assert "results are gone" in run.stderr


def test_results_that_were_evicted_are_computed_again_and_no_others(jughpc, server):
    run = Run(jughpc, server.url)
    until(lambda: server.results() > 10)
    (key, *_) = server.client.keys("*:results:*")
    lost = server.client.hlen(key)
    server.client.delete(key)
    ends_well(run)
    assert run.ran().total() == TASKS + lost


def test_a_server_that_forgets_whatever_it_is_given_never_lets_a_worker_end_well(jughpc, server):
    run = Run(jughpc, server.url)
    over = threading.Event()

    def forget() -> None:
        while not over.wait(0.3):
            server.client.flushall()

    forgetful = threading.Thread(target=forget)
    forgetful.start()
    try:
        assert run.ends() == 3
    finally:
        over.set()
        forgetful.join()
    assert not run.is_whole()


def test_after_a_loss_nothing_is_called_done(jughpc, server):
    run = Run(jughpc, server.url)
    ends_well(run)
    server.client.delete(*server.client.keys("*:results:*"))
    status = run.shell("status", *run.at)
    assert (status.returncode, f"{TASKS} results are gone" in status.stderr) == (1, True)
    server.client.flushall()
    assert run.shell("check", *run.at).returncode == 1


@pytest.mark.parametrize("kind", ["claims", "life", "lives", "complete", "charter"])
def test_whatever_else_is_evicted_all_is_done_in_the_end(jughpc, server, kind):
    run = Run(jughpc, server.url)
    until(lambda: server.results() > 3)
    server.client.delete(*server.client.keys(f"*:{kind}*"), "none")
    ends_well(run)


def test_of_two_workers_on_a_server_that_is_emptied_each_that_ends_well_left_all_done(jughpc, server):
    runs = [Run(jughpc, server.url) for _ in range(2)]
    until(lambda: server.results() > 5)
    server.client.flushall()
    assert [run.ends() for run in runs] == [0, 0]
    assert runs[0].is_whole()


@pytest.mark.parametrize("workers", ["1", "3"])
def test_a_server_that_evicts_behind_a_workers_back_loses_nothing_for_good(jughpc, server, workers):
    """Its policy and its bound were set after the first use, which would have refused them."""
    run = Run(jughpc, server.url, "--workers", workers)
    until(lambda: server.results() > 3)
    server.client.config_set("maxmemory-policy", "allkeys-random")
    server.client.config_set("maxmemory", "1mb")  # less than it takes itself
    until(lambda: evicts(server))
    server.client.config_set("maxmemory", "0")
    server.client.config_set("maxmemory-policy", "noeviction")
    ends_well(run)
    assert re.search("results? (is|are) gone|goes on under a new name", run.stderr)  # whichever went first


def evicts(server) -> bool:
    with contextlib.suppress(redis.RedisError):  # out of memory, once nothing is left to be evicted
        server.client.set("other", "x")
    return server.client.info("stats")["evicted_keys"] > 0 and not server.results()


def test_of_several_workers_of_one_load_none_ends_well_before_what_was_lost_is_there_again(jughpc, server):
    run = Run(jughpc, server.url, "--workers", "3")
    until(lambda: server.results() > 10)
    server.client.flushall()
    ends_well(run)
    assert not re.search(
        "keeps sockets open|connected to a server", run.stderr
    )  # the store's own are none of the jugfile's, and are not shared


# what passes


def test_a_server_that_comes_back_with_its_data_costs_nothing_but_time(jughpc, server):
    server.kill()
    server.start(*DURABLE)
    run = Run(jughpc, server.url)
    until(lambda: server.results() > 3)
    server.kill()
    run.says("does not answer")
    server.start(*DURABLE)
    ends_well(run)
    assert "gone" not in run.stderr
    assert run.ran().total() <= TASKS + 20  # what was in hand


def test_a_worker_waits_while_the_server_has_no_memory(jughpc, server):
    run = Run(jughpc, server.url)
    run.has_begun(1)
    server.client.config_set("maxmemory", "1")
    run.says("is out of memory")
    time.sleep(1)
    server.client.config_set("maxmemory", "0")
    ends_well(run)


def test_a_worker_waits_while_the_server_is_a_replica(jughpc, server):
    run = Run(jughpc, server.url)
    run.has_begun(1)
    server.client.replicaof("127.0.0.1", 1)
    run.says("takes no work now")
    server.client.replicaof("NO", "ONE")
    ends_well(run)


@pytest.mark.parametrize("workers", ["1", "3"])
@pytest.mark.parametrize("longer", ["than a moment", "than it takes to be taken for dead"])
def test_a_worker_waits_while_the_network_is_cut(jughpc, server, longer, workers):
    with cable(server.port) as (port, cut):
        run = Run(jughpc, f"redis://127.0.0.1:{port}?namespace=test", "--workers", workers)
        until(lambda: server.results() > 3)
        cut.set()
        run.says("does not answer")
        if longer != "than a moment":
            until(lambda: not server.client.keys("*:life:*"))
        cut.clear()
        ends_well(run)


def test_a_worker_that_is_started_while_the_server_loads_its_data_waits(jughpc, server):
    with server.client.pipeline(transaction=False) as pipe:
        for n in range(3000):
            pipe.set(f"other:{n}", "x" * 100)
        pipe.execute()
    server.client.config_set("save", "3600 1")
    server.client.save()
    server.kill()
    server.start("--save", "3600 1", "--key-load-delay", "1000", "--loading-process-events-interval-bytes", "1024")
    run = Run(jughpc, server.url)
    run.says("takes no work now")
    ends_well(run)


@contextlib.contextmanager
def cable(port: int) -> Iterator[tuple[int, threading.Event]]:
    """Pass on what comes in at a port of its own, until an event cuts all and lets nobody in."""
    cut, over, ends = threading.Event(), threading.Event(), list[socket.socket]()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)

        def carry(source: socket.socket, sink: socket.socket) -> None:
            with contextlib.suppress(OSError):
                while data := source.recv(1 << 16):
                    sink.sendall(data)
            for end in (source, sink):
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

        def serve() -> None:
            while not over.is_set():
                if cut.is_set():
                    for end in ends:
                        with contextlib.suppress(OSError):
                            end.shutdown(socket.SHUT_RDWR)
                with contextlib.suppress(TimeoutError):
                    near, _ = listener.accept()
                    near.settimeout(None)
                    if cut.is_set():
                        near.close()
                        continue
                    far = socket.create_connection(("127.0.0.1", port))
                    ends.extend((near, far))
                    for pair in ((near, far), (far, near)):
                        threading.Thread(target=carry, args=pair, daemon=True).start()

        server = threading.Thread(target=serve)
        server.start()
        try:
            yield listener.getsockname()[1], cut
        finally:
            over.set()
            server.join()
            for end in ends:
                end.close()


# eviction


@pytest.mark.parametrize("forbidden", ["-info", "-config", "-info -config"])
def test_eviction_is_refused_at_the_first_use_by_whichever_way_it_can_be_told(jughpc, server, forbidden):
    server.client.config_set("maxmemory-policy", "allkeys-lru")
    server.client.acl_setuser(
        "ada", enabled=True, passwords=["+pw"], keys=["*"], commands=["+@all", *forbidden.split()]
    )
    url = server.url.replace("redis://", "redis://ada:pw@")
    jughpc.write("work.py", WORK)
    done = jughpc("execute", "work.py", "--jugdir", url)
    if forbidden == "-info -config":
        assert (done.returncode, "cannot be told" in done.stderr) == (0, True)
    else:
        assert (done.returncode, "maxmemory-policy allkeys-lru" in done.stderr) == (2, True)
        assert server.client.dbsize() == 0


def test_who_lost_access_in_the_midst_of_the_work_waits_for_it(jughpc, server):
    server.client.acl_setuser("ada", enabled=True, passwords=["+pw"], keys=["*"], commands=["+@all"])
    run = Run(jughpc, server.url.replace("redis://", "redis://ada:pw@"))
    run.has_begun(1)
    server.client.acl_setuser("ada", enabled=True, keys=["*"], commands=["-hset"])
    run.says("does not let this user do that")
    server.client.acl_setuser("ada", enabled=True, keys=["*"], commands=["+hset"])
    assert run.ends() == 0
