"""What an element imports comes off the file server as one file."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from jughpc.batch.bundle import Bundle
from jughpc.batch.local.scheduler import Local
from jughpc.batch.scheduler import Job, Role
from jughpc.batch.script import render

MODULES = 150

MAKE = (
    'mkdir -p "$1/many"; touch "$1/many/__init__.py"; for n in $(seq 0 "$2"); do echo "x = $n" >"$1/many/m$n.py"; done'
)

PACK = """
import json, sys
from dataclasses import asdict
from pathlib import Path
from jughpc.batch.staging import archive
from jughpc.batch.staging.interpreter import Interpreter
from jughpc.batch.staging.survey import survey
from jughpc.fs import OsFiles
found, jugdir = survey(Interpreter((Path(sys.argv[1]),)), ()), Path(sys.argv[2])
print(json.dumps(asdict(archive.packed(OsFiles(jugdir), jugdir, found, "0badcafe")), default=str))
"""

JUGFILE = f"""
from importlib import import_module
from jug import TaskGenerator

xs = [import_module(f"many.m{{number}}").x for number in range({MODULES})]

@TaskGenerator
def total(n):
    return n + sum(xs)

totals = [total(n) for n in range(4)]
"""


def calls_of_an_element(nfs, name, stage):
    """Return the calls that a node makes, which knows nothing of the file server's, for an element."""
    mount = nfs.mount("4.2")
    (jugfile := nfs.folder / "importing.py").write_text(JUGFILE)
    argv = (sys.executable, "-m", "jughpc", "execute", f"{jugfile}", "--jugdir", f"{mount / name}")
    script = nfs.folder / f"{name}.sh"
    job = Job(Role.ARRAY, name, argv, 1, 0, 1, None, script, "", nfs.folder, token="0badcafe", stage=stage)
    script.write_text(render(job, Local()))
    assert nfs.act("mount", "node1", "4.2").returncode == 0
    before = nfs.calls("node1", "4.2")
    own = (
        "PYTHONDONTWRITEBYTECODE=1",
        "JUGHPC_LOCAL_INDEX=0",
        "JUGHPC_LOCAL_JOB=1",
        "JUGHPC_LOCAL_END=",
        f"PYTHONPATH={mount / 'lib'}",
    )
    done = nfs.act("exec", "node1", "env", *own, "bash", str(script))
    assert done.returncode == 0, done.stderr
    assert "unstaged" not in done.stderr
    return nfs.calls("node1", "4.2") - before


def test_a_cold_node_reads_one_file_in_place_of_hundreds(nfs):
    mount = nfs.mount("4.2")
    nfs.run(nfs.server, "bash", "-c", MAKE, "make", "/srv/export/lib", str(MODULES))
    told = json.loads(nfs.run("node1", sys.executable, "-c", PACK, str(mount / "lib"), str(mount / "bundle")))
    bundle = Bundle(**{**told, "tar": Path(told["tar"])})
    staged, unstaged = calls_of_an_element(nfs, "packed", bundle), calls_of_an_element(nfs, "single", None)
    assert unstaged.total() - staged.total() > 2 * MODULES, (staged, unstaged)
    assert staged.total() < 260, staged  # twice what was measured, most of it the store's
    assert nfs.run("node1", "find", "/run/tmp", "-mindepth", "2") == ""
