"""The contract that every scheduler meets, on Slurm, PBS and this machine."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess

import pytest

from jughpc.batch import shell
from jughpc.batch.directives import Directive
from jughpc.batch.local.commands import GONE
from jughpc.batch.local.scheduler import Local
from jughpc.batch.pbs import Pbs
from jughpc.batch.scheduler import Refusal, Reply, State
from jughpc.batch.slurm import Slurm
from jughpc.testing.schedulercontract import NAME, ODD, Sayings, SchedulerContract


def answer(text: str, code: int = 0, error: str = "") -> Reply:
    return Reply(("command",), code, text, error)


class TestSlurm(SchedulerContract):
    @staticmethod
    def read_line(line: str) -> list[str]:
        """Read as sbatch 22.05 does: quotes as a shell, but a backslash makes the next letter plain in them, too."""
        words: list[str] = []
        letters = iter(line.partition(" ")[2] + " ")
        word, quote = "", ""
        for letter in letters:
            if letter == "\\":
                word += next(letters)
            elif quote:
                word, quote = (word, "") if letter == quote else (word + letter, quote)
            elif letter in "'\"":
                quote = letter
            elif letter == " ":
                words, word = [*words, word], ""
            else:
                word += letter
        return words

    @staticmethod
    def numbered(pattern: str, index: int) -> str:
        return re.sub("%[%a]", lambda match: "%" if match[0] == "%%" else str(index), pattern)

    @pytest.fixture
    def scheduler(self) -> Slurm:
        return Slurm()

    @pytest.fixture
    def sayings(self) -> Sayings:
        def row(job, index, word):
            return f"{job}|{'N/A' if job == '12' else index}|{word}|{NAME}|batch|1:00:00|N/A|node1|None\n"

        def environment(job, index):
            return {"SLURM_JOB_ID": job} if index is None else array(job, index)

        def array(job, index):
            return {"SLURM_JOB_ID": "99", "SLURM_ARRAY_JOB_ID": job, "SLURM_ARRAY_TASK_ID": str(index)}

        words = {"PENDING": "QUEUED", "RUNNING": "RUNNING", "COMPLETED": "DONE", "TIMEOUT": "FAILED"}
        return Sayings(
            plain="12", array="13",
            accepted=lambda job: answer(f"{job}\n"),
            polled=lambda job, told: answer("".join(row(job, index, word) for index, word in told.items())),
            words={word: State[name] for word, name in words.items()} | {"CANCELLED": State.CANCELLED},
            found=lambda name, job: answer(f"{job}|PENDING|{name}|None\n"),
            silent=answer("", 1, "slurm_load_jobs error: Unable to contact slurm controller (connect failure)"),
            environment=environment,
            refusals={
                answer("", 1, "sbatch: error: Batch job submission failed: Unable to contact slurm controller"):
                    Refusal.RETRY,
                answer("", 1, "sbatch: error: AssocMaxSubmitJobLimit\nsbatch: error: Batch job submission failed: Job "
                       "violates accounting/QOS policy"): Refusal.FULL,
                answer("", 1, "scancel: error: Kill job error on job id 12: Invalid job id specified"): Refusal.GONE,
            },
            ended={answer(row("12", 0, "CANCELLED")): State.CANCELLED, answer(row("12", 0, "FAILED")): State.FAILED},
        )  # fmt: skip


class TestPbs(SchedulerContract):
    @staticmethod
    def numbered(pattern: str, index: int) -> str:
        return pattern.replace("^array_index^", str(index))

    @pytest.fixture
    def scheduler(self) -> Pbs:
        return Pbs()

    @pytest.fixture
    def sayings(self) -> Sayings:
        def polled(job, told):
            jobs = {
                job.replace("[]", f"[{index}]"): {"job_state": word, "Job_Name": NAME} for index, word in told.items()
            }
            return answer(
                json.dumps({"Jobs": jobs | ({job: {"job_state": "B", "Job_Name": NAME}} if "[]" in job else {})})
            )

        def ended(code, substate=92):
            told = {"job_state": "F", "Job_Name": NAME, "Exit_status": code, "run_count": 1, "substate": substate}
            return answer(json.dumps({"Jobs": {"12.srv": told}}))

        def environment(job, index):
            return {"PBS_JOBID": job.replace("[]", f"[{index}]")} | (
                {} if index is None else {"PBS_ARRAY_INDEX": str(index)}
            )

        return Sayings(
            plain="12.srv", array="13[].srv",
            accepted=lambda job: answer(f"{job}\n"),
            polled=polled,
            words={"Q": State.QUEUED, "R": State.RUNNING, "E": State.RUNNING},
            found=lambda name, job: answer(f"{job}\n"),
            silent=answer('{"timestamp": 1}', 255, "qstat: cannot connect to server srv (errno=15010)"),
            environment=environment,
            refusals={
                answer("", 255, "qsub: cannot connect to server srv (errno=15010)"): Refusal.RETRY,
                answer("", 38, "qsub: would exceed queue generic's per-user limit"): Refusal.FULL,
                answer("", 153, "qdel: Unknown Job Id 12.srv"): Refusal.GONE,
            },
            ended={ended(0): State.DONE, ended(265): State.FAILED, ended(271, substate=91): State.CANCELLED},
            partial=polled("12.srv", {0: "R"}),
        )  # fmt: skip


class TestLocal(SchedulerContract):
    @staticmethod
    def numbered(pattern: str, index: int) -> str:
        return re.sub("%[%i]", lambda match: "%" if match[0] == "%%" else str(index), pattern)

    @pytest.fixture
    def scheduler(self) -> Local:
        return Local()

    @pytest.fixture
    def sayings(self) -> Sayings:
        def polled(job, told):
            return answer(json.dumps({job: [[word, "", "here"] for word in told.values()]} if told else {}))

        return Sayings(
            plain="0123abcd", array="4567cdef",
            accepted=lambda job: answer(json.dumps({"job": job})),
            polled=polled,
            words={state.value: state for state in State},
            found=lambda name, job: answer(json.dumps({"jobs": [job]})),
            silent=answer("", 1, "Permission denied"),
            environment=lambda job, index: {
                "JUGHPC_LOCAL_JOB": job, "JUGHPC_LOCAL_INDEX": str(index or 0), "JUGHPC_LOCAL_END": "",
            },
            refusals={answer("", GONE): Refusal.GONE},
            never=frozenset({Refusal.RETRY, Refusal.FULL}),
            nothing=answer(json.dumps({"jobs": []})),
            ignores=frozenset(
                {"memory", "gpus", "partition", "account", "qos", "project", "select", "place", "constraint"}
            ),
        )  # fmt: skip


def test_a_line_is_read_as_a_shell_reads_it_where_there_is_no_backslash():
    line = """#SBATCH '--job-name=a b' --x="c 'd'" e"""
    assert TestSlurm.read_line(line) == shlex.split(line.partition(" ")[2])


@pytest.mark.skipif(shell.command_path("sbatch") is None, reason="needs sbatch, though no cluster")
@pytest.mark.parametrize("odd", ODD)
def test_sbatch_itself_reads_the_lines_of_a_script_so(tmp_path, odd):
    settings = ("ClusterName=x", "SlurmctldHost=localhost", "SlurmctldPort=1", "AuthType=auth/none")
    (tmp_path / "slurm.conf").write_text("\n".join(settings))
    line = Slurm().script_line(Directive("--comment", odd))
    (tmp_path / "script").write_text(f"#!/bin/bash\n{line}\ntrue\n")
    env = {"PATH": os.environ["PATH"], "SLURM_CONF": str(tmp_path / "slurm.conf")}
    argv = ["sbatch", "-vv", "--test-only", str(tmp_path / "script")]
    with subprocess.Popen(argv, stderr=subprocess.PIPE, text=True, encoding="utf-8", env=env) as process:
        said = next((line for line in process.stderr or () if "comment   " in line), "")
        process.kill()  # it told what it read; next it would wait for a controller that is none
    assert said.endswith(f"comment             : {odd}\n")
    assert TestSlurm.read_line(line) == [f"--comment={odd}"]
