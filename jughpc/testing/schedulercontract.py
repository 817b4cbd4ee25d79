"""What every `Scheduler` must do. Subclass this in a test module and give it the fixtures that it names."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import pytest

from jughpc.batch import directives, shell
from jughpc.batch.bundle import Bundle
from jughpc.batch.logs import log_name
from jughpc.batch.scheduler import (
    EVERY,
    Condition,
    Dependency,
    ElementId,
    Job,
    JobId,
    Limits,
    Refusal,
    Reply,
    Resources,
    Role,
    Room,
    Scheduler,
    State,
)
from jughpc.batch.script import render
from jughpc.errors import SchedulerError, SettingError, SubmitError

SUBMISSION = "0a1b2c3d"
NAME = "primes-1a2b-0"
ARRAY = Job(Role.ARRAY, NAME, ("true",), 8, 64, 100, None, Path("/run/0-array.sh"), "/run/array.log", Path("/run"))
WANTED: Mapping[str, Any] = {
    "walltime": 5400.0, "memory": 4 << 30, "cpus": 3, "gpus": 2, "partition": "long", "account": "physics",
    "qos": "high", "project": "cosmos", "select": "1:ncpus=4", "place": "excl",
    "tasks": 3,
}  # fmt: skip
ODD = ("o'neil & co", 'a "b" c', "a\\b", "$HOME `x` #y", "per%cent", " lead", "ümlaut")
GARBAGE = (
    "",
    "\n",
    "Welcome!\n",
    "a|b\n",
    "1|2|3|4|5|6\n",
    "{",
    "[]",
    "null",
    '"x"',
    '{"Jobs": 3}',
    '{"Jobs": {"1": []}}',
)


@dataclass(frozen=True)
class Sayings:
    """How one system answers, recorded or made up after its manual.

    Attributes:
        plain, array: An id of a plain job and one of an array.
        accepted: Return the answer to a submission that became that job.
        polled: Return the answer to a poll: of each element of a job called NAME, by its index, the system's own word.
        words: The system's own words for states.
        found: Return the answer to a look for a job of that name which found that id.
        silent: A poll, or a look, that got no answer.
        refusals: Answers to commands, and what they mean.
        environment: Return what the system tells an element of a job, a plain one if the index is None.
        ignores: Resources that are not its concern.
    """

    plain: JobId
    array: JobId
    accepted: Callable[[JobId], Reply]
    polled: Callable[[JobId, Mapping[int, str]], Reply]
    words: Mapping[str, State]
    found: Callable[[str, JobId], Reply]
    silent: Reply
    environment: Callable[[JobId, int | None], Mapping[str, str]]
    refusals: Mapping[Reply, Refusal] = field(default_factory=dict)
    ignores: frozenset[str] = frozenset()


class SchedulerContract:
    """Tests of one scheduler; fixtures of the subclass: `scheduler` and `sayings`."""

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
        said = _said(scheduler, ARRAY)
        assert {field.name for field in fields(Job)} == _other_values().keys() | _TOLD_APART
        changed = [replace(ARRAY, **{name: value}) for name, value in _other_values().items()]
        assert all(_said(scheduler, job) != said for job in changed)

    def test_that_its_end_is_to_be_mailed_is_said_to_a_system_that_mails(self, scheduler: Scheduler) -> None:
        said = _said(scheduler, replace(ARRAY, is_told=True)) != _said(scheduler, ARRAY)
        assert said is scheduler.capabilities.mails

    def test_a_system_that_mails_can_be_told_not_to(self, scheduler: Scheduler, sayings: Sayings) -> None:
        commands = scheduler.unmail_commands({sayings.plain: NAME})
        assert bool(commands) is scheduler.capabilities.mails
        assert all(any(sayings.plain.partition(";")[0] in word for word in command) for command in commands)

    @pytest.mark.parametrize("resource", [field.name for field in fields(Resources)])
    def test_each_resource_is_a_directive_or_refused(
        self, scheduler: Scheduler, sayings: Sayings, resource: str
    ) -> None:
        job = replace(ARRAY, resources=Resources(**{resource: WANTED.get(resource, "some")}))
        try:
            said = scheduler.directives(job)
        except SettingError:
            return
        assert (said == scheduler.directives(ARRAY)) is (resource in sayings.ignores)

    def test_the_command_says_all_directives_and_then_the_raw_options_and_the_script(
        self, scheduler: Scheduler
    ) -> None:
        job = replace(ARRAY, throttle=3, extra=("--raw", "x y"))
        command, said = scheduler.submit_command(job), directives.words(scheduler.directives(job))
        assert any(command[start : start + len(said)] == said for start in range(len(command)))
        assert command[-1] == str(job.script)
        assert command.index("--raw") >= max(map(command.index, said))
        assert command[command.index("--raw") + 1] == "x y"

    @pytest.mark.parametrize("odd", ODD)
    def test_the_script_says_the_same_as_the_command(self, scheduler: Scheduler, odd: str) -> None:
        job = replace(ARRAY, name=odd, workdir=Path("/run") / odd, resources=Resources(cpus=2, walltime=60.0))
        said = scheduler.directives(job)
        lines = [line for directive in said if (line := scheduler.script_line(directive))]
        if not lines:
            return  # its scripts say nothing
        assert [word for line in lines for word in self.read_line(line)] == directives.words(said)
        assert set(lines) <= set(render(job, scheduler).splitlines())

    def test_each_condition_that_it_knows_is_spelt_with_the_ids(self, scheduler: Scheduler, sayings: Sayings) -> None:
        commands = [
            scheduler.submit_command(replace(ARRAY, depends_on=Dependency(condition, (sayings.array,))))
            for condition in scheduler.capabilities.conditions
        ]
        assert len(set(map(tuple, commands))) == len(commands)
        assert all(any(sayings.array in word for word in command) for command in commands)
        assert not any(sayings.array in word for word in scheduler.submit_command(ARRAY))

    def test_jobs_of_others_that_are_waited_for_are_named_or_refused(
        self, scheduler: Scheduler, sayings: Sayings
    ) -> None:
        job = replace(
            ARRAY, after=(sayings.array, sayings.plain), depends_on=Dependency(Condition.AFTER_ANY, (sayings.plain,))
        )
        try:
            command = scheduler.submit_command(job)
        except SettingError:
            return
        words = " ".join(command)
        assert (words.count(sayings.array.partition(";")[0]), words.count(sayings.plain.partition(";")[0])) == (1, 2)

    def test_the_option_that_names_a_job_is_refused_among_raw_ones(self, scheduler: Scheduler) -> None:
        scheduler.refuse((), {})
        name = next(said for said in scheduler.directives(ARRAY) if said.value == ARRAY.name)
        with pytest.raises(SettingError):
            scheduler.refuse((name.option, "mine"), {})

    def test_room_that_cannot_be_read_is_no_bound(self, scheduler: Scheduler) -> None:
        for text in GARBAGE:
            replies = [Reply(tuple(command), 0, text, "") for command in scheduler.room_commands("ada", Resources())]
            assert scheduler.parse_room(replies, Limits(), "ada", Resources()) == Room()

    def test_partitions_that_cannot_be_read_are_left_out(self, scheduler: Scheduler) -> None:
        for text in GARBAGE:
            assert list(scheduler.parse_partitions(Reply(("command",), 0, text, ""), Limits())) == []

    def test_the_id_is_read_below_a_banner(self, scheduler: Scheduler, sayings: Sayings) -> None:
        for job in (sayings.plain, sayings.array):
            reply = sayings.accepted(job)
            assert scheduler.parse_submit(reply) == job
            assert scheduler.parse_submit(replace(reply, stdout=f"Welcome to cluster!\n{reply.stdout}")) == job

    def test_a_submission_that_failed_or_was_mute_has_no_id(self, scheduler: Scheduler, sayings: Sayings) -> None:
        reply = sayings.accepted(sayings.plain)
        for bad in (replace(reply, code=1), *(replace(reply, stdout=text) for text in ("", "Welcome!\n", "no", "{}"))):
            with pytest.raises(SubmitError) as error:
                scheduler.parse_submit(bad)
            assert error.value.code == bad.code

    def test_each_word_for_a_state_is_understood_and_others_are_unknown(
        self, scheduler: Scheduler, sayings: Sayings
    ) -> None:
        for word, state in {**sayings.words, "?!": State.UNKNOWN}.items():
            for job, size in ((sayings.plain, 1), (sayings.array, 3)):
                told = dict.fromkeys(scheduler.capabilities.indices(size), word)
                found = dict(scheduler.parse_poll(sayings.polled(job, told), {job: NAME}))
                every = found.pop(ElementId(job, EVERY), None)
                assert set(found) <= {ElementId(job, index) for index in told}
                states = [found.get(ElementId(job, index), every) for index in told]
                assert [now and now.state for now in states] == [state] * size

    def test_a_poll_tells_of_no_job_that_was_not_asked_for(self, scheduler: Scheduler, sayings: Sayings) -> None:
        word = next(iter(sayings.words))
        assert scheduler.parse_poll(sayings.polled(sayings.plain, {0: word}), {sayings.array: NAME}) == {}
        assert scheduler.parse_poll(sayings.polled(sayings.array, {}), {sayings.array: NAME}) == {}

    def test_a_job_that_has_an_id_of_ours_and_another_name_is_somebody_elses(
        self, scheduler: Scheduler, sayings: Sayings
    ) -> None:
        reply = sayings.polled(sayings.plain, {0: next(iter(sayings.words))})
        believed = scheduler.parse_poll(reply, {sayings.plain: "primes-ffff-0"})
        assert bool(believed) is not scheduler.capabilities.reuses_ids

    def test_a_cancel_names_the_job_where_the_system_can(self, scheduler: Scheduler, sayings: Sayings) -> None:
        (command,) = scheduler.cancel_commands({sayings.plain: NAME})
        assert any(NAME in word for word in command) is scheduler.capabilities.cancels_by_name

    def test_a_poll_without_an_answer_says_nothing(self, scheduler: Scheduler, sayings: Sayings) -> None:
        with pytest.raises(SchedulerError):
            scheduler.parse_poll(sayings.silent, {sayings.plain: NAME})
        with pytest.raises(SchedulerError):
            scheduler.parse_find(sayings.silent, "primes")

    @pytest.mark.parametrize("text", GARBAGE)
    def test_garbage_is_no_answer(self, scheduler: Scheduler, sayings: Sayings, text: str) -> None:
        reply = Reply(("command",), 0, text, "")
        for parse in (
            lambda: scheduler.parse_poll(reply, {sayings.plain: NAME}),
            lambda: scheduler.parse_find(reply, "a"),
        ):
            assert _answer(parse) in (None, {}, [])
        assert scheduler.parse_limits(reply).array_size is None
        assert not scheduler.absent(replace(reply, code=1))

    def test_a_job_is_found_by_its_name(self, scheduler: Scheduler, sayings: Sayings) -> None:
        assert any("primes-1a2b-0" in word for word in scheduler.find_command("primes-1a2b-0")) or (
            scheduler.parse_find(sayings.found("another", sayings.plain), "primes-1a2b-0") == []
        )
        assert scheduler.parse_find(sayings.found("primes-1a2b-0", sayings.plain), "primes-1a2b-0") == [sayings.plain]

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
        for job, size in ((sayings.plain, 1), (sayings.array, 4)):
            waiting = [ElementId(job, index) for index in scheduler.capabilities.indices(size)][-2:]
            (command,) = scheduler.withdraw_commands({job: "primes-1a2b-0"}, waiting)
            assert any(word.startswith(job.partition("[")[0]) for word in command)
            assert command not in scheduler.cancel_commands({job: "primes-1a2b-0"}) or size == 1

    def test_what_nobody_supervises_is_revived_by_one_command_or_there_is_no_such_thing(
        self, scheduler: Scheduler, sayings: Sayings
    ) -> None:
        command = scheduler.revive_command({sayings.plain: NAME})
        assert command == [] or sayings.plain in command

    def test_a_refusal_is_judged_and_a_new_one_is_the_users_to_see(
        self, scheduler: Scheduler, sayings: Sayings
    ) -> None:
        for reply, meaning in sayings.refusals.items():
            assert scheduler.refusal(reply) is meaning, reply
        assert scheduler.refusal(Reply(("submit",), 1, "", "something new")) is Refusal.USER

    def test_every_element_has_a_log_of_its_own(self, scheduler: Scheduler) -> None:
        folder = Path("/run/100% of it/logs")
        jobs = [(Role.ARRAY, 8, 0), (Role.ARRAY, 8, 8), (Role.ARRAY, 1, 16), (Role.COLLECT, 1, 0), (Role.REDUCE, 1, 0)]
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
            assert (env["JUGHPC_ELEMENT"], env["JUGHPC_ELEMENTS"]) == (str(64 + place), "100")
        assert not any(
            map(scheduler.element, ("", "here", f"{scheduler.name}:", "x:1_0.0", f"{scheduler.name}:-1_0.0"))
        )


_TOLD_APART = {"role", "resources", "depends_on", "after", "is_told"} | {  # by tests of their own
    "only",
    "asks",
    "scheduler",
}  # to nobody


def _said(scheduler: Scheduler, job: Job) -> tuple[list[str], str]:
    return scheduler.submit_command(job), render(job, scheduler)


def _other_values() -> dict[str, Any]:
    """Return another value for each field of a job that reaches the system or the script."""
    return {
        "name": "other", "argv": ("false",), "size": 7, "offset": 1, "elements": 101, "throttle": 3, "token": "2",
        "script": Path("/run/other.sh"), "log": "/run/other.log", "workdir": Path("/other"), "setup": ("true",),
        "probe": ("true",), "umask": 0o27, "exclude": ("node7",), "extra": ("--raw",),
        "stage": Bundle(Path("/run/0a.tar.gz"), "0f" * 32, 2048, 4096, 1),
    }  # fmt: skip


def _answer(parse: Callable[[], object]) -> object:
    """Return what was read, None if it was refused in words."""
    try:
        return parse()
    except SchedulerError:
        return None
