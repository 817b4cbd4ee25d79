"""A node: a machine with one disk, on which elements unpack what was packed."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from jughpc.batch.bundle import Bundle
from jughpc.batch.local.scheduler import Local
from jughpc.batch.script import render
from jughpc.batch.staging import archive
from jughpc.batch.staging.interpreter import Interpreter
from jughpc.batch.staging.survey import survey
from jughpc.fs import OsFiles

SHOW = 'echo "at ${_JUGHPC_STAGED:-none}"; cat "$_JUGHPC_STAGED$1/one.py"; ls -id "$_JUGHPC_STAGED"'


@dataclass
class Node:
    """A machine with one disk, and the job whose elements start on it.

    Attributes:
        patience: How long an element waits for another [s].
        edits: Of the script.
    """

    job: object
    disk: Path
    patience: int = 300
    places: str = ""
    edits: dict[str, str] = field(default_factory=dict)

    @property
    def home(self) -> Path:
        return self.disk / f"jughpc-{os.getuid()}"

    def start(self, show: str = SHOW, bundle: Bundle | None = None) -> subprocess.Popen[str]:
        """Start an element that shows what it finds."""
        folder = str(self.job.stage.tar.parents[2] / "site-packages")
        job = replace(self.job, argv=("bash", "-c", show, "show", folder), stage=bundle or self.job.stage)
        text = render(job, Local()).replace("jughpc_patience=300", f"jughpc_patience={self.patience}")
        for old, new in {" /tmp /dev/shm)": f"{self.places})", **self.edits}.items():
            text = text.replace(old, new)
        env = {"PATH": os.environ["PATH"], "TMPDIR": str(self.disk), "JUGHPC_LOCAL_INDEX": "0", "JUGHPC_LOCAL_JOB": "1"}
        env |= {"JUGHPC_LOCAL_END": ""}
        how = {
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            "errors": "surrogateescape",
            "start_new_session": True,
        }
        return subprocess.Popen(["bash", "-c", text], env=env, stdin=subprocess.PIPE, **how)

    def run(self, show: str = SHOW, bundle: Bundle | None = None) -> tuple[str, str]:
        """Return what an element shows, and what it says."""
        with self.start(show, bundle) as element:
            out, err = element.communicate(timeout=120)
        return out, err

    def names(self) -> list[str]:
        return sorted(path.name for path in self.home.iterdir()) if self.home.is_dir() else []


def pack(tmp_path, interpreter):
    jugdir = tmp_path / "jugdata"
    jugdir.mkdir(exist_ok=True)
    return archive.packed(OsFiles(jugdir), jugdir, survey(interpreter, ()), "0badcafe")


@pytest.fixture
def node(job, tmp_path):
    (site := tmp_path / "site-packages").mkdir()
    (site / "one.py").write_text("x = 1\n")
    (disk := tmp_path / "disk").mkdir()
    bundle = pack(tmp_path, Interpreter((site,)))
    return Node(replace(job, script=tmp_path / "s.sh", workdir=tmp_path, stage=bundle), disk)
