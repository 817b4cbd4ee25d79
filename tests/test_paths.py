"""What the documents name is there: paths, modules, and a check for each invariant.

A path is a word in backticks that has a slash, or a suffix that this project uses. It may leave out the folder of the
package or of the tests, and the suffix `.py`. Not meant are paths with a `<` (they stand for many), those of a
user's machine (from `/` or `~`), what is made (inside a jugdir, or in `dist`), and what users call theirs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from .pages import blocks, spans

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
PLACES = [ROOT, ROOT / "jughpc", ROOT / "tests"]

WORD = re.compile(r"[\w.*-][\w./*-]*(::\w+)?")
SUFFIXES = (".py", ".md", ".toml", ".yml", ".yaml", ".j2", ".sh", ".txt", ".cfg")
FOLDERS = {
    "workers", "shards", "complete", "checkpoints", "manifest", "sources", "jugfiles", "bundles", "submissions",
    "measures",
}  # fmt: skip
MADE = FOLDERS | {"store.yaml", "dist"}
USERS_OWN = {"areas/calls.py", "jugfile.py", "jughpc.yaml", "train.py", "__jug_please_stop_running.txt", "jughpc-demo/"}
SITES_OWN = {
    "python/3.12", "lmod.sh", "share/man",
    "_common.sh.j2", "array.sh.j2", "collect.sh.j2", "reduce.sh.j2",
}  # fmt: skip


def is_path(word: str) -> bool:
    """Return whether a word in backticks names a path of this project."""
    first = word.partition("/")[0]
    if not WORD.fullmatch(word) or first in MADE or first.endswith(".jugdata") or word in USERS_OWN | SITES_OWN:
        return False
    return "/" in word or word.partition("::")[0].endswith(SUFFIXES)


def is_there(word: str) -> bool:
    """Return whether a path, a glob, or a test in a file, is there."""
    path, _, test = word.partition("::")
    found = [at for place in PLACES for name in (path, f"{path}.py") for at in place.glob(name.rstrip("/"))]
    found += [] if "/" in path else (ROOT / "examples").glob(path)
    return any(not test or f"def {test}(" in at.read_text() for at in found)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_path_that_a_document_names_exists(page):
    named = {word for span in spans(page.read_text()) for word in span.split()}
    written = {block.name for block in blocks() if block.page == page}
    assert [word for word in named - written if is_path(word) and not is_there(word)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_of_a_document_leads_somewhere(page):
    links = re.findall(r"\]\(([^)#]+)", page.read_text())
    assert [link for link in links if "://" not in link and not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_module_that_a_document_runs_exists(page):
    modules = re.findall(r"python -m ((?:tests|benchmarks|jughpc)[\w.]*)", page.read_text())
    paths = [ROOT / module.replace(".", "/") for module in modules]
    assert [path for path in paths if not (path.with_suffix(".py").exists() or (path / "__main__.py").exists())] == []


@pytest.mark.parametrize(
    ("word", "there"),
    [
        ("tests/test_paths.py", True),
        ("test_paths.py::test_every_link_of_a_document_leads_somewhere", True),
        ("test_paths.py::test_nothing", False),
        ("store/nothing", False),
        ("tests/store/files/test_claims*", True),
        ("tests/store/test_nothing*", False),
    ],
)
def test_what_is_gone_is_noticed(word, there):
    assert is_path(word)
    assert is_there(word) == there


def rooms() -> Iterator[Path]:
    """Yield what ARCHITECTURE.md lists as the rooms: a path a line, below that of the line with fewer blanks."""
    listing = (ROOT / "ARCHITECTURE.md").read_text().split("```")[1]
    above: list[tuple[int, Path]] = [(-1, ROOT)]
    for line in listing.strip().splitlines():
        blanks = len(line) - len(line.lstrip())
        above = [(at, path) for at, path in above if at < blanks]
        above.append((blanks, above[-1][1] / line.split()[0]))
        yield above[-1][1]


def test_the_rooms_are_those_that_there_are():
    listed = set(rooms())
    folders = {path.parent for path in (ROOT / "jughpc").rglob("__init__.py")} - {ROOT / "jughpc"}
    assert [path for path in listed if not path.exists()] == []
    assert [path for path in folders if path not in listed and ROOT / "jughpc" / "jug" not in path.parents] == []


def invariants() -> dict[str, str]:
    """Return by what each invariant of ARCHITECTURE.md is held."""
    text = (ROOT / "ARCHITECTURE.md").read_text().partition("| invariant |")[2]
    rows = re.findall(r"^\| ([^|]+) \|[^|]+\| ([^|]+) \|$", text, re.MULTILINE)
    return {invariant: held for invariant, held in rows if set(invariant) != {"-"}}


def test_the_invariants_are_found():
    assert len(invariants()) >= 9


@pytest.mark.parametrize("invariant", invariants())
def test_every_invariant_names_a_test_or_a_lint_contract_that_exists(invariant):
    words = spans(invariants()[invariant])
    contracts = re.findall(r'^id = "(\w+)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    tests = [word for word in words if "::" in word]
    assert [word for word in tests if not is_there(word)] == []
    assert tests or set(words) & set(contracts)


def promises() -> dict[str, str]:
    """Return by what each promise of SECURITY.md and guarantees.md is held."""
    texts = [(ROOT / page).read_text() for page in ("SECURITY.md", "docs/guarantees.md")]
    tables = [
        table for text in texts for table in re.findall(r"^\| Promise \| Held by \|\n((?:\|.*\n)+)", text, re.MULTILINE)
    ]
    rows = re.findall(r"^\| (.+?) \| (.+?) \|$", "".join(tables), re.MULTILINE)
    return {promise: held for promise, held in rows if set(promise) != {"-"}}


def test_the_promises_are_found():
    assert len(promises()) >= 25


@pytest.mark.parametrize("promise", promises())
def test_every_promise_names_tests_that_exist(promise):
    named = [word for word in spans(promises()[promise]) if word.startswith("tests/")]
    assert named
    assert [word for word in named if not is_there(word)] == []
