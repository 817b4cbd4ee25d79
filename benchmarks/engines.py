"""The two engines that are compared, each by its command."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

JUG = "jug==2.7.0"

HEAD = "import os\nfrom jug import TaskGenerator\nN = int(os.environ['N'])\n"

EMPTY = f"""{HEAD}
@TaskGenerator
def square(i):
    return i * i

tasks = [square(i) for i in range(N)]
"""

NAPS = f"""{HEAD}
import time

@TaskGenerator
def nap(i):
    time.sleep(0.001)
    return i

tasks = [nap(i) for i in range(N)]
"""

POOL = """
import os
import time
from multiprocessing import Pool

def nap(i):
    time.sleep(0.001)
    return i

with Pool(1) as pool:
    pool.map(nap, range(int(os.environ["N"])), chunksize=512)
pool.join()
"""

CHAIN = f"""{HEAD}
@TaskGenerator
def step(i, before):
    return i

last = None
for i in range(N):
    last = step(i, last)
"""

MAP_AND_SUM = f"""{HEAD}
@TaskGenerator
def square(i):
    return i * i

@TaskGenerator
def total(numbers):
    return sum(numbers)

result = total([square(i) for i in range(N)])
"""

ARRAYS = f"""{HEAD}
import numpy as np

@TaskGenerator
def array(i):
    return np.random.default_rng(i).random(1 << 17)

tasks = [array(i) for i in range(N)]
"""

LARGE = f"""{HEAD}
import jug.mapreduce
import numpy as np

@TaskGenerator
def array(i):
    return np.full(20 << 17, float(i))

def add(a, b):
    return a + b

result = jug.mapreduce.reduce(add, [array(i) for i in range(N)])
"""

REDUCES = {MAP_AND_SUM: 1, LARGE: 13}
"""Tasks besides the N; of LARGE, where N is 40."""


@dataclass(frozen=True)
class Engine:
    """A command that executes jugfiles.

    Attributes:
        command: Its first words.
        python: An interpreter that can import it.
    """

    name: str
    command: tuple[str, ...]
    python: str

    def execute(self, jugfile: str, jugdir: Path) -> list[str]:
        """Return the command of one worker."""
        short = ["--short"] if self.name == "jughpc" else []
        return [*self.command, "execute", jugfile, f"--jugdir={jugdir}", *short]

    def status(self, jugfile: str, jugdir: Path, *options: str) -> list[str]:
        """Return the command that shows the status."""
        return [*self.command, "status", jugfile, f"--jugdir={jugdir}", *options]


def ours() -> Engine:
    """Return jughpc as this interpreter has it."""
    return Engine("jughpc", (sys.executable, "-m", "jughpc"), sys.executable)


def jug() -> Engine:
    """Return jug from its package, in a virtual environment made for it once."""
    place = Path(tempfile.gettempdir()) / f"benchmarks-{os.getuid()}-{JUG.replace('==', '-')}"
    if not (place / "bin" / "jug").exists():
        shutil.rmtree(place, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
        _pip(place, "install", "-q", "--disable-pip-version-check", JUG, "numpy")
    return Engine("jug", (str(place / "bin" / "jug"),), str(place / "bin" / "python"))


def _pip(place: Path, *words: str) -> None:
    subprocess.run([str(place / "bin" / "python"), "-m", "pip", *words], check=True)


def write(folder: Path, text: str) -> str:
    """Write a jugfile; return its name."""
    (folder / "jugfile.py").write_text(text)
    return "jugfile.py"


def executed(outs: Sequence[str]) -> int:
    """Return how many tasks our workers say that they executed, together."""
    lines = [line for out in outs for line in out.splitlines() if line.strip().startswith("Executed")]
    return sum(int(line.split(":")[1].split()[0].replace(",", "")) for line in lines)
