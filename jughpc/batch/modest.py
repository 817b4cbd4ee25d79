"""What a system answers that can be asked for no more than the protocol must have: to submit, poll and cancel."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from jughpc.batch.logs import log_name
from jughpc.batch.options import Own
from jughpc.batch.partitions import Partition
from jughpc.batch.scheduler import (
    ElementId,
    JobId,
    Limits,
    Names,
    Refusal,
    Reply,
    Resources,
    Role,
    Room,
    Scheduler,
    Status,
)
from jughpc.errors import SchedulerError, SettingError, SubmitError


class Modest(Scheduler):
    """A scheduler to begin with: a subclass says how it names, submits, polls and ends jobs, and what else it can.

    Attributes:
        title: Its name in sentences.
        mark: What stands for an element's index in the path of its log.
        own: Options of its submit command, each a word of its own, that a submission says itself.
        accepted: What is printed of a job that was accepted, a line in full; its first group is the id.
        refusals: What a refusal means whose text one of these is found in; the first that is.
    """

    title: ClassVar[str]
    mark: ClassVar[str]
    own: ClassVar[Sequence[Own]] = ()
    accepted: ClassVar[re.Pattern[str]]
    refusals: ClassVar[Mapping[Refusal, str]] = {}

    def within(self, limits: Limits) -> Scheduler:
        return self

    def of_user(self, user: str) -> Scheduler:
        return self

    def refuse(self, extra: Sequence[str], environ: Mapping[str, str]) -> None:
        for own in self.own:
            if said := [word for word in extra if word.partition("=")[0] in own.names]:
                raise SettingError(f"{said[0]} behind -- would undo what jughpc says itself. {own.advice}")

    def chosen(self, extra: Sequence[str], environ: Mapping[str, str]) -> Mapping[str, str]:
        return {}

    def parse_submit(self, reply: Reply) -> JobId:
        """Return the id in the last line that tells of one: a site's wrapper may print a banner before it."""
        for line in reversed(reply.stdout.splitlines() if reply.code == 0 else []):
            if match := self.accepted.fullmatch(line.strip()):
                return match[1]
        raise SubmitError(reply.argv, reply.code, reply.stderr or reply.stdout)

    def answered(self, reply: Reply) -> str:
        """Return what was printed. Raises SchedulerError for a command that failed, but for a job that is not there."""
        if reply.code and self.refusal(reply) is not Refusal.GONE:
            raise SchedulerError(f"{reply.argv[0]} exited with {reply.code}: {reply.stderr.strip()}")
        return reply.stdout

    def unheard(self, reply: Reply, jobs: Names) -> list[JobId]:
        return []

    def poll_again(self, reply: Reply, jobs: Names) -> list[str]:
        return []

    def past_command(self, jobs: Names) -> list[str]:
        return []

    def parse_past(self, reply: Reply, jobs: Names) -> Mapping[ElementId, Status]:
        return {}

    def unmail_commands(self, jobs: Names) -> list[list[str]]:
        return []

    def revive_command(self, jobs: Names) -> list[str]:
        return []

    def room_commands(self, user: str, resources: Resources) -> Sequence[list[str]]:
        return ()

    def parse_room(self, replies: Sequence[Reply], limits: Limits, user: str, resources: Resources) -> Room:
        return Room()

    def partitions_command(self) -> list[str]:
        return []

    def parse_partitions(self, reply: Reply, limits: Limits) -> Sequence[Partition]:
        return []

    def absent(self, reply: Reply) -> bool:
        return False

    def refusal(self, reply: Reply) -> Refusal:
        found = (meaning for meaning, text in self.refusals.items() if re.search(text, reply.stderr))
        return next(found, Refusal.USER)

    def log_pattern(self, folder: Path, role: Role, size: int, offset: int) -> str:
        return f"{folder}/{log_name(role, size, offset, self.mark)}"

    def element(self, owner: str) -> ElementId | None:
        """Return the element of an owner as its templates are to write it, `NAME:JOB_INDEX.RUN`."""
        match = re.fullmatch(rf"{self.name}:(.+)_(\d{{1,10}})\.\d+", owner)
        return ElementId(match[1], int(match[2])) if match and self.capabilities.is_id(match[1]) else None
