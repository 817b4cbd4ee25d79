"""Workers as real processes in a folder of their own, and what their tasks must come to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

DARING = "--max-crashes=9999"  # of those who are struck at random no task is the reason

MIXED = """
import sys, time
from jug import TaskGenerator

SALT = int(sys.argv[1])

@TaskGenerator
def short(i, salt):
    return i + salt

@TaskGenerator
def long(i, x):
    time.sleep(0.02 * (i % 6))
    return 2 * x

@TaskGenerator
def add(numbers):
    return sum(numbers)

shorts = [short(i, SALT) for i in range(600)]
longs = [long(i, shorts[7 * i]) for i in range(60)]
sums = [add(shorts[i::10] + longs[i::10]) for i in range(10)]
total = add(sums)
"""

SHOW = "import json; print(json.dumps([value(shorts), value(longs), value(sums), value(total)]))"


def expected_of(salt):
    """Return what the tasks of MIXED must come to."""
    shorts = [i + salt for i in range(600)]
    longs = [2 * shorts[7 * i] for i in range(60)]
    sums = [sum(shorts[i::10] + longs[i::10]) for i in range(10)]
    return [shorts, longs, sums, sum(sums)]


@dataclass(frozen=True)
class Crew:
    """What starts workers on one jugfile and jugdir.

    Attributes:
        jugdir: Where they work.
        folder: Where the jugfile and logs are.
    """

    folder: Path
    jugdir: Path

    def argv(self, command, *options, args=()):
        words = [command, str(self.folder / "jugfile.py"), "--jugdir", str(self.jugdir), *options, "--", *args]
        return [sys.executable, "-m", "jughpc", *words]

    def environ(self):
        kept = {key: value for key, value in os.environ.items() if not key.startswith("JUGHPC_")}
        pace = {"JUGHPC_BEAT": "0.5", "JUGHPC_LAG": "0", "JUGHPC_TTL": "4"}  # a local disk: no cache lies
        return kept | pace | {"HOME": str(self.folder), "XDG_CONFIG_HOME": "", "XDG_STATE_HOME": ""}

    def start(self, *args, workers=1):
        """Start an element in a session of its own; what it says is appended to one log."""
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                self.argv("execute", DARING, f"--workers={workers}", args=args), cwd=self.folder, env=self.environ(),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def run(self, command, *options, args=()):
        """Run a command to its end."""
        return subprocess.run(
            self.argv(command, *options, args=args), cwd=self.folder, env=self.environ(),
            capture_output=True, text=True, check=False, timeout=100, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def show(self, *args):
        """Return the finished command that prints the tasks' results."""
        (self.folder / "show.py").write_text(SHOW)
        return self.run("reduce", "--script", "show.py", args=args)

    def results(self, *args):
        done = self.show(*args)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def finish(self, *args):
        """Let one more worker do what is left; all must be done then."""
        done = self.run("execute", DARING, args=args)
        assert done.returncode == 0, done.stdout + done.stderr

    def said(self):
        """Return what the workers said."""
        return (self.folder / "log").read_text()

    def claims(self):
        """Return the claims that lie around."""
        return sorted(path.name for path in self.jugdir.glob("shards/*/*.claim.*"))


@pytest.fixture
def crew(tmp_path):
    (tmp_path / "jugfile.py").write_text(MIXED)
    return Crew(tmp_path, tmp_path / "results")


@pytest.fixture
def expected():
    """Return what the tasks must come to, by their salt."""
    return expected_of
