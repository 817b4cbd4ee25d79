"""What tests of several rooms have in common: a user of the whole flow, a redis server, what can't run here."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hypothesis
import pytest

hypothesis.settings.register_profile("jughpc", deadline=None)  # how long an example takes says how busy the machine is
hypothesis.settings.load_profile("jughpc")

EXAMPLES = Path(__file__).parents[1] / "examples"
QUICK = {"JUGHPC_BEAT": "1", "JUGHPC_LAG": "2", "JUGHPC_TTL": "8"}  # [s] death is seen in seconds, not minutes
PRIMES = "2 3 5 7 11 13 17 19 23 29 31 37 41 43 47 53 59 61 67 71 73 79 83 89 97"

MUTANTS = "MUTANTS_TEST"  # set where tests.mutants asks which test runs which line
MEASURES = "COVERAGE_PROCESS_START"  # set, it has coverage measured in this process and all that it starts

COUNTED = """
import os, socket
from pathlib import Path
from time import sleep
from jug import TaskGenerator

@TaskGenerator
def is_prime(n):
    Path("runs", f"{n}-{socket.gethostname()}-{os.getpid()}").touch()
    WORK
    return all(n % divisor for divisor in range(2, n))

primes100 = list(map(is_prime, range(2, 101)))
"""


LANES = {
    "unit": "one room at a time, in this process or a few; all of them take less than a minute",
    "local": "whole commands, and arrays on this machine's own cores",
    "sim": "histories of the simulated world and of the simulated cluster",
    "storms": "workers that are killed and stopped at random on a real disk",
    "cluster": "needs a real Slurm cluster booted on this machine",
    "nfs": "needs two client kernels and a real NFS export",
}
"""What `pytest -m LANE` runs. A test is in the lane that it marks itself with, or else its folder's, or else unit."""

FOLDERS = {
    "app/test_beside_workers.py": "local", "app/test_outage.py": "sim",
    "mutants": "local", "batch/local": "local", "cli": "local",
    "faults": "local", "local": "local", "test_examples.py": "local", "sim": "sim", "simcluster": "sim",
    "storms": "storms", "cluster": "cluster", "nfs": "nfs",
}  # fmt: skip

SHARED = ("tests/cluster/", "tests/nfs/")  # where all tests share what takes long to boot: one process runs them

MEASURED = {"unit", "local"}  # lanes whose coverage is measured, if any is: the others would take twice their time


USUAL = {
    signal.SIGHUP: signal.SIG_DFL, signal.SIGINT: signal.default_int_handler, signal.SIGQUIT: signal.SIG_DFL,
    signal.SIGTERM: signal.SIG_DFL,
}  # fmt: skip
"""What these signals do unless somebody, as nohup or a shell's `&`, has all that it starts ignore them."""


def pytest_configure(config: pytest.Config) -> None:
    for number, usual in USUAL.items():
        if signal.getsignal(number) is signal.SIG_IGN:  # tests send them, and wait for what commands do then
            signal.signal(number, usual)
    for lane, what in LANES.items():
        config.addinivalue_line("markers", f"{lane}: {what}")


def pytest_itemcollected(item: pytest.Item) -> None:
    path = item.path.relative_to(Path(__file__).parent).as_posix()
    if not any(mark.name in LANES for mark in item.iter_markers()):
        item.add_marker(next((lane for place, lane in FOLDERS.items() if f"{path}/".startswith(f"{place}/")), "unit"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run what takes longest first where several processes share the tests, so that they end at about the same time."""
    if hasattr(config, "workerinput"):  # this is one of them
        order = ["nfs", "cluster", "sim", "storms", "local", "unit"]
        items.sort(key=lambda item: order.index(lane_of(item)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Have a file's tests run in one process, and those of all files in one that are SHARED."""
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return next((place for place in SHARED if nodeid.startswith(place)), nodeid.partition("::")[0])

    config.option.loadscopereorder = False  # by the number of tests: ours are in order already
    return ByFile(config, log)


def lane_of(item: pytest.Item) -> str:
    """Return the lane of a test."""
    return next(mark.name for mark in item.iter_markers() if mark.name in LANES)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Run a test of another lane than those MEASURED without coverage, its commands too."""
    coverage: Any = sys.modules.get("coverage")
    current = coverage.Coverage.current() if coverage else None
    if current is None or lane_of(item) in MEASURED or MUTANTS in os.environ:
        return (yield)
    start = os.environ.pop(MEASURES, None)
    current.stop()
    try:
        return (yield)
    finally:
        current.start()
        os.environ |= {MEASURES: start} if start else {}


@dataclass
class Tally:
    """What came of the tests of a lane."""

    outcomes: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    reasons: set[str] = field(default_factory=set)


_tallies: dict[str, Tally] = {}


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    tally = _tallies.setdefault(next(name for name in LANES if name in report.keywords), Tally())
    tally.seconds += report.duration
    if report.when == "call" or report.outcome != "passed":
        tally.outcomes[report.outcome] += 1
    if report.skipped and isinstance(report.longrepr, tuple):
        tally.reasons.add(report.longrepr[2].removeprefix("Skipped: "))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say what each lane came to, and what of it this machine cannot run."""
    for lane, tally in _tallies.items():
        counts = ", ".join(f"{count} {outcome}" for outcome, count in tally.outcomes.items())
        terminalreporter.write_line(f"lane {lane}: {counts} in {tally.seconds:.0f} s")
        for reason in sorted(tally.reasons):
            terminalreporter.write_line(f"  not on this machine: {reason}")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seeds", type=int, default=2000, help="how many histories of the simulated world to play")
    parser.addoption("--rounds", type=int, default=20, help="how many rounds the storm of signals lasts")
    parser.addoption("--storm-seed", type=int, default=None, help="which storm to repeat, as far as that can be")


class User:
    """Somebody who types commands in a folder that holds the primes example.

    Attributes:
        primes: What its reduce prints.
    """

    primes = PRIMES

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        self.folder, self.env = folder, {**env, **QUICK}
        for name in ("primes.py", "primes_reduce.py"):
            (folder / name).write_text((EXAMPLES / name).read_text())

    def argv(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "jughpc", *words]

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        argv = self.argv(*words)
        return subprocess.run(argv, cwd=self.folder, env=self.env, capture_output=True, text=True, check=False)

    def jughpc(self, *words: str, code: int = 0) -> str:
        """Run a command that is to end with `code`; return all that it put out."""
        done = self.run(*words)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def status(self, *options: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.run("status", "--json", *options).stdout)
        return found

    def claims(self) -> list[Path]:
        return list(self.folder.glob("*.jugdata/shards/*/*.claim.*"))

    def write_counted(self, work: str) -> None:
        """Write a primes.py whose tasks leave a file each time they run, then do `work`."""
        (self.folder / "primes.py").write_text(COUNTED.replace("WORK", work))
        (self.folder / "runs").mkdir(exist_ok=True)

    def write_killed_once(self, n: int) -> None:
        """Write a primes.py that kills its worker at number `n`, the first time."""
        kill = "(open('killed', 'w').close() or os.kill(os.getpid(), 9))"
        self.write_counted(f"n == {n} and not os.path.exists('killed') and {kill}")

    def runs(self) -> list[tuple[int, str, int]]:
        """Return number, host and pid of each run of a task."""
        names = (path.name.rsplit("-", 2) for path in (self.folder / "runs").iterdir())
        return [(int(number.partition("-")[0]), host, int(pid)) for number, host, pid in names]

    def output(self) -> str:
        """Return what the reduce stored, "" if nothing."""
        path = self.folder / "primes.txt"
        return path.read_text().strip() if path.is_file() else ""


@pytest.fixture
def user(tmp_path: Path) -> Callable[[Mapping[str, str]], User]:
    """Return what makes a user, given an environment."""
    return lambda env: User(tmp_path, env)


@pytest.fixture(scope="session")
def until() -> Callable[[Callable[[], bool]], None]:
    """Return what waits for a condition, and fails if that takes two minutes."""

    def wait(condition: Callable[[], bool]) -> None:
        end = time.monotonic() + 120
        while not condition():
            assert time.monotonic() < end, "waited in vain"
            time.sleep(0.1)

    return wait


@pytest.fixture(scope="session")
def give_up() -> Callable[[str], None]:
    """Return what ends a test that this machine cannot run: a skip, but in CI, where no test is skipped, a failure."""
    return pytest.fail if os.environ.get("CI") == "true" else pytest.skip


@dataclass(frozen=True)
class Redis:
    """A redis server on this machine.

    Attributes:
        certificate: What it proves itself with, None if it does not speak TLS.
    """

    port: int
    password: str
    certificate: Path | None = None


StartRedis = Callable[..., AbstractContextManager[Redis]]


@pytest.fixture(scope="session")
def start_redis(tmp_path_factory: pytest.TempPathFactory, give_up: Callable[[str], None]) -> StartRedis:
    """Return what starts a server that wants a password, and may speak TLS alone, and ends it."""
    if importlib.util.find_spec("redis") is None or shutil.which("redis-server") is None:
        give_up("no redis: pip install jughpc[redis], apt-get install redis-server")

    @contextmanager
    def running(password: str, *, tls: bool = False) -> Iterator[Redis]:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        folder = tmp_path_factory.mktemp("redis")
        certificate = _certificate(folder) if tls else None
        how = ["--port", "0", "--tls-port", str(port), *_TLS] if tls else ["--port", str(port)]
        argv = ["redis-server", *how, "--bind", "127.0.0.1", "--save", "", "--requirepass", password]
        with subprocess.Popen(argv, stdout=subprocess.DEVNULL, cwd=folder) as process:
            end = time.monotonic() + 120
            while not _listens(port):
                assert time.monotonic() < end, "redis-server did not start"
                time.sleep(0.02)
            yield Redis(port, password, certificate)
            process.kill()

    return running


@pytest.fixture(scope="session")
def redis_server(start_redis: StartRedis) -> Iterator[Redis]:
    """Yield a server whose password is hard on parsers."""
    with start_redis("it's: a/secret@") as server:
        yield server


_TLS = ["--tls-cert-file", "cert.pem", "--tls-key-file", "key.pem", "--tls-auth-clients", "no"]


def _certificate(folder: Path) -> Path:
    """Make a key and a certificate of this machine's own, and return the latter."""
    files = ["-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem"]
    about = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"]
    subprocess.run(["openssl", "req", "-x509", *files, *about], cwd=folder, check=True, capture_output=True)
    return folder / "cert.pem"


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
