"""Change the product a little, many times over, and tell which changes no test sees.

python -m tests.mutants --room app --sample 100 --seed 1
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.mutants import report
from tests.mutants.covering import Covering, alone, covering
from tests.mutants.sites import Mutant, mutants_of
from tests.mutants.trial import SURVIVED, UNTESTED, Outcome, copy_tree, try_all

ROOT = Path(__file__).resolve().parents[2]
EQUIVALENT = "tests/mutants/equivalent.txt"
LANES = "unit or local or sim"


def main(argv: Sequence[str]) -> int:
    """Run; return 1 if any mutant was seen by no test."""
    options = _parser().parse_args(argv)
    root = options.root.resolve()
    chosen = _sample(_candidates(root, options), options.sample, options.seed)
    if options.list:
        print("\n".join(map(str, chosen)))
        return 0
    pytest_args = ["-q", "-m", options.lanes, "--ignore", "tests/mutants"] if options.lanes else ["-q"]
    if subprocess.run([*alone(), "true"], capture_output=True, check=False).returncode:
        raise SystemExit("this machine gives no PID namespaces (unshare), and a mutant may kill whatever it can reach")
    with tempfile.TemporaryDirectory(prefix="mutants-") as name:
        folder = Path(name)
        tree = copy_tree(root, folder / "measured")
        cover = covering(tree, options.package, pytest_args, folder, root / ".mutants.json", options.jobs)
        outcomes = list(_tried(root, chosen, cover, folder, options))
    if options.json:
        print(json.dumps(report.as_dict(outcomes, options.seed), indent=1))
    else:
        print("\n".join([*report.survivors(outcomes), "", report.table(outcomes)]))
    return int(any(outcome.verdict in (SURVIVED, UNTESTED) for outcome in outcomes))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--room", action="append", default=[], help="a folder of the package, or a file; repeatable")
    parser.add_argument("--sample", type=int, metavar="N", help="try so many, drawn at random; by default all")
    parser.add_argument("--seed", type=int, default=0, help="which sample")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), metavar="K", help="run so many at once")
    parser.add_argument(
        "--budget", type=float, default=60.0, metavar="SECONDS", help="of tests a mutant, fastest first"
    )
    parser.add_argument("--lanes", default=LANES, help=f"which tests, as `pytest -m` takes it  [{LANES}]")
    parser.add_argument("--list", action="store_true", help="only list the mutants")
    parser.add_argument("--json", action="store_true", help="all of it as JSON")
    parser.add_argument("--root", type=Path, default=ROOT, help="another tree than this one")
    parser.add_argument("--package", default="jughpc", help="its package")
    return parser


def _candidates(root: Path, options: argparse.Namespace) -> list[Mutant]:
    """Return all mutants of the rooms asked for, but for those that nobody could tell from the product."""
    known = _equivalent(root / EQUIVALENT)
    found = [mutant for path in _modules(root, options.package, options.room) for mutant in _of_file(root, path)]
    return [mutant for mutant in found if mutant.key not in known]


def _modules(root: Path, package: str, rooms: Sequence[str]) -> list[Path]:
    paths: set[Path] = set()
    for room in rooms or ["."]:
        place = next((path for path in (root / package / room, root / room) if path.exists()), None)
        if place is None:
            raise SystemExit(f"there is no room {room!r}: name a folder of {package}/, or a file")
        paths |= set(place.rglob("*.py")) if place.is_dir() else {place}
    return sorted(path for path in paths if rooms or "testing" not in path.parts)


def _of_file(root: Path, path: Path) -> list[Mutant]:
    return mutants_of(path.relative_to(root).as_posix(), path.read_bytes())


def _equivalent(path: Path) -> set[str]:
    """Return the keys of mutants that are no faults: one a line, with two blanks and a # before the reason."""
    lines = path.read_text().splitlines() if path.is_file() else []
    return {line.rpartition("  # ")[0].strip() for line in lines if line.strip() and not line.startswith("#")}


def _sample(mutants: list[Mutant], size: int | None, seed: int) -> list[Mutant]:
    if size is None or size >= len(mutants):
        return mutants
    return random.Random(seed).sample(mutants, size)


def _tried(
    root: Path, mutants: Sequence[Mutant], cover: Covering, folder: Path, options: argparse.Namespace
) -> Iterator[Outcome]:
    trials = [(mutant, *_within(cover, cover.of_mutant(mutant), options.budget)) for mutant in mutants]
    for number, outcome in enumerate(try_all(root, trials, folder, options.jobs), start=1):
        verdict = f"{outcome.verdict} after {outcome.seconds:.0f} s"
        print(f"{number}/{len(mutants)} {verdict}: {outcome.mutant}", file=sys.stderr, flush=True)
        yield outcome


def _within(cover: Covering, tests: list[str], budget: float) -> tuple[list[str], int, float]:
    """Return those of `tests` that fit into `budget` [s], at least one; how many there were; what they take [s]."""
    taken: list[str] = []
    total = 0.0
    for test in tests:
        if taken and total + cover.seconds[test] > budget:
            break
        taken.append(test)
        total += cover.seconds[test]
    return taken, len(tests), total


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
