"""Every example runs as a user would run it, and gives what its text says."""

from __future__ import annotations

import math
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"


@pytest.fixture
def run(tmp_path):
    """Return a function that runs jughpc in a copy of the examples."""
    shutil.copytree(EXAMPLES, tmp_path / "examples", ignore=shutil.ignore_patterns("*.jugdata", ".jughpc"))
    environ = {key: value for key, value in os.environ.items() if not key.startswith("JUGHPC_")}

    def run(*argv):
        argv = [sys.executable, "-m", "jughpc", *argv]
        done = subprocess.run(
            argv, cwd=tmp_path / "examples", env=environ, capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    run.folder = tmp_path / "examples"
    return run


def shown(run, name, code):
    """Return what `code` prints once the example is done."""
    run("execute", f"{name}.py")
    (run.folder / "show.py").write_text(f"print({code})\n")
    return run("reduce", f"{name}.py", "--script", "show.py").strip()


def test_every_example_has_a_test():
    here = Path(__file__).read_text()
    assert [path.stem for path in EXAMPLES.glob("*.py") if f'"{path.stem}' not in here] == []


def test_primes_finds_the_primes_below_a_hundred(run):
    jugfile = run.folder / "primes.py"
    jugfile.write_text(jugfile.read_text().replace("sleep(1)", "sleep(0)"))
    run("execute", "primes.py")
    assert run("reduce", "primes.py", "--script", "primes_reduce.py").startswith("2 3 5 7 11 13 ")


def test_words_counts_each_word_of_the_text(run):
    text = (EXAMPLES / "words.txt").read_text().lower()
    assert shown(run, "words", "value(counts)['worker']") == str(text.count("worker ") + text.count("worker,"))
    assert shown(run, "words", "value(counts).most_common(1)[0][0]") in ("the", "a")


def test_barrier_finds_the_top_by_looking_at_earlier_results(run):
    assert shown(run, "barrier", "top") == "0.73"


def test_compound_leaves_one_task_an_estimate(run):
    assert float(shown(run, "compound", "value(estimates)[-1]")) == pytest.approx(math.pi, abs=0.1)
    assert run("count", "compound.py", "--short").startswith("Count:  3 tasks")
    assert run("cleanup", "compound.py").startswith("Removed 211 objects")
    assert run("status", "compound.py", "--short") == "All tasks complete (3 tasks).\n"


def test_long_training_gives_the_least_loss(run):
    jugfile = run.folder / "long_training.py"
    jugfile.write_text(jugfile.read_text().replace("1000, 0.15", "1000, 0"))
    assert float(shown(run, "long_training", "value(least)")) == pytest.approx((1 - 0.004) ** 2000)


def test_images_gives_a_normalised_table_of_features(run):
    found = shown(run, "images", "value(table).shape, abs(value(table).mean(axis=0)).max() < 1e-9")
    assert found == "(6, 4) True"


def test_sweep_and_its_reduce_make_a_table(run):
    run("execute", "sweep.py")
    assert run("reduce", "sweep.py", "--script", "sweep_reduce.py") == "wrote sweep.csv: 8 rows\n"
    rows = (run.folder / "sweep.csv").read_text().splitlines()
    assert rows[:2] == ["rate,start,cycle", "2.9,0.1,1"]
    cycles = {rate: cycle for rate, _, cycle in (row.split(",") for row in rows[1:])}
    assert cycles == {"2.9": "1", "3.3": "2", "3.5": "4", "3.7": "0"}
