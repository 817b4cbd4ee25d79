"""What `submit` says of a container: whether its image is there, what runs it, who is in it."""

from __future__ import annotations

import re

import pytest

from jughpc.cli.main import main
from jughpc.tasks import task

JUGFILE = "from jug import TaskGenerator\ndouble = TaskGenerator(abs)\none = double(1)\n"
TOKEN = re.compile(r"\b[0-9a-f]{8}\b")

pytestmark = pytest.mark.unit


@pytest.fixture
def dry_run(tmp_path, monkeypatch, capsys):
    """Return what a dry run ends with: its exit code, what it puts out, and what it complains of."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "/nosuch")
    (tmp_path / "work.py").write_text(JUGFILE)
    (tmp_path / "sum.py").touch()
    (tmp_path / "work.sif").touch()

    def run(*options):
        with pytest.raises(SystemExit) as end:
            main(["submit", "work.py", "--dry-run", "--reduce", "sum.py", "--scheduler", "slurm", *options])
        task.alltasks.clear()
        code, (out, err) = end.value.code, capsys.readouterr()
        return code, TOKEN.sub("TOKEN", out), err

    return run


def test_a_runtime_and_its_options_say_nothing_without_an_image(dry_run):
    code, out, _ = dry_run("--container-runtime", "podman", "--container-options", "--pull=never")
    assert (code, out) == dry_run()[:2]


def test_an_image_that_is_not_there_is_refused_at_once(dry_run, tmp_path):
    code, out, err = dry_run("--container", "no.sif", "--container-runtime", "apptainer")
    assert (code, out) == (2, "")
    assert f"there is no image {tmp_path}/no.sif" in err


def test_that_the_runtime_is_missing_here_is_told_and_does_no_harm(dry_run, tmp_path):
    code, out, _ = dry_run("--container", "work.sif", "--container-runtime", "apptainer", "--python", "python3.12")
    assert code == 0
    assert f"container  {tmp_path}/work.sif, by apptainer, with its python3.12\n" in out
    assert "apptainer is not on PATH here: elements look for it on their nodes, behind setup\n" in out
    code, _, err = dry_run("--container", "work.sif")
    assert code == 2
    assert "name it: --container-runtime apptainer" in err


def test_elements_and_reduce_are_in_it_with_all_that_they_use_and_the_collector_is_not(dry_run, tmp_path):
    jugdir = tmp_path.parent / "elsewhere.jugdata"
    _, out, _ = dry_run("--container", "work.sif", "--container-runtime", "apptainer", "--jugdir", str(jugdir))
    array, collect, reduce = out.split("\n--- /")[1:]
    for script in (array, reduce):
        for folder in (tmp_path, jugdir):
            assert f"    --bind {folder}:{folder}\n" in script
        assert 'exec "${jughpc_inside[@]}" python3 /jughpc/jughpc/lent.py ' in script
    assert "jughpc_inside" not in collect
    assert " -m jughpc collect work.py " in collect


def test_an_image_goes_before_staging_which_is_left_out_and_told(dry_run):
    code, out, _ = dry_run("--container", "work.sif", "--container-runtime", "apptainer", "--stage")
    assert code == 0
    assert "stage      left out: an image holds what elements import\n" in out
    assert "jughpc_stage " not in out


def test_a_runtime_that_has_no_option_for_gpus_says_so_where_some_are_asked_for(dry_run):
    how = ("--container", "work.sif", "--container-runtime", "charliecloud")
    assert "no option for GPUs" in dry_run(*how, "--gpus", "1")[1]
    assert "no option for GPUs" not in dry_run(*how)[1]


def test_a_profile_names_an_image_which_none_overrules(dry_run, tmp_path):
    (tmp_path / "jughpc.yaml").write_text(
        "profiles:\n  alps:\n    container: ./work.sif\n    container_runtime: podman\n    container_options: [--tls]\n"
    )
    code, _, err = dry_run("--profile", "alps")
    assert code == 2
    assert "podman runs no file" in err
    (tmp_path / "work.sif").unlink()
    (tmp_path / "work.sif").mkdir()
    assert f"--tls --rootfs {tmp_path}/work.sif)" in dry_run("--profile", "alps")[1]
    assert "jughpc_inside" not in dry_run("--profile", "alps", "--container", "none")[1]
