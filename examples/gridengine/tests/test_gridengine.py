"""Grid Engine: the contract that jughpc ships, and what a real one answered (Son of Grid Engine 8.1.9, Debian 12)."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from jughpc_gridengine import GridEngine

from jughpc.batch import registry
from jughpc.batch.scheduler import ElementId, Refusal, Reply, Resources, State
from jughpc.errors import SettingError
from jughpc.testing.schedulercontract import ARRAY, NAME, Sayings, SchedulerContract

HERE = Path(__file__).parent


def recorded(name: str) -> Reply:
    told = json.loads((HERE / "recorded" / f"{name}.json").read_text(encoding="utf-8"))
    return Reply(tuple(told["argv"]), told["code"], told["stdout"], told["stderr"])


def listed(*rows: str) -> Reply:
    return Reply(
        ("qstat",), 0, f"<?xml version='1.0'?>\n<job_info><queue_info>{''.join(rows)}</queue_info></job_info>\n", ""
    )


def row(job: str, word: str, index: int = 0, name: str = NAME) -> str:
    tasks = f"<tasks>{index}</tasks>" if index else ""
    named = f"<JB_job_number>{job}</JB_job_number><JB_name>{name}</JB_name>"
    return f"<job_list>{named}<state>{word}</state>{tasks}</job_list>"


class TestGridEngine(SchedulerContract):
    @staticmethod
    def read_line(line: str) -> list[str]:
        """Read as qsub does: quotes hold words together and are dropped, a backslash is one, # begins a comment."""
        words = re.findall(r"(?:'[^']*'|\"[^\"]*\"|[^\s'\"])+", line.removeprefix("#$").partition("#")[0])
        return [re.sub("['\"]", "", word) for word in words]

    @staticmethod
    def numbered(pattern: str, index: int) -> str:
        return pattern.replace("^index^", str(index))

    @pytest.fixture
    def scheduler(self) -> GridEngine:
        return GridEngine()

    @pytest.fixture
    def sayings(self) -> Sayings:
        return Sayings(
            plain="2", array="3",
            accepted=lambda job: recorded({"2": "qsub-plain", "3": "qsub-array"}[job]),
            polled=lambda job, told: listed(*(row(job, word, index) for index, word in told.items())),
            words={
                "qw": State.QUEUED, "hqw": State.QUEUED, "r": State.RUNNING, "t": State.RUNNING, "dr": State.RUNNING,
                "Eqw": State.STUCK, "z": State.ENDED,
            },
            found=lambda name, job: listed(row(job, "qw", name=name)),
            nothing=listed(),
            silent=recorded("qstat-down"),
            environment=lambda job, index: {"JOB_ID": job, "SGE_TASK_ID": str(index or "undefined"), "NSLOTS": "1"},
            refusals={
                recorded("qsub-down"): Refusal.RETRY, recorded("qdel-down"): Refusal.RETRY,
                recorded("qsub-full"): Refusal.FULL,
                recorded("qdel-unknown"): Refusal.GONE, recorded("qdel-twice"): Refusal.GONE,
                recorded("qsub-unknown-queue"): Refusal.USER, recorded("qsub-too-many-tasks"): Refusal.USER,
            },
            ended={listed(row("2", "z")): State.ENDED},
            golden=HERE / "golden.txt",
        )  # fmt: skip


def states(reply: Reply, **names: str) -> dict[tuple[str, int], State]:
    found = GridEngine().parse_poll(reply, {job.removeprefix("job"): name for job, name in names.items()})
    return {(element.job, element.index): status.state for element, status in found.items()}


def test_it_is_known_by_its_entry_point():
    assert isinstance(registry.scheduler("gridengine"), GridEngine)


def test_a_listing_tells_of_what_runs_what_waits_and_what_has_ended():
    names = {"job2": "primes-1a2b-0", "job3": "primes-1a2b-1", "job4": "primes-1a2b-2", "job1": "primes-1a2b-9"}
    running = {("2", 0): State.RUNNING, ("3", 1): State.RUNNING, ("3", 2): State.RUNNING, ("1", 0): State.ENDED}
    waiting = dict.fromkeys([*(("3", index) for index in range(3, 7)), ("4", 0)], State.QUEUED)
    assert states(recorded("qstat"), **names) == running | waiting


def test_what_ended_and_what_was_deleted_look_alike_so_neither_is_taken_for_a_success():
    found = states(recorded("qstat-ended"), job2="primes-1a2b-0", job3="primes-1a2b-1")
    assert found == dict.fromkeys([("2", 0), *(("3", index) for index in range(1, 7))], State.ENDED)


def test_a_job_that_was_queued_with_a_warning_has_its_id_though_the_command_failed():
    assert GridEngine().parse_submit(recorded("qsub-warning")) == "1"


def test_the_limits_of_the_cluster_are_read():
    limits = GridEngine().parse_limits(recorded("qconf"))
    assert (limits.array_size, limits.settings["max_aj_instances"]) == (75000, "2000")


def test_commands_on_a_machine_of_no_cluster_are_told_apart():
    assert GridEngine().absent(recorded("qconf-no-root"))
    assert not GridEngine().absent(recorded("qsub-down"))


def test_memory_is_asked_for_by_the_slot():
    asked = replace(ARRAY, resources=Resources(memory=4 << 30, cpus=3))
    assert ["-l", "h_vmem=1366M"] in [directive.words for directive in GridEngine().directives(asked)]


def test_what_it_cannot_wait_for_is_refused():
    with pytest.raises(SettingError, match="Leave --after out"):
        GridEngine().submit_command(replace(ARRAY, after=("1",)))


def test_an_element_is_known_by_its_owner():
    assert GridEngine().element("gridengine:12_3.1") == ElementId("12", 3)
