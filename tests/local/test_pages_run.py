"""What the documentation shows is done, page by page: files are written, commands typed, and put out what is shown."""

from __future__ import annotations

import itertools
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import QUICK
from tests.pages import PAGES, ROOT, Block, blocks, typed

SHOWN_ELSEWHERE = {
    "README.md": "test_docs.py and .ci/run have it",
    "new-scheduler.md": "its pieces make one package, which is tested as such",
}
PRELUDE = "from jughpc import *\ntasks = [Task(abs, n) for n in range(3)]\n"  # which pieces may speak of
TOLD = "@@ ended with "


@pytest.fixture
def environ(tmp_path):
    """Return the environment of somebody with a home of his own and no batch system."""
    own = {name: text for name, text in os.environ.items() if not name.startswith(("JUG", "SLURM", "PBS"))}
    home = tmp_path / "home"
    home.mkdir()
    path = f"{Path(sys.executable).parent}:{own['PATH']}"
    return {**own, **QUICK, "PATH": path, "HOME": str(home), "JUGHPC_SCHEDULER": "local", "COLUMNS": "80"}


def same(text):
    """Return a line as it is compared: numbers differ from run to run, and so does what is in between columns."""
    return re.sub(r"\d+(\.\d+)?", "N", " ".join(text.split()))


def shown(block: Block) -> list[list[str]]:
    """Return the lines that are shown behind each command of a block."""
    parts = re.split(r"^\$ (?:.*\\\n)*.*\n?", block.text, flags=re.MULTILINE)[1:]
    return [[line for line in part.splitlines() if line.strip() and line.strip() != "..."] for part in parts]


def play(block: Block, folder: Path, environ: dict[str, str]) -> None:
    """Type what a block shows, and see what comes of it."""
    lines = typed(block)
    script = "".join(f"{line}\necho '{TOLD}'$?\n" for line in lines)
    done = subprocess.run(
        ["bash"], input=script, cwd=folder, env=environ, text=True, timeout=300, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    parts = re.split(rf"^{TOLD}(\d+)\n", done.stdout, flags=re.MULTILINE)
    for line, wanted, told, code in zip(lines, shown(block), parts[::2], parts[1::2], strict=False):
        expected = re.search(r"# exit code (\d+)", line)
        assert int(code) == (int(expected[1]) if expected else 0), f"{block}: {line}\n{told}"
        there = {same(one) for one in told.splitlines()}
        assert [one for one in wanted if same(one) not in there] == [], f"{block}: {line}\n{told}"
    assert len(parts) == 2 * len(lines) + 1


def is_story(page: Path) -> bool:
    """Return whether a page has scripts written, so that the commands in it can be typed."""
    return any(block.name for block in blocks("python") if block.page == page)


STORIES = [page for page in PAGES if page.name not in SHOWN_ELSEWHERE and is_story(page)]


@pytest.mark.parametrize("page", STORIES, ids=lambda page: page.name)
def test_a_page_that_tells_a_story_can_be_followed_word_by_word(page, tmp_path, environ):
    folder = tmp_path / "project"
    folder.mkdir()
    for block in (block for block in blocks("python", "yaml", "console") if block.page == page):
        if block.name:
            (folder / block.name).write_text(block.text)
        elif block.kind == "console":
            play(block, folder, environ)


SNIPPETS = [block for block in blocks("python") if block.page.name not in SHOWN_ELSEWHERE and not block.name]


IN_A_SCRIPT = re.compile(r"jughpc\.(Executor|submit)\(")
"""What is called by a program of one's own, not by a jugfile."""


@pytest.mark.parametrize("block", SNIPPETS, ids=map(str, SNIPPETS))
def test_a_piece_of_code_can_be_run(block, tmp_path, environ):
    for name in ("primes.py", "primes_reduce.py"):
        shutil.copy(ROOT / "examples" / name, tmp_path)
    (tmp_path / "piece.py").write_text(PRELUDE + block.text)
    jughpc = [sys.executable, "-m", "jughpc"]
    execute = [*jughpc, "execute", "piece.py", "--jugdir", "dict_store"]
    argv = [sys.executable, "piece.py"] if IN_A_SCRIPT.search(block.text) else execute
    done = subprocess.run(argv, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False, timeout=120)
    if (tmp_path / "primes.jugdata").exists():
        subprocess.run([*jughpc, "cancel", "primes.py"], cwd=tmp_path, env=environ, capture_output=True, check=True)
    assert done.returncode == 0, done.stderr


def setups() -> list[list[str]]:
    """Return the lines of setup that any page shows, those that belong together in a list."""
    import yaml

    files = [yaml.safe_load(block.text) for block in blocks("yaml")]
    lists = [found["setup"] for found in files if "setup" in found]
    typed_ones = re.findall(r"--setup '([^']+)'", "".join(page.read_text() for page in PAGES))
    unique = itertools.chain(lists, ([line] for line in typed_ones))
    return [list(one) for one in dict.fromkeys(tuple([one] if isinstance(one, str) else one) for one in unique)]


STAND_INS = ROOT / "tests" / "data" / "setup"
PLACES = {
    "activate": ".venv/bin/activate",
    "conda.sh": "miniforge3/etc/profile.d/conda.sh",
    "bin/python": "bin/python",
}
"""Where in a home these stand in for what users and sites have."""


@pytest.mark.parametrize("lines", setups(), ids=" ; ".join)
def test_lines_of_setup_that_are_shown_run_where_modules_and_environments_are(lines, tmp_path, environ):
    for name, place in PLACES.items():
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(STAND_INS / name, tmp_path / place)
    options = [word for line in lines for word in ("--setup", line)]
    logs = submitted(tmp_path, environ, "python", *options)
    assert "stand-in: " in logs or not re.search("module|activate", " ".join(lines))


def submitted(folder: Path, environ: dict[str, str], python: str, *options: str) -> str:
    """Submit a few tasks, with `folder` for a home, to elements whose interpreter is `python`; return their logs."""
    (folder / "sums.py").write_text("from jug import Task\nxs = [Task(abs, n) for n in range(3)]\n")
    own = {"HOME": str(folder), "BASH_ENV": str(STAND_INS / "modules.sh"), "INTERPRETER": sys.executable}
    argv = [sys.executable, "-m", "jughpc", "submit", "sums.py", "--wait", "--python", python, *options]
    done = subprocess.run(
        argv, cwd=folder, env={**environ, **own}, capture_output=True, text=True, check=False, timeout=120
    )
    logs = "".join(log.read_text() for log in folder.glob("*.jugdata/submissions/1/logs/*"))
    assert done.returncode == 0, done.stdout + done.stderr + logs
    return logs
