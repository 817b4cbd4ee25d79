"""A submit that is told to end takes back what it queued, says so, and ends as its caller expects."""

from __future__ import annotations

import json

import pytest

SBATCH = """#!/bin/sh
for word; do case $word in --job-name=*) name=${word#--job-name=} ;; esac; done
id=$(($(wc -l < queue) + 1))
echo "$id|PENDING|$name|None" >> queue
[ $id = 1 ] || kill -s "$SIGNAL" $PPID
sleep 0.5
echo $id
"""
SQUEUE = """#!/bin/sh
cat queue
"""
SCANCEL = """#!/bin/sh
[ -e mended ] || [ -z "$DEAF" ] || exit 1
echo "$@" >> cancelled
"""


@pytest.fixture
def slurm(three, tmp_path):
    """Return what runs jughpc beside a Slurm during whose second submission a signal comes."""
    commands = tmp_path / "bin"
    commands.mkdir()
    for name, text in {"sbatch": SBATCH, "squeue": SQUEUE, "scancel": SCANCEL, "scontrol": "#!/bin/sh\n"}.items():
        (commands / name).write_text(text)
        (commands / name).chmod(0o755)
    (three.cwd / "queue").write_text("")
    return lambda *argv, **env: three(*argv, PATH=f"{commands}:{three.environ['PATH']}", **env)


def submit(slurm, signal, deaf=""):
    return slurm("submit", "three.py", "--scheduler", "slurm", SIGNAL=signal, DEAF=deaf)


@pytest.mark.parametrize(("signal", "code"), [("INT", 130), ("TERM", 143), ("HUP", 129)])
def test_what_was_queued_is_taken_back_and_that_is_said(slurm, three, signal, code):
    done = submit(slurm, signal)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert "cancelled again: 1, 2" in done.stdout + done.stderr
    ended = (three.cwd / "cancelled").read_text().splitlines()
    assert sorted(line.rpartition(" ")[2] for line in ended) == ["1", "2"]


def test_what_could_not_be_taken_back_is_ended_by_the_next_command(slurm, three):
    done = submit(slurm, "TERM", deaf="yes")
    assert "NOT cancelled" in done.stdout + done.stderr
    (three.cwd / "mended").write_text("")
    told = json.loads(slurm("status", "three.py", "--json").stdout)
    assert told["submission"]["cancelled"]
    assert len((three.cwd / "cancelled").read_text().splitlines()) == 2
