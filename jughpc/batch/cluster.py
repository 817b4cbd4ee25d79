"""A batch system as it answers here: one thing to queue jobs with, ask after them, and end them."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from jughpc.backoff import Backoff
from jughpc.batch.scheduler import (
    EVERY,
    ElementId,
    Job,
    JobId,
    Limits,
    Refusal,
    Reply,
    Role,
    Run,
    Scheduler,
    State,
    Status,
)
from jughpc.batch.submissions import Accepted
from jughpc.errors import CommandTimeoutError, JugError, SchedulerError, SubmitError
from jughpc.fs import Clock

FIRST_PAUSE, LONGEST_PAUSE = 2.0, 60.0  # [s]

Tell = Callable[[str], None]
"""Takes a line for the user."""


@dataclass(frozen=True)
class Poll:
    """The scheduler's word on a submission. What is absent is not known to it: neither dead nor done.

    Attributes:
        elements: Of the arrays, by the element's number within the submission.
        dependents: Of the latest collector and reduce.
    """

    elements: Mapping[int, Status] = field(default_factory=dict)
    dependents: Mapping[Role, Status] = field(default_factory=dict)


@dataclass(frozen=True)
class Cluster:
    """A batch system as it answers here.

    Attributes:
        ask: Runs a poll.
        order: Runs any other command.
        limits: What the system allows, as it said when it was asked last.
        patience: How long one that does not answer, or says to try again, is asked to queue one job [s].
    """

    scheduler: Scheduler
    ask: Run
    order: Run
    clock: Clock
    limits: Limits = field(default_factory=Limits)
    patience: float = 300.0

    @property
    def name(self) -> str:
        """The system's name."""
        return self.scheduler.name

    @property
    def runs_here(self) -> bool:
        """Whether its elements run on this very machine."""
        return self.scheduler.capabilities.runs_here

    def within(self, limits: Limits) -> Cluster:
        """Return the same system as one that told these `limits`."""
        return replace(self, scheduler=self.scheduler.within(limits), limits=limits)

    def queue(self, job: Job, tell: Tell) -> JobId:
        """Return the id of `job`, asking again while the scheduler is only busy or silent.

        Whenever its answer leaves a doubt, the job is looked for by its name before it is submitted again.

        Args:
            tell: Takes a line whenever there is something to wait for.
        Raises:
            UsageError: The scheduler refused; nothing was queued.
            CommandMissingError: It has no commands here; nothing was queued.
            SchedulerError: It did not answer; whether the job was queued is not known, as the text says.
        """
        pauses = self._pauses()
        answer = self._submit(job)
        while isinstance(answer, JugError):
            tell(f"{answer}\nLooking whether {job.name} was queued, then trying again ...")
            answer = self._settled(job.name, pauses, answer) or self._submit(job)
        return answer

    def settle(self, name: str) -> JobId | None:
        """Return the id of the job called `name`, None if there is none for certain.

        Raises:
            SchedulerError: That could not be found out within `patience`.
        """
        doubt = SchedulerError(f"whether {name} was queued could not be found out")
        return self._settled(name, self._pauses(), doubt)

    def find(self, name: str) -> list[JobId]:
        """Return the ids of own jobs called `name`. Raises SchedulerError if the answer cannot be trusted."""
        return self.scheduler.parse_find(self.order(self.scheduler.find_command(name)), name)

    def poll(self, jobs: Sequence[Accepted]) -> Poll:
        """Return how `jobs` stand, by one command; one whose record names no id of this system's is not known.

        Raises:
            SchedulerError: The scheduler did not answer.
        """
        known = [job for job in jobs if self.scheduler.capabilities.is_id(job.id)]
        if not known:
            return Poll()
        ids = [job.id for job in known]
        rows = list(self._rows(known, self.scheduler.parse_poll(self.ask(self.scheduler.poll_command(ids)), ids)))
        latest = {job.role: job.id for job in known if job.role is not Role.ARRAY}
        return Poll(
            elements={number: status for job, number, status in rows if job.role is Role.ARRAY},
            dependents={job.role: status for job, _, status in rows if job.id in latest.values()},
        )

    def cancel(self, ids: Sequence[JobId]) -> list[str]:
        """End the jobs `ids`, in that order, and return what went wrong, a line each; one that is over is fine."""
        known = [job for job in ids if self.scheduler.capabilities.is_id(job)]
        wrong = [
            f"{job!r} is no id of {self.name}'s: the record of that job is damaged" for job in ids if job not in known
        ]
        replies = (self._try(command) for command in self.scheduler.cancel_commands(known) if known)
        return wrong + [words for reply in replies if (words := self._complaint(reply))]

    def withdraw(self, jobs: Sequence[Accepted]) -> list[str]:
        """Take those elements of `jobs` that wait out of the queue; return what went wrong, a line each.

        Raises:
            SchedulerError: The scheduler did not answer how they stand.
        """
        known = [job for job in jobs if self.scheduler.capabilities.is_id(job.id)]
        waiting = list(self._waiting(known)) if known else []
        replies = (self._try(command) for command in self.scheduler.withdraw_commands(waiting) if waiting)
        return [words for reply in replies if (words := self._complaint(reply))]

    def by_hand(self, ids: Sequence[JobId]) -> str:
        """Return what a user types to end `ids`, a line each command."""
        return "\n".join(shlex.join(command) for command in self.scheduler.cancel_commands(ids))

    def _submit(self, job: Job) -> JobId | JugError:
        """Submit `job` and return its id, or the error that leaves in doubt whether it was queued."""
        try:
            return self.scheduler.parse_submit(self.order(self.scheduler.submit_command(job)))
        except CommandTimeoutError as error:
            return error
        except SubmitError as error:
            if self._refused(error):
                raise
            return error

    def _refused(self, error: SubmitError) -> bool:
        """Return whether nothing was queued for certain and asking again is of no use."""
        reply = Reply(tuple(error.argv), error.code, "", error.stderr)
        return error.code != 0 and self.scheduler.refusal(reply) is not Refusal.RETRY

    def _settled(self, name: str, pauses: Iterator[float], doubt: JugError) -> JobId | None:
        """Return the id of the job called `name`, None if there is none for certain.

        That takes two answers in a row: a controller that had hung answered a look at once, and only then took up
        the submission that had been waiting for it (seen with Slurm 22.05).
        """
        absent = 0
        for _ in pauses:
            try:
                found = self.find(name)
            except SchedulerError:
                absent = 0
                continue
            if found or absent:
                return found[0] if found else None
            absent += 1
        raise SchedulerError(
            f"{doubt}\nIt may have been queued all the same, under the name {name}. "
            f"Look for it before you submit again: {shlex.join(self.scheduler.find_command(name))}"
        ) from doubt

    def _pauses(self) -> Iterator[float]:
        return Backoff(FIRST_PAUSE, LONGEST_PAUSE).within(self.clock, self.patience)

    def _waiting(self, jobs: Sequence[Accepted]) -> Iterator[ElementId]:
        ids = [job.id for job in jobs]
        statuses = self.scheduler.parse_poll(self.ask(self.scheduler.poll_command(ids)), ids)
        for job in jobs:
            every = statuses.get(ElementId(job.id, EVERY))
            for _, element in self._elements(job):
                status = statuses.get(element, every)
                if status and status.state in (State.QUEUED, State.STUCK):
                    yield element

    def _elements(self, job: Accepted) -> Iterator[tuple[int, ElementId]]:
        """Yield the number within the submission, and the id, of each element of `job`."""
        for place, index in enumerate(self.scheduler.capabilities.indices(job.size)):
            yield job.offset + place, ElementId(job.id, index)

    def _rows(
        self, jobs: Sequence[Accepted], statuses: Mapping[ElementId, Status]
    ) -> Iterator[tuple[Accepted, int, Status]]:
        for job in jobs:
            every = statuses.get(ElementId(job.id, EVERY))
            for number, element in self._elements(job):
                if status := statuses.get(element, every):
                    yield job, number, status

    def _try(self, command: Sequence[str]) -> Reply | str:
        try:
            return self.order(command)
        except SchedulerError as error:
            return str(error)

    def _complaint(self, reply: Reply | str) -> str:
        """Return what is wrong with the answer to a cancel, "" if nothing is."""
        if isinstance(reply, str):
            return reply
        if not reply.code or self.scheduler.refusal(reply) is Refusal.GONE:
            return ""
        return f"{shlex.join(reply.argv)} exited with {reply.code}: {reply.stderr.strip()}"
