"""import-jug, on what jug 2.7.0 wrote: tests/data/jug/README.md tells how."""

from __future__ import annotations

import pickle
import shutil
import zlib
from pathlib import Path

import pytest

DATA = Path(__file__).parent.parent / "data" / "jug"


@pytest.fixture
def old(jughpc):
    """Return a folder with the jugfile that jug ran, and what jug wrote for it."""
    shutil.copy(DATA / "old.py", jughpc.cwd)
    shutil.copytree(DATA / "files", jughpc.cwd / "files")
    shutil.copytree(DATA / "packed", jughpc.cwd / "packed")
    return jughpc


def content(folder):
    return {path: (path.read_bytes(), path.stat().st_mtime) for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("kind", ["files", "packed"])
def test_what_jug_computed_needs_not_be_computed_again(old, kind):
    done = old("import-jug", "old.py", kind, "--empty-is-none")
    assert "18           0           0           2           0  Total" in done.stdout
    after = old("execute", "old.py", "--short")
    assert "Executed:  4 tasks" in after.stdout  # two that jug could not tell apart, two that it never saw
    old.write("show.py", "print(value([both['b'][1], total, none, first, length]), value(things).tolist())\n")
    assert old("reduce", "old.py", "--script", "show.py").stdout == "[4, 190.0, None, 1, 3] [1, 'a', None]\n"


def test_tasks_that_share_a_hash_in_jug_are_not_given_each_others_results(old):
    done = old("import-jug", "old.py", "files")
    assert "Ambiguous tasks share jug's hash" in done.stdout
    assert done.returncode == 1
    old("execute", "old.py")
    old.write("show.py", "print(value(clash))\n")
    assert old("reduce", "old.py", "--script", "show.py").stdout == "[([1], 2), ([1, 2],)]\n"


def test_the_old_folder_is_only_read(old):
    before = content(old.cwd / "files")
    old("import-jug", "old.py", "files")
    assert content(old.cwd / "files") == before


def test_an_empty_file_is_suspect_unless_said_otherwise(old):
    done = old("import-jug", "old.py", "files")
    assert "unreadable  old.nothing" in done.stdout
    assert "--empty-is-none" in done.stdout
    assert old("import-jug", "old.py", "files", "--empty-is-none").stdout.count("unreadable") == 0


def test_a_damaged_file_is_named_and_the_rest_is_taken(old):
    damaged = max((old.cwd / "files").glob("??/*"), key=lambda path: path.stat().st_size)
    damaged.write_bytes(damaged.read_bytes()[:20])
    done = old("import-jug", "old.py", "files", "--empty-is-none")
    assert f"{damaged.relative_to(old.cwd)} cannot be read" in done.stdout
    assert "17           0" in done.stdout


def test_a_second_import_takes_nothing_twice(old):
    old("import-jug", "old.py", "files")
    done = old("import-jug", "old.py", "files")
    assert " 0          17           0           2           0  Total" in done.stdout


def test_results_of_no_task_are_counted(old):
    text = (old.cwd / "old.py").read_text()
    old.write("old.py", text.replace("range(5)", "range(3)"))
    done = old("import-jug", "old.py", "files")
    assert "results in files are of no task of old.py." in done.stdout


def test_what_has_another_name_since_the_jugfile_was_renamed_is_absent(old):
    (old.cwd / "old.py").rename(old.cwd / "new.py")
    done = old("import-jug", "new.py", "files")
    assert done.returncode == 1
    imported = {line.split()[-1]: line.split()[:3] for line in done.stdout.splitlines() if line.startswith("  ")}
    assert imported["builtins.len"] == ["1", "0", "0"]  # its name does not tell the jugfile's
    assert imported["new.double"] == ["0", "0", "7"]


WHOLE = """
from jug import CompoundTaskGenerator, TaskGenerator

@TaskGenerator
def double(x):
    return 2 * x

@CompoundTaskGenerator
def doubles(n):
    return [double(x) for x in range(n)]

three = doubles(3)
"""


def test_a_compound_tasks_result_is_found_where_jug_has_cleaned_up_those_inside(jughpc):
    place = jughpc.cwd / "was" / "1d" / "adeb6c9c6ffa8a932159e4df6f6e2d62869bc9"  # as jug 2.7.0 wrote it
    place.parent.mkdir(parents=True)
    place.write_bytes(zlib.compress(b"P" + pickle.dumps([0, 2, 4], protocol=4)))
    jughpc.write("whole.py", WHOLE)
    done = jughpc("import-jug", "whole.py", "was")
    assert (done.returncode, " 1           0           0           0           0  Total" in done.stdout) == (0, True)
    assert jughpc("status", "whole.py", "--short").stdout == "All tasks complete (1 tasks).\n"


@pytest.mark.parametrize("folder", ["nosuch", "home"])
def test_a_folder_without_results_of_jugs_is_the_users_mistake_and_makes_no_store(old, folder):
    done = old("import-jug", "old.py", folder)
    assert (done.returncode, "holds no results of jug's" in done.stderr) == (2, True)
    assert "old.jugdata" not in old.names()
