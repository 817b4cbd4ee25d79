"""Which tests run which line of the product, in this process or in one that they start, and how long each takes."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from coverage.numbits import numbits_to_nums

from tests.mutants import plugin
from tests.mutants.sites import Mutant

RC = """
[run]
source = {package}
parallel = true
data_file = {folder}/data
context = ${{{test}-}}
patch = _exit
disable_warnings = no-data-collected, module-not-imported, module-not-measured, already-imported
"""


@dataclass(frozen=True)
class Covering:
    """What a run of the tests showed.

    Attributes:
        of: The sources that ran, by `fingerprint`.
        seconds: What each test takes, those alone that passed.
        tests: By module and line, the tests that ran it: as indices into `seconds`.
        inside: By module, those that ran any function of it.
    """

    of: str
    seconds: dict[str, float]
    tests: dict[str, dict[str, list[int]]]
    inside: dict[str, list[int]]

    def of_mutant(self, mutant: Mutant) -> list[str]:
        """Return the tests that run what it changes, fastest first."""
        by_line = self.tests.get(mutant.path, {})
        found = {index for line in mutant.lines for index in by_line.get(str(line), ())}
        if not mutant.inside:
            found |= set(self.inside.get(mutant.path, ()))
        names = list(self.seconds)
        return sorted((names[index] for index in found), key=lambda name: (self.seconds[name], name))


def covering(
    root: Path, package: str, pytest_args: Sequence[str], folder: Path, kept: Path | None, jobs: int
) -> Covering:
    """Return what the tests of `root` cover: as kept for these sources, else by running them."""
    of = fingerprint(root, package, pytest_args)
    if kept is not None and kept.is_file():
        found = Covering(**json.loads(kept.read_text()))
        if found.of == of:
            return found
    measured = _measure(root, package, pytest_args, folder, of, jobs)
    if kept is not None:
        kept.write_text(json.dumps(asdict(measured)))
    return measured


def fingerprint(root: Path, package: str, pytest_args: Sequence[str]) -> str:
    """Return the digest of all that a run of the tests depends on here."""
    ours = root / "tests" / "mutants"
    paths = sorted(path for place in (package, "tests") for path in (root / place).rglob("*.py"))
    paths = [path for path in paths if ours not in path.parents]
    digest = hashlib.blake2b("\0".join(pytest_args).encode(), digest_size=16)
    for path in paths:
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def environment(root: Path) -> dict[str, str]:
    """Return the environment in which `root`'s package is the one that is imported, by every process."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("COVERAGE_")}
    return kept | {"PYTHONPATH": str(root), "PYTHONHASHSEED": "0"}


def alone() -> list[str]:
    """Return what begins a command whose processes see and can kill only each other, and all end with it.

    A mutant may well kill what it should not. The shell buries whoever loses its parent.
    """
    user = ["--user", "--map-root-user"] if os.geteuid() else []
    argv = ["unshare", *user, "--pid", "--fork", "--mount-proc", "--kill-child"]
    return [*argv, "sh", "-c", '"$@"; exit $?', "sh"]


def _measure(root: Path, package: str, pytest_args: Sequence[str], folder: Path, of: str, jobs: int) -> Covering:
    rc = folder / "coveragerc"
    rc.write_text(RC.format(package=root / package, folder=folder, test=plugin.TEST))
    runs = [
        _start(root, rc, folder / f"times-{number}.json", f"{number}/{jobs}", pytest_args) for number in range(jobs)
    ]
    codes = [run.wait() for run in runs]
    seconds: dict[str, float] = {}
    for path in sorted(folder.glob("times-*.json")):
        seconds |= json.loads(path.read_text())
    if not seconds:
        raise SystemExit(f"the tests did not run; pytest ended with {codes}")
    return _read(root, folder, of, seconds)


def _start(root: Path, rc: Path, times: Path, share: str, pytest_args: Sequence[str]) -> subprocess.Popen[bytes]:
    """Start a share of the tests."""
    environ = environment(root) | {"COVERAGE_PROCESS_START": str(rc), plugin.TEST: ""}
    environ |= {plugin.TIMES: str(times), plugin.SHARE: share}
    environ["PYTHONPATH"] += f":{Path(__file__).resolve().parents[2]}"  # of this package, which the plugin is part of
    argv = [
        *alone(),
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "tests.mutants.plugin",
        "-p",
        "no:cacheprovider",
        *pytest_args,
    ]
    return subprocess.Popen(argv, cwd=root, env=environ, stdout=sys.stderr)


def _read(root: Path, folder: Path, of: str, seconds: dict[str, float]) -> Covering:
    numbers = {name: number for number, name in enumerate(seconds)}
    found: dict[str, dict[str, set[int]]] = {}
    for module, name, lines in _data(folder):
        if (number := numbers.get(name)) is not None:
            by_line = found.setdefault(Path(module).relative_to(root).as_posix(), {})
            for line in lines:
                by_line.setdefault(str(line), set()).add(number)
    tests = {path: {line: sorted(numbers) for line, numbers in lines.items()} for path, lines in found.items()}
    return Covering(of, seconds, tests, {path: _inside(root / path, found[path]) for path in found})


def _data(folder: Path) -> Iterator[tuple[str, str, list[int]]]:
    """Yield module, test and lines, process by process. Source: coverage.readthedocs.io, "Database schema"."""
    joined = "line_bits join file on file.id = file_id join context on context.id = context_id"
    query = f"select path, context, numbits from {joined}"  # of these names alone
    for path in sorted(folder.glob("data.*")):
        with closing(sqlite3.connect(path)) as data, suppress(sqlite3.DatabaseError):  # of a process that was killed
            yield from ((module, name, numbits_to_nums(bits)) for module, name, bits in data.execute(query))


def _inside(module: Path, by_line: Mapping[str, set[int]]) -> list[int]:
    """Return the tests that ran any line in a function of `module`."""
    bodies = _function_lines(ast.parse(module.read_bytes()))
    return sorted({test for line, tests in by_line.items() if int(line) in bodies for test in tests})


def _function_lines(tree: ast.Module) -> set[int]:
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return {line for node in functions for line in range(node.body[0].lineno, (node.end_lineno or 0) + 1)}
