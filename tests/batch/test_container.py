"""Elements in containers: what is said to each runtime, by a stand-in that writes down how it was called."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from jughpc.batch import images, submissions
from jughpc.batch.container import RUNTIMES, Container
from jughpc.batch.local.scheduler import Local
from jughpc.batch.plan import DependentJob, plan
from jughpc.batch.scheduler import Job, Resources, Role, Workload
from jughpc.batch.script import render
from jughpc.batch.submissions import ElementOptions
from jughpc.errors import SettingError
from jughpc.fs import OsClock, OsFiles
from jughpc.lent import NEEDED, Lender

LOCAL = {"JUGHPC_LOCAL_JOB": "0123abcd", "JUGHPC_LOCAL_INDEX": "3", "JUGHPC_LOCAL_END": ""}
INSIDE = ["python3", "/jughpc/jughpc/lent.py"]
GOLDEN = {
    "apptainer": "exec --bind /data:/data --bind /opt/jughpc:/jughpc/jughpc:ro --bind /opt/site:/jughpc/0:ro "
    "--bind TMP:TMP --nv --pwd /data --own /images/work.sif",
    "podman": "run --rm --env-host --userns=keep-id --network=host --uts=host --ipc=host --cgroups=disabled "
    "--security-opt=label=disable --volume /data:/data --volume /opt/jughpc:/jughpc/jughpc:ro "
    "--volume /opt/site:/jughpc/0:ro --volume TMP:TMP --device nvidia.com/gpu=all --workdir /data --own "
    "--rootfs /images/work.sif",
    "charliecloud": "--bind /data:/data --bind /opt/jughpc:/jughpc/jughpc --bind /opt/site:/jughpc/0 --bind TMP:TMP "
    "--cd /data --own /images/work.sif --",
}
GOLDEN["singularity"] = GOLDEN["apptainer"]
WORK = Container(
    "apptainer", "/images/work.sif", Path("/opt/jughpc"), options=("--own",), folders=(Path("/data"),),
    lent=(Path("/opt/site"),),
)  # fmt: skip


@pytest.fixture
def job(job: Job, tmp_path: Path) -> Job:
    """Return a job whose elements run `execute` in an image."""
    argv = (*WORK.program, "execute")
    own = tmp_path / "own" / "0-array.sh"
    return replace(job, argv=argv, workdir=tmp_path, script=own, container=WORK, probe=WORK.check, setup=())


class Runtimes:
    """A folder of commands that are called like runtimes, each of which does what it is told to here."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "bin").mkdir()
        (folder / "disk").mkdir()

    def write(self, runtime: str, text: str = 'printf "%s\\n" "$@" >>"$CALLED"; echo >>"$CALLED"') -> None:
        path = self.folder / "bin" / RUNTIMES[runtime].begin[0]
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    def run(self, job: Job, **variables: str) -> subprocess.CompletedProcess[str]:
        env = {
            "PATH": f"{self.folder / 'bin'}:/usr/bin:/bin", "CALLED": str(self.folder / "called"), **LOCAL, **variables
        }  # fmt: skip
        script = render(job, Local())
        return subprocess.run(["bash", "-c", script], env=env, text=True, capture_output=True, timeout=60)

    def calls(self) -> list[list[str]]:
        """Return the arguments of each call."""
        return [call.split("\n") for call in (self.folder / "called").read_text().rstrip("\n").split("\n\n")]


@pytest.fixture
def runtimes(tmp_path: Path) -> Runtimes:
    return Runtimes(tmp_path)


def reason(job: Job) -> str:
    """Return why an element ended before its command started."""
    path = job.script.parent / "ends" / "0-array-3.json"
    return str(json.loads(path.read_text())["reason"])


@pytest.mark.parametrize("runtime", sorted(RUNTIMES))
def test_a_check_and_the_command_run_in_the_image_with_all_that_they_use(runtimes, job, runtime):
    runtimes.write(runtime)
    container, disk = replace(WORK, runtime=runtime), str(runtimes.folder / "disk")
    job = replace(job, container=container, resources=Resources(gpus=1))
    assert runtimes.run(job, TMPDIR=disk).returncode == 0
    words = GOLDEN[runtime].replace("TMP", disk).replace("--pwd /data", f"--pwd {job.workdir}")
    words = words.replace("dir /data", f"dir {job.workdir}").replace("--cd /data", f"--cd {job.workdir}")
    assert runtimes.calls() == [[*words.split(), *INSIDE, "--check"], [*words.split(), *INSIDE, "execute"]]


def test_gpus_are_asked_for_only_where_the_element_asks_for_some(runtimes, job):
    runtimes.write("apptainer")
    runtimes.run(job)
    assert not any("--nv" in call for call in runtimes.calls())


def test_a_folder_of_scratch_is_bound_where_the_node_has_it_and_named_to_the_worker(runtimes, job):
    runtimes.write("apptainer", 'printf "%s\\n" "$@" "$JUGHPC_SCRATCH" >>"$CALLED"; echo >>"$CALLED"')
    disk = runtimes.folder / "disk"
    for scratch, bound in ((disk, [f"{disk}:{disk}"]), (Path("/no/such"), [])):
        runtimes.run(replace(job, container=replace(WORK, scratch=scratch)))
        last = runtimes.calls()[-1]
        assert ([word for word in last if str(scratch) in word][:-1], last[-1]) == (bound, str(scratch))


def test_the_exit_code_and_the_place_of_the_worker_are_those_of_the_script(runtimes, job):
    runtimes.write("apptainer", 'case "$*" in *--check) ;; *) echo $$; exit 3 ;; esac')
    script = render(job, Local())
    env = {"PATH": f"{runtimes.folder / 'bin'}:/usr/bin:/bin", **LOCAL}
    with subprocess.Popen(["bash", "-c", script], env=env, text=True, stdout=subprocess.PIPE) as done:
        assert done.communicate()[0] == f"{done.pid}\n"  # it took the script's place: signals come to it
    assert done.returncode == 3


def test_a_runtime_that_a_node_lacks_is_told(runtimes, job):
    assert runtimes.run(job).returncode == 127
    assert reason(job) == "setup, `apptainer`: is not on PATH; a line of setup may bring it"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ('INFO: x\nFATAL:   "python3": executable file not found in $PATH', "$PATH: has the image a Python, 3.10"),
        ("ch-run[1]: error: can't execve(2): python3: No such file or directory", "--python names it"),
        ("error: can't mkdir: /x: Read-only file system\nTry --help", "`apptainer`: error: can't mkdir: /x: Read-only"),
        ("jughpc: /bin/python3 is Python 3.6, and 3.10 or later is needed", "`apptainer`: /bin/python3 is Python 3.6"),
        ("what nobody knows", "`apptainer`: what nobody knows"),
    ],
)  # fmt: skip
def test_an_image_that_cannot_run_it_ends_the_element_in_words(runtimes, job, words, told):
    (runtimes.folder / "words").write_text(words)
    runtimes.write("apptainer", f"cat {runtimes.folder / 'words'} >&2; exit 255")
    assert runtimes.run(job).returncode == 255
    assert told in reason(job)


def test_elements_and_the_reduce_are_in_the_image_and_the_collector_is_not(tmp_path):
    options = ElementOptions(tmp_path, container=WORK, probe=("never",), python="/own/python")
    files = OsFiles(tmp_path)
    drafted = submissions.draft(
        files, OsClock(), tmp_path, scheduler="local", workload=Workload(("x",), 2, "primes"), options=options
    )
    after = [DependentJob(Role.COLLECT, options.own_program), DependentJob(Role.REDUCE, options.program)]
    jobs = plan(drafted, Local(), after)
    assert [(job.role.value, job.container, job.probe) for job in jobs] == [
        ("array", WORK, WORK.check), ("collect", None, ("never",)), ("reduce", WORK, WORK.check)
    ]  # fmt: skip
    assert [job.argv[0] for job in jobs[1:]] == ["/own/python", "python3"]


def test_folders_are_bound_as_they_are_called_and_where_they_lie_but_none_within_another(tmp_path):
    (tmp_path / "real" / "below").mkdir(parents=True)
    (tmp_path / "link").symlink_to("real")
    bound = WORK.with_folders(tmp_path / "link", tmp_path / "real" / "below", tmp_path / "real").folders
    assert bound == (tmp_path / "link", tmp_path / "real")


@pytest.mark.parametrize(("folder", "why"), [("/", "nothing of an image"), ("/a:b", "a colon"), ("/a,b/c", "a comma")])
def test_a_folder_that_cannot_be_bound_is_refused(folder, why):
    with pytest.raises(SettingError, match=why):
        WORK.with_folders(Path(folder))


def test_an_image_that_is_a_path_is_there_or_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "work.sif").touch()
    (tmp_path / "root").mkdir()
    assert images.chosen("work.sif", "apptainer").image == str(tmp_path / "work.sif")
    assert images.chosen("./root", "podman").image == str(tmp_path / "root")
    assert images.chosen("docker://python:3.12", "apptainer").image == "docker://python:3.12"
    assert images.chosen("localhost/work:1", "podman").image == "localhost/work:1"
    for image, runtime, why in (
        ("no.sif", "apptainer", "there is no image .*no.sif"),
        ("no", "charliecloud", "there is no image"),
        ("./no", "podman", "there is no image"),
        ("./work.sif", "podman", "podman runs no file"),
    ):
        with pytest.raises(SettingError, match=why):
            images.chosen(image, runtime)


def test_the_first_runtime_that_is_here_is_taken_and_one_is_to_be_named_where_none_is(runtimes, monkeypatch):
    monkeypatch.setenv("PATH", str(runtimes.folder / "bin"))
    with pytest.raises(SettingError, match="none of apptainer, singularity, podman, ch-run is on PATH here"):
        images.chosen(str(runtimes.folder), None)
    runtimes.write("podman")
    runtimes.write("singularity")
    assert images.chosen(str(runtimes.folder), None).runtime == "singularity"
    assert (images.is_here("podman"), images.is_here("apptainer")) == (True, False)


def test_nothing_but_what_jughpc_needs_is_lent(tmp_path):
    for name in ("yaml", "other"):
        (tmp_path / f"{name}.py").touch()
    lender = Lender([str(tmp_path)])
    assert lender.find_spec("yaml").origin == str(tmp_path / "yaml.py")
    assert (lender.find_spec("other"), lender.find_spec("click")) == (None, None)


def inside(home: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run what a container runs, with an interpreter that has nothing installed, as if its image were here."""
    argv = [sys.executable, "-S", str(home / "jughpc" / "lent.py"), *words]
    return subprocess.run(argv, env={"PATH": os.environ["PATH"], **variables}, text=True, capture_output=True)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return a folder in which jughpc lies as it is bound in a container."""
    package, lent = images.chosen("x://", "apptainer").package, tmp_path / "home"
    lent.mkdir()
    (lent / "jughpc").symlink_to(package)
    return lent


@pytest.mark.local
def test_an_image_that_lacks_what_jughpc_needs_gets_it_from_the_host(home):
    for number, folder in enumerate(images.chosen("x://", "apptainer").lent):
        (home / str(number)).symlink_to(folder)
    done = inside(home, "--check", JUGHPC_OWNER="x")
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_what_neither_has_is_told_in_one_line(home):
    done = inside(home, "--check", JUGHPC_OWNER="x")
    assert done.returncode == 1
    assert f"does not import {NEEDED[0]}: No module named 'click'; install it in the image" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_container_that_keeps_the_jobs_variables_out_is_refused(home):
    assert "the variables of the job do not come through" in inside(home, "--check").stderr
