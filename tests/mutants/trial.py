"""Try mutants, each in a copy of the tree that nobody else looks at, shut off from all other processes."""

from __future__ import annotations

import os
import queue
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.mutants.covering import alone, environment
from tests.mutants.sites import Mutant

KILLED, SURVIVED, TIMEOUT, UNTESTED = "killed", "survived", "timeout", "untested"
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "*.jugdata", ".*_cache", ".hypothesis", "dist", ".mutants*")

_PATIENCE = 20.0  # [s] more than
_SLOWER = 5.0  # times what its tests take alone, before a mutant is taken for one that never ends


@dataclass(frozen=True)
class Outcome:
    """What became of a mutant.

    Attributes:
        verdict: KILLED, SURVIVED, TIMEOUT, or UNTESTED if no test runs its line.
        tests: How many tests were to run, and how many could have.
        seconds: What the trial took.
    """

    mutant: Mutant
    verdict: str
    tests: tuple[int, int]
    seconds: float


def copy_tree(root: Path, to: Path) -> Path:
    """Copy what of `root` the tests need, and compile it."""
    shutil.copytree(root, to, symlinks=True, ignore=LEFT_OUT)
    subprocess.run([sys.executable, "-m", "compileall", "-qq", str(to)], check=False)
    return to


def try_all(
    root: Path, trials: Sequence[tuple[Mutant, list[str], int, float]], folder: Path, jobs: int
) -> Iterator[Outcome]:
    """Yield what becomes of each mutant, as they end.

    Args:
        trials: Mutants, each with the tests to run, how many there would be, and how long those take [s].
        folder: Where the copies go.
        jobs: How many run at once.
    """
    copies: queue.Queue[_Copy] = queue.Queue()
    for number in range(jobs):
        copies.put(_Copy(copy_tree(root, folder / f"copy-{number}")))

    def try_one(trial: tuple[Mutant, list[str], int, float]) -> Outcome:
        mutant, tests, of, seconds = trial
        if not tests:
            return Outcome(mutant, UNTESTED, (0, of), 0.0)
        with _borrowed(copies) as place:
            started = time.monotonic()
            verdict = place.attempt(mutant, tests, _PATIENCE + _SLOWER * seconds)
            return Outcome(mutant, verdict, (len(tests), of), time.monotonic() - started)

    with ThreadPoolExecutor(jobs) as pool:
        yield from _as_they_end(pool, try_one, trials)


def _as_they_end(
    pool: ThreadPoolExecutor, function: Callable[..., Outcome], trials: Iterable[object]
) -> Iterator[Outcome]:
    from concurrent.futures import as_completed

    for future in as_completed([pool.submit(function, trial) for trial in trials]):
        yield future.result()


@contextmanager
def _borrowed(copies: queue.Queue[_Copy]) -> Iterator[_Copy]:
    place = copies.get()
    try:
        yield place
    finally:
        copies.put(place)


class _Copy:
    """A copy of the tree in which one mutant after the other lives."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._scratch = root.parent / f"{root.name}-scratch"
        self._tick = int(time.time())

    def attempt(self, mutant: Mutant, tests: Sequence[str], limit: float) -> str:
        """Return what the tests say of a mutant within `limit` [s]."""
        path = self.root / mutant.path
        source = path.read_bytes()
        self._write(path, mutant.apply(source))
        try:
            return self._run(tests, limit)
        finally:
            self._write(path, source)

    def _write(self, path: Path, source: bytes) -> None:
        path.write_bytes(source)
        self._tick += 2  # [s] compiled modules are told apart by time, in whole seconds, and size
        os.utime(path, (self._tick, self._tick))

    def _run(self, tests: Sequence[str], limit: float) -> str:
        shutil.rmtree(self._scratch, ignore_errors=True)
        self._scratch.mkdir()
        chosen = self._scratch / "tests"
        chosen.write_text("\n".join(tests))
        options = ["-x", "-q", "--tb=no", "-p", "no:cacheprovider", f"--basetemp={self._scratch / 'tmp'}"]
        argv = [*alone(), sys.executable, "-m", "pytest", *options, f"@{chosen}"]
        environ = environment(self.root) | {"TMPDIR": str(self._scratch), "HYPOTHESIS_STORAGE_DIRECTORY": "hypothesis"}
        with subprocess.Popen(
            argv, cwd=self.root, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True,
        ) as process:  # fmt: skip
            try:
                return SURVIVED if process.wait(limit) == 0 else KILLED
            except subprocess.TimeoutExpired:
                process.kill()  # and with it its whole namespace, where there is one
                return TIMEOUT
