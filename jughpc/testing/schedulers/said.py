"""What a scheduler says to its system: commands, directives, scripts."""

from __future__ import annotations

import re
import shlex
from dataclasses import fields, replace
from pathlib import Path

import pytest

from jughpc.batch import directives, shell
from jughpc.batch.logs import log_name
from jughpc.batch.scheduler import (
    Condition,
    Dependency,
    ElementId,
    Job,
    Limits,
    Resources,
    Role,
    Scheduler,
)
from jughpc.batch.script import render
from jughpc.errors import SettingError
from jughpc.testing.schedulers import golden
from jughpc.testing.schedulers.sayings import (
    ARRAY,
    NAME,
    ODD,
    SUBMISSION,
    TOLD_APART,
    WANTED,
    Sayings,
    array_of,
    fitting,
    other_values,
    said,
)


class SaidContract:
    """Tests of what is said; fixtures and methods as of `SchedulerContract`."""

    @staticmethod
    def read_line(line: str) -> list[str]:
        """Return the words that the system reads in the line of a script."""
        return shlex.split(line.partition(" ")[2])

    @staticmethod
    def numbered(pattern: str, index: int) -> str:
        """Return the path that the system makes of a log's pattern for that element."""
        raise NotImplementedError

    def test_it_has_a_plain_name_and_can_wait_for_ends(self, scheduler: Scheduler) -> None:
        assert re.fullmatch("[a-z]+", scheduler.name)
        assert Condition.AFTER_ANY in scheduler.capabilities.conditions
        assert scheduler.within(Limits()).name == scheduler.name

    def test_its_ids_are_told_from_options_and_other_texts(self, scheduler: Scheduler, sayings: Sayings) -> None:
        is_id = scheduler.capabilities.is_id
        for job in (sayings.plain, sayings.array):
            assert is_id(job)
            assert not any(map(is_id, ("", " ", "--user=me", "-u", f"{job}\n", f" {job}", f"{job} -u me", f"{job},-x")))

    def test_each_thing_that_is_asked_for_is_said(self, scheduler: Scheduler, sayings: Sayings) -> None:
        before = said(scheduler, array_of(scheduler))
        assert {field.name for field in fields(Job)} == other_values().keys() | TOLD_APART
        alone = {"size", "throttle"} if fitting(scheduler, 8) == 1 else set()  # no array, no number, no bound
        changed = [
            replace(array_of(scheduler), **{name: value}) for name, value in other_values().items() if name not in alone
        ]
        assert all(said(scheduler, job) != before for job in changed)

    def test_that_its_end_is_to_be_mailed_is_said_to_a_system_that_mails(self, scheduler: Scheduler) -> None:
        told = said(scheduler, replace(array_of(scheduler), is_told=True)) != said(scheduler, array_of(scheduler))
        assert told is scheduler.capabilities.mails

    def test_a_system_that_mails_can_be_told_not_to(self, scheduler: Scheduler, sayings: Sayings) -> None:
        commands = scheduler.unmail_commands({sayings.plain: NAME})
        assert bool(commands) is scheduler.capabilities.mails
        assert all(any(sayings.plain.partition(";")[0] in word for word in command) for command in commands)

    @pytest.mark.parametrize("resource", [field.name for field in fields(Resources)])
    def test_each_resource_is_a_directive_or_refused(
        self, scheduler: Scheduler, sayings: Sayings, resource: str
    ) -> None:
        job = replace(array_of(scheduler), resources=Resources(**{resource: WANTED.get(resource, "some")}))
        try:
            said = scheduler.directives(job)
        except SettingError:
            return
        assert (said == scheduler.directives(array_of(scheduler))) is (resource in sayings.ignores)

    def test_the_command_says_all_directives_and_then_the_raw_options_and_the_script(
        self, scheduler: Scheduler
    ) -> None:
        job = replace(array_of(scheduler), throttle=3, extra=("--raw", "x y"))
        command, said = scheduler.submit_command(job), directives.words(scheduler.directives(job))
        assert any(command[start : start + len(said)] == said for start in range(len(command)))
        assert command[-1] == str(job.script)
        assert command.index("--raw") >= max(map(command.index, said))
        assert command[command.index("--raw") + 1] == "x y"

    @pytest.mark.parametrize("odd", ODD)
    def test_the_script_says_the_same_as_the_command(self, scheduler: Scheduler, odd: str) -> None:
        job = replace(
            array_of(scheduler), name=odd, workdir=Path("/run") / odd, resources=Resources(cpus=2, walltime=60.0)
        )
        lines = {directive: scheduler.script_line(directive) for directive in scheduler.directives(job)}
        for directive, line in lines.items():
            assert not line or self.read_line(line) == directive.words
        assert set(filter(None, lines.values())) <= set(render(job, scheduler).splitlines())

    def test_the_script_says_all_that_the_command_says_or_nothing(self, scheduler: Scheduler) -> None:
        lines = [bool(scheduler.script_line(directive)) for directive in scheduler.directives(array_of(scheduler))]
        assert all(lines) or not any(lines)

    def test_each_condition_that_it_knows_is_spelt_with_the_ids(self, scheduler: Scheduler, sayings: Sayings) -> None:
        commands = [
            scheduler.submit_command(replace(array_of(scheduler), depends_on=Dependency(condition, (sayings.array,))))
            for condition in scheduler.capabilities.conditions
        ]
        assert len(set(map(tuple, commands))) == len(commands)
        assert all(any(sayings.array in word for word in command) for command in commands)
        assert not any(sayings.array in word for word in scheduler.submit_command(array_of(scheduler)))

    def test_jobs_of_others_that_are_waited_for_are_named_or_refused(
        self, scheduler: Scheduler, sayings: Sayings
    ) -> None:
        job = replace(
            array_of(scheduler),
            after=(sayings.array, sayings.plain),
            depends_on=Dependency(Condition.AFTER_ANY, (sayings.plain,)),
        )
        try:
            command = scheduler.submit_command(job)
        except SettingError:
            return
        words = " ".join(command)
        assert (words.count(sayings.array.partition(";")[0]), words.count(sayings.plain.partition(";")[0])) == (1, 2)

    def test_the_option_that_names_a_job_is_refused_among_raw_ones(self, scheduler: Scheduler) -> None:
        scheduler.refuse((), {})
        name = next(told for told in scheduler.directives(replace(ARRAY, size=1)) if told.value == ARRAY.name)
        with pytest.raises(SettingError):
            scheduler.refuse((name.option, "mine"), {})

    def test_a_cancel_names_the_job_where_the_system_can(self, scheduler: Scheduler, sayings: Sayings) -> None:
        (command,) = scheduler.cancel_commands({sayings.plain: NAME})
        assert any(NAME in word for word in command) is scheduler.capabilities.cancels_by_name

    def test_every_job_is_cancelled_once(self, scheduler: Scheduler, sayings: Sayings) -> None:
        words = [
            word
            for command in scheduler.cancel_commands({sayings.plain: NAME, sayings.array: "other"})
            for word in command
        ]
        assert (words.count(sayings.plain), words.count(sayings.array)) == (1, 1)

    def test_elements_that_wait_are_withdrawn_by_the_commands_that_name_their_jobs(
        self, scheduler: Scheduler, sayings: Sayings
    ) -> None:
        for job, size in ((sayings.plain, 1), (sayings.array, fitting(scheduler, 4))):
            waiting = [ElementId(job, index) for index in scheduler.capabilities.indices(size)][-2:]
            (command,) = scheduler.withdraw_commands({job: "primes-1a2b-0"}, waiting)
            assert any(word.startswith(job.partition("[")[0]) for word in command)
            assert command not in scheduler.cancel_commands({job: "primes-1a2b-0"}) or size == 1

    def test_what_nobody_supervises_is_revived_by_one_command_or_there_is_no_such_thing(
        self, scheduler: Scheduler, sayings: Sayings
    ) -> None:
        command = scheduler.revive_command({sayings.plain: NAME})
        assert command == [] or sayings.plain in command

    def test_every_element_has_a_log_of_its_own(self, scheduler: Scheduler) -> None:
        folder = Path("/run/100% of it/logs")
        many = fitting(scheduler, 8)
        jobs = [
            (Role.ARRAY, many, 0),
            (Role.ARRAY, many, 8),
            (Role.ARRAY, 1, 16),
            (Role.COLLECT, 1, 0),
            (Role.REDUCE, 1, 0),
        ]
        found = []
        for job in jobs:
            pattern = scheduler.log_pattern(folder, *job)
            for index in scheduler.capabilities.indices(job[1]):
                found.append(self.numbered(pattern, index))
                assert found[-1] == f"{folder}/{log_name(*job, str(index))}"
        assert len(set(found)) == len(found)

    @pytest.mark.parametrize("role", Role)
    @pytest.mark.parametrize("size", [1, 3])
    def test_an_element_learns_who_it_is(
        self, scheduler: Scheduler, sayings: Sayings, tmp_path: Path, role: Role, size: int
    ) -> None:
        size = fitting(scheduler, size)
        job_id = sayings.array if size > 1 else sayings.plain
        log = scheduler.log_pattern(tmp_path, role, size, 64)
        argv = ("bash", "-c", f"env >{shlex.quote(str(tmp_path / 'env'))}")
        job = replace(ARRAY, role=role, size=size, argv=argv, workdir=tmp_path, log=log, token=SUBMISSION)
        (tmp_path / "script").write_text(render(job, scheduler))
        for place, index in enumerate(scheduler.capabilities.indices(size)):
            told = sayings.environment(job_id, index if size > 1 else None)
            shell.run(["bash", str(tmp_path / "script")], env={"PATH": "/usr/bin:/bin", **told})
            env = dict(line.split("=", 1) for line in (tmp_path / "env").read_text().splitlines() if "=" in line)
            assert env["JUGHPC_OWNER"].startswith(f"{scheduler.name}:")
            assert scheduler.element(env["JUGHPC_OWNER"]) == ElementId(job_id, index)
            assert env["JUGHPC_END"] == f"/run/ends/0-array{f'-{place}' if size > 1 else ''}.json"
            assert env["JUGHPC_SUBMISSION"] == SUBMISSION
            assert env["JUGHPC_RUN"].isdecimal()
            assert _is_told_or_opened(scheduler, job, self.numbered(log, index))
            assert (env["JUGHPC_ELEMENT"], env["JUGHPC_ELEMENTS"]) == (str(64 + place), "100")
        assert not any(
            map(scheduler.element, ("", "here", f"{scheduler.name}:", "x:1_0.0", f"{scheduler.name}:-1_0.0"))
        )

    @pytest.mark.parametrize("size", [1, 3])
    def test_a_script_that_the_system_did_not_start_ends_before_its_command(
        self, scheduler: Scheduler, tmp_path: Path, size: int
    ) -> None:
        size = fitting(scheduler, size)
        log = scheduler.log_pattern(tmp_path, Role.ARRAY, size, 0)
        job = replace(ARRAY, size=size, argv=("touch", str(tmp_path / "ran")), workdir=tmp_path, log=log)
        (tmp_path / "script").write_text(render(job, scheduler))
        reply = shell.run(["bash", str(tmp_path / "script")], env={"PATH": "/usr/bin:/bin"})
        assert (bool(reply.code), (tmp_path / "ran").exists()) == (True, False)

    def test_what_is_said_to_the_system_is_what_somebody_read(self, scheduler: Scheduler, sayings: Sayings) -> None:
        if sayings.golden is not None:
            assert golden.said(scheduler, sayings.plain, sayings.array) == sayings.golden.read_text(encoding="utf-8")


def _is_told_or_opened(scheduler: Scheduler, job: Job, log: str) -> bool:
    """Return whether the system is told where `log` is to be; else the script itself has opened it by now."""
    return any(job.log in word for word in scheduler.submit_command(job)) or Path(log).is_file()
