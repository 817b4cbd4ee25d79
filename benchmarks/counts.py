"""What needs no quiet machine, for it is counted: `python -m benchmarks.counts`; it needs strace and valgrind."""

from __future__ import annotations

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.engines import EMPTY
from benchmarks.layers import BARRIERS, STENCIL, TREE

LONG = """
import time
from jug import TaskGenerator

@TaskGenerator
def nap(i):
    time.sleep(600)

@TaskGenerator
def then(i):
    return i

last = then(nap(0))
"""

OURS = (sys.executable, "-m", "jughpc")
_COUNTED = "from jughpc import descriptors; descriptors.has_files_open = bool; from jughpc.cli.main import main; main()"
"""The same under valgrind, whose own files it would take for some that the jugfile left open, and look for them among
all objects in the end: 5200 instructions a task that no other run takes."""

_MANY = 20_000  # tasks under valgrind, which takes 50 times as long
_FROM, _UNTIL = 240.0, 360.0  # [s] of a wait in which calls are counted: by then its pauses do not grow any more
_ASKS = ("openat", "getdents64", "read", "pread64", "unlink", "rename", "link", "fsync", "pwrite64", "write", "mkdir")
"""What asks a file server, about; a directory's listing is two of them."""


def main() -> None:
    """Count what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.counts", description=__doc__)
    parser.add_argument("groups", nargs="*", help="what to count: start, task, layers, idle  [all]")
    chosen = parser.parse_args().groups or ["start", "task", "layers", "idle"]
    for name, count in (("start", start), ("task", task), ("layers", layers), ("idle", idle)):
        if name in chosen:
            with tempfile.TemporaryDirectory() as place:
                for line in count(Path(place)):
                    print(line, flush=True)


def start(place: Path) -> Iterator[str]:
    """Yield the system calls of commands on finished work, with bytecode written."""
    (place / "empty.py").write_text(EMPTY)
    _run([*OURS, "execute", "empty.py"], place)
    bare, *rest = [sys.executable, "-c", "0"], *([*OURS, *words] for words in (
        ["execute", "empty.py"], ["status", "empty.py"], ["--help"]
    ))  # fmt: skip
    for argv in (bare, *rest):
        _run(argv, place)
        _run(["strace", "-f", "-c", "-o", "calls", *argv], place)
        total = (place / "calls").read_text().splitlines()[-1].split()[3]
        yield f"system calls of {' '.join(argv[1:])}: {total}"


def task(place: Path) -> Iterator[str]:
    """Yield the instructions of an empty task, from its definition to its mark."""
    (place / "empty.py").write_text(EMPTY)
    many, one = (_instructions(place, count) for count in (_MANY, 1))
    yield f"instructions of an empty task: {(many - one) // (_MANY - 1):,}"


def layers(place: Path) -> Iterator[str]:
    """Yield the instructions of tasks that need each other, start included, by those of as many that need none."""
    (place / "empty.py").write_text(EMPTY)
    for name, text, tasks, environ in (
        ("stencil of 60 x 100", STENCIL, 6100, {"N": "60", "WIDTH": "100"}),
        ("8 barriers of 1000", BARRIERS, 8000, {"N": "8"}),
        ("tree over 10,000 leaves", TREE, 20_000, {"N": "10000"}),
    ):
        flat = _instructions(place, tasks)
        (place / "empty.py").write_text(text)
        found = _instructions(place, 0, **environ)
        (place / "empty.py").write_text(EMPTY)
        yield f"instructions of a {name}: {found / 1e6:,.0f} million, {found / flat:.2f} x"


def _instructions(place: Path, count: int, **environ: str) -> int:
    tool = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    argv = [*tool, sys.executable, "-c", _COUNTED, "execute", "empty.py", "--jugdir", f"d{len(list(place.iterdir()))}"]
    out = _run(argv, place, **{"N": str(count), "PYTHONHASHSEED": "0", **environ})
    return max(int(found.replace(",", "")) for found in re.findall(r"refs:\s+([\d,]+)", out))


def idle(place: Path) -> Iterator[str]:
    """Yield the calls on the jugdir of who waits for another's long task, a minute."""
    (place / "long.py").write_text(LONG)
    works = subprocess.Popen([*OURS, "execute", "long.py"], cwd=place, stderr=subprocess.DEVNULL)
    try:
        while not [*place.glob("long.jugdata/shards/*/*.claim.1")]:
            time.sleep(0.1)
        waits = {name: _watched(place, name) for name in ("execute", "sleep-until")}
        time.sleep(_UNTIL)
        for name, process in waits.items():
            os.killpg(process.pid, signal.SIGTERM)  # strace itself heeds none, and ends with what it traces
            process.wait()
            yield f"calls on the jugdir of a waiting {name}, a minute: {_counted(place / name)}"
    finally:
        works.kill()


def _watched(place: Path, name: str) -> subprocess.Popen[bytes]:
    argv = ["strace", "-f", "-y", "-ttt", "-o", str(place / name), *OURS, name, "long.py"]
    return subprocess.Popen(
        argv, cwd=place, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )


def _counted(trace: Path) -> str:
    """Return how many calls a trace has of each process, of those that ask a server, in a late minute."""
    line = re.compile(r"(\d+) +([\d.]+) (\w+)\(.*long\.jugdata")
    found = [match for text in trace.read_text().splitlines() if (match := line.match(text))]
    begun, main_process = float(found[0][2]), found[0][1]
    late = [match for match in found if _FROM <= float(match[2]) - begun < _UNTIL and match[3] in _ASKS]
    counts = Counter("itself" if match[1] == main_process else "beats" for match in late)
    minutes = (_UNTIL - _FROM) / 60
    return ", ".join(f"{who} {count / minutes:g}" for who, count in sorted(counts.items()))


def _run(argv: Sequence[str], place: Path, **environ: str) -> str:
    known = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    whole = {**known, "N": "1", **environ}
    return subprocess.run(argv, cwd=place, env=whole, check=True, capture_output=True, text=True).stderr


if __name__ == "__main__":
    main()
