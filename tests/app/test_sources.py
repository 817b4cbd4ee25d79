"""Which source computed which results is known without a word of any task."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from jughpc.app.context import sources
from jughpc.app.context.manifest import of_graph
from jughpc.app.context.sources import Changed, Project
from jughpc.app.context.target import Target
from jughpc.fs import OsFiles
from jughpc.store.location import Folder
from jughpc.store.memory import MemoryStore
from jughpc.tasks.graph import Graph
from jughpc.tasks.jugfile import load

pytestmark = pytest.mark.unit

TEXT = """
from jug import TaskGenerator
from parts import half

@TaskGenerator
def double(x):
    return 2 * x

doubled = [double(n) for n in range(9)]
halves = [half(n) for n in range(4)]
"""
PARTS = "from jug import TaskGenerator\n\n@TaskGenerator\ndef half(x):\n    return x / 2\n"


class Folk:
    """Workers of one jugfile, and those who edit it and ask."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.store, self.files = folder, MemoryStore(), OsFiles(folder / "jugdata")
        self.target = Target(folder / "twice.py", Folder(folder / "jugdata"))
        self.write(TEXT)
        self.write(PARTS, "parts.py")
        self.graph = Graph(load(folder / "twice.py").tasks)

    def write(self, text: str, name: str = "twice.py") -> None:
        (self.folder / name).write_text(text)

    def edit(self, name: str = "twice.py") -> None:
        """Change what the functions of a file compute."""
        text = (self.folder / name).read_text()
        self.write(text.replace("return", "x += 1\n    return"), name)

    def project(self) -> Project:
        return Project(self.target, (self.folder / "twice.py").read_bytes(), self.folder)

    def work(self, *indices: int) -> None:
        """Be a worker that begins now and runs these tasks."""
        sources.note(self.files, self.store, self.graph, self.project())
        for index in indices:
            self.store.put(self.graph.digests[index], index)

    def invalidate(self, *indices: int) -> None:
        digests = [self.graph.digests[index] for index in indices]
        self.store.remove(digests)
        sources.forget(self.files, {"twice.double": digests})

    def changed(self) -> list[Changed]:
        missing = self.store.missing(self.graph.digests)
        done = np.array([digest not in missing for digest in self.graph.digests])
        return sources.changes(self.files, of_graph(self.graph, False), done, self.project())


@pytest.fixture
def folk(tmp_path: Path) -> Folk:
    return Folk(tmp_path)


def test_nothing_changed_where_nobody_edits(folk):
    folk.work(0, 1)
    folk.work(2)
    assert folk.changed() == []
    assert len(folk.files.names("sources")) == 2  # one a function


def test_what_was_edited_after_some_results_is_told_with_their_number(folk):
    folk.work(*range(4))
    folk.edit()
    assert folk.changed() == [Changed("twice.double", 4, 4)]
    folk.work(*range(4, 9))
    assert folk.changed() == [Changed("twice.double", 9, 4)]


def test_comments_are_no_change(folk):
    folk.work(0)
    folk.write(TEXT.replace("2 * x", "2 * x  # twice"))
    assert folk.changed() == []


def test_a_function_of_a_module_beside_the_jugfile_is_told(folk):
    folk.work(0, 9, 10)
    folk.edit("parts.py")
    assert folk.changed() == [Changed("parts.half", 2, 2)]


def test_who_takes_an_edit_back_is_told_of_the_results_in_between(folk):
    folk.work(0, 1)
    folk.edit()
    folk.work(2, 3, 4)
    folk.write(TEXT)
    assert folk.changed() == [Changed("twice.double", 5, 3)]
    folk.work(5)
    assert folk.changed() == [Changed("twice.double", 6, 3)]


def test_what_was_invalidated_and_computed_anew_is_not_told(folk):
    folk.work(*range(9))
    folk.edit()
    folk.work()
    folk.invalidate(*range(6))
    folk.work(*range(5))
    assert folk.changed() == [Changed("twice.double", 8, 3)]
    folk.invalidate(*range(9))
    folk.work(*range(9))
    assert folk.changed() == []


def test_of_results_that_were_there_before_it_was_written_down_nothing_is_said(folk):
    folk.store.put(folk.graph.digests[0], 0)
    folk.work(1)
    folk.edit()
    assert folk.changed() == [Changed("twice.double", 2, 1)]


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"before": "x", "source": ""}', b'{"before": 1}'])
def test_a_file_that_is_damaged_is_no_news(folk, damage):
    folk.work(0, 1)
    for name in folk.files.names("sources"):
        (folk.folder / "jugdata" / "sources" / name).write_bytes(damage)
    folk.edit()
    assert folk.changed() == []


def test_many_workers_write_one_file_a_version(folk):
    folk.work(0)
    folk.edit()
    for _ in range(5):
        folk.work(1)
    assert len(folk.files.names("sources")) == 3


def test_functions_of_other_projects_are_not_looked_for_outside_the_folder(folk):
    folk.write("def f(): pass", "../outside.py")
    for name in ("os.path.join", "numpy.sum", "...outside.f", f"{folk.folder.parent}/outside.f", ".f", "f", "\0.f"):
        assert folk.project().source(name) is None


# what is not needed any more


def tidied(folk):
    """Remove what is outdated; return the functions and numbers of the versions that stay."""
    before = folk.changed()
    for path in sources.outdated(folk.files, folk.store, folk.graph):
        folk.files.remove(path)
    assert folk.changed() == before
    kept = sources._kept(folk.files, folk.graph.names)
    return {name.rpartition(".")[2]: [version.number for version in versions] for name, versions in kept.items()}


def test_versions_that_results_are_by_stay_and_the_latest_of_each_function(folk):
    folk.work(0, 1)
    folk.edit()
    folk.work(2)
    folk.edit()
    folk.work()
    assert tidied(folk) == {"double": [1, 2, 3], "half": [1]}


def test_versions_that_no_result_is_by_go(folk):
    folk.work(0, 1)
    folk.edit()
    folk.work()
    folk.edit()
    folk.work(2)
    folk.invalidate(0, 1)
    kept = tidied(folk)["double"]
    assert len(kept) == 1


def test_versions_of_functions_that_no_task_calls_go(folk):
    folk.work(0, 9)
    folk.graph = Graph([task for task in folk.graph.tasks if task.name == "twice.double"])
    assert tidied(folk) == {"double": [1]}
    assert len(folk.files.names("sources")) == 1
