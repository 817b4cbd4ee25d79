"""Print how much of each room the tests ran: python -m tests.coverage_by_room FOLDER, which coverage wrote into."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from coverage import Coverage

PACKAGE = Path(__file__).resolve().parents[1] / "jughpc"


def main(folder: Path) -> None:
    """Print a row a room: lines that can run, and what part of them did, in any process."""
    measured = Coverage(data_file=str(folder / "data"), config_file=str(PACKAGE.parent / "pyproject.toml"))
    measured.combine([str(folder)], strict=True, keep=True)
    lines, missed = Counter[str](), Counter[str]()
    for path in sorted(PACKAGE.rglob("*.py")):
        room = path.parent.relative_to(PACKAGE.parent).as_posix()
        _, able, _, absent, _ = measured.analysis2(str(path))
        lines[room] += len(able)
        missed[room] += len(absent)
    for room in lines:
        _print(room, lines[room], missed[room])
    _print("all", lines.total(), missed.total())


def _print(room: str, lines: int, missed: int) -> None:
    print(f"{room:<24} {lines:>6} lines {1 - missed / max(1, lines):>6.1%}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
