"""The runner of mutants, on a package of a few lines."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

MODULE = '''
"""Tell who may come in: nobody under 18 == a child."""

import sys


def may_enter(age: int) -> bool:
    """Return whether somebody is old enough, which 1 == 1 is not."""
    return age >= 18


def unseen(age: int) -> bool:
    return age == 99


if __name__ == "__main__":
    sys.exit(not may_enter(int(sys.argv[1])))
'''

TESTS = """
import subprocess, sys
from toy.door import may_enter

def test_a_child_stays_outside():
    assert not may_enter(17)

def test_who_is_just_old_enough_enters():
    assert subprocess.run([sys.executable, "-m", "toy.door", "18"]).returncode == 0
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a project of one module and its tests, one of which runs it in another process."""
    for name, text in {"toy/door.py": MODULE, "tests/test_door.py": TESTS}.items():
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "tree"


def test_a_change_that_a_test_sees_even_in_another_process_is_killed_and_others_are_told(
    tree: Path, give_up: Callable[[str], None]
) -> None:
    if subprocess.run(["unshare", "--pid", "--fork", "--mount-proc", "true"], check=False).returncode:
        give_up("no PID namespaces: run as root")
    before = (tree / "toy" / "door.py").read_bytes()
    argv = [sys.executable, "-m", "tests.mutants", "--root", str(tree), "--package", "toy", "--lanes", "", "--json"]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    outcomes = {row["mutant"]["text"]: row["verdict"] for row in json.loads(done.stdout)["outcomes"]}
    assert outcomes == {
        "(age > 18)": "killed", "17": "killed", "19": "killed", "return None": "untested",
        "(age != 99)": "untested", "98": "untested", "100": "untested",
    }  # fmt: skip
    assert done.returncode == 1
    assert (tree / "toy" / "door.py").read_bytes() == before
