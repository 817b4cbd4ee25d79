"""A batch system as it answers here: one thing to queue jobs with, ask after them, and end them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from jughpc.batch import queueing, room
from jughpc.batch.poll import Key as Key
from jughpc.batch.poll import Poll as Poll
from jughpc.batch.poll import view
from jughpc.batch.queueing import Tell as Tell
from jughpc.batch.scheduler import (
    EVERY,
    Bound,
    ElementId,
    Job,
    JobId,
    Limits,
    Refusal,
    Reply,
    Run,
    Scheduler,
    State,
    Status,
)
from jughpc.batch.submissions import Accepted, ElementOptions
from jughpc.errors import SchedulerError, SettingError
from jughpc.fs import Clock

SECOND_LOOK = 1.0  # [s] after the first
LEAST_PATIENCE = 10.0  # [s] in which a job is looked for twice


@dataclass(frozen=True)
class Cluster:
    """A batch system as it answers here.

    Attributes:
        ask: Runs a poll.
        order: Runs any other command.
        limits: What the system allows, as it said when it was asked last.
        bounds: How many jobs the user may queue, as far as that was asked.
        longest: How long a job of the user's may run there [s], None as long as that is not known.
        commands: Where the system's commands lie on this host, by name.
        environ: Its variables there.
        patience: How long one that does not answer, or says to try again, is asked to queue one job [s].
        until: When no job is waited for any more, by the clock [s]; None for never.
        waits_for_room: Whether one that is full is asked again, too.
        owner: Whose jobs are asked after, if another user's: nothing can be done to these; "" for one's own.
        others: The systems besides that elements of the same submission were added on, by name.
    """

    scheduler: Scheduler
    ask: Run
    order: Run
    clock: Clock
    limits: Limits = field(default_factory=Limits)
    bounds: tuple[Bound, ...] = ()
    longest: float | None = None
    commands: Mapping[str, str] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=dict)
    patience: float = 300.0
    until: float | None = None
    waits_for_room: bool = True
    owner: str = ""
    others: Mapping[str, Cluster] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The system's name."""
        return self.scheduler.name

    @property
    def runs_here(self) -> bool:
        """Whether its elements run on this very machine."""
        return self.scheduler.capabilities.runs_here

    @property
    def is_in_reach(self) -> bool:
        """Whether the system's commands are on this host."""
        return all(name in self.commands for name in self.scheduler.capabilities.commands)

    def beside(self, name: str) -> Cluster:
        """Return the system that a job of the same submission was given to. Raises SchedulerError: it is not known."""
        if name in ("", self.name):
            return self
        if name not in self.others:
            raise SchedulerError(f"nothing is known here of a scheduler {name}, which jobs were given to")
        return self.others[name]

    def within(self, limits: Limits) -> Cluster:
        """Return the same system as one that told these `limits`."""
        limits = replace(limits, array_size=self.scheduler.capabilities.at_most(limits.array_size))
        return replace(self, scheduler=self.scheduler.within(limits), limits=limits)

    def waiting(self, left: float) -> Cluster:
        """Return the same system as one that is waited for as long as `left` [s] in all, however many jobs it takes."""
        until = self.clock.now() + max(left, LEAST_PATIENCE)
        return replace(self, patience=max(left, self.patience), until=until)

    def of(self, user: str) -> Cluster:
        """Return the same system as one that is asked after the jobs of another user."""
        others = {name: other.of(user) for name, other in self.others.items()}
        return replace(self, scheduler=self.scheduler.of_user(user), owner=user, others=others)

    def check(self, options: ElementOptions) -> None:
        """Raise SettingError for options, or variables, that would undo ours, and for what cannot be waited for.

        Costs a command for each job that is to be waited for, where the system would start at once what waits for none.
        """
        self.scheduler.refuse(options.extra, self.environ)
        for job in options.after:
            if not self.scheduler.capabilities.is_id(job):
                raise SettingError(f"--after {job}: {self.name} has no ids of that kind. Give one as it printed it.")
            if not self._is_there(job):
                raise SettingError(
                    f"--after {job}: {self.name} knows no such job, so nothing would wait for it. If it ended well, "
                    "and is forgotten by now, leave it out."
                )

    def _is_there(self, job: JobId) -> bool:
        """Return whether a job may be there for all that its system says."""
        lookup, (job, _, elsewhere) = self.scheduler.capabilities.lookup, job.partition(";")
        if not lookup or elsewhere:
            return True
        reply = self.order([*lookup, job])
        return not reply.code or self.scheduler.refusal(reply) is not Refusal.GONE

    def chosen(self, extra: Sequence[str]) -> Mapping[str, str]:
        """Return what raw options and variables that its commands heed choose, by field of `Resources` or name."""
        return self.scheduler.chosen(extra, self.scheduler.capabilities.scrub(self.environ))

    def check_room(self, jobs: Sequence[Job], tell: Tell) -> None:
        """Say what `jobs` have to wait for. Raises SettingError, with what fits, if they can never be queued."""
        room.check(self.bounds, jobs, tell)

    def queue(self, job: Job, tell: Tell, known: Callable[[], JobId | None] = lambda: None) -> JobId:
        """Return the id of `job`, asking again while the scheduler is only busy or silent, or has no room for it.

        Whenever its answer leaves a doubt, the job is looked for by its name before it is submitted again.

        Args:
            tell: Takes a line whenever there is something to wait for.
            known: Returns its id if it is known otherwise: it may have ended meanwhile, and be forgotten.
        Raises:
            UsageError: The scheduler refused; nothing was queued. FullError if it had no room for so long.
            CommandMissingError: It has no commands here; nothing was queued.
            SchedulerError: It did not answer; whether the job was queued is not known, as the text says.
        """
        return queueing.queue(self, job, tell, known)

    def settle(self, name: str, patience: float | None = None) -> JobId | None:
        """Return the id of the job called `name`, None if there is none for certain.

        Args:
            patience: Instead of the cluster's own [s].
        Raises SchedulerError: That could not be found out within `patience`.
        """
        return queueing.settle(self, name, patience)

    def find(self, name: str) -> list[JobId]:
        """Return the ids of own jobs called `name`. Raises SchedulerError if the answer cannot be trusted."""
        return self.scheduler.parse_find(self.order(self.scheduler.find_command(name)), name)

    def poll(self, jobs: Sequence[Accepted]) -> Poll:
        """Return how `jobs` stand, as `statuses` does."""
        return view(jobs, self.statuses(jobs))

    def statuses(self, jobs: Sequence[Accepted]) -> dict[Key, Status]:
        """Return how the elements of `jobs` stand, by one command; by some more if it leaves jobs out.

        One is absent whose record names no id of this system's, or whose id is another job's by now, and one that the
        scheduler does not know; one that it does not speak of is UNKNOWN.

        Raises:
            SchedulerError: The scheduler did not answer.
        """
        names = self._names(jobs)
        if not names:
            return {}
        reply = self.ask(self.scheduler.poll_command(names))
        found = dict(self.scheduler.parse_poll(reply, names))
        if self.owner and not found:
            words = f"the scheduler shows no jobs of {self.owner}'s to others, or has forgotten these"
            return dict(self._keyed(jobs, {ElementId(job, EVERY): Status(State.UNKNOWN, words) for job in names}))
        for job in self._ask_again(reply, names, found):
            found[ElementId(job, EVERY)] = Status(State.UNKNOWN, "the scheduler says nothing of it")
        return dict(self._keyed(jobs, found))

    def _ask_again(self, reply: Reply, names: Mapping[JobId, str], found: dict[ElementId, Status]) -> list[JobId]:
        """Ask in other ways for what a poll left out, add that to `found`; return what nothing is said of at all."""
        left = self.scheduler.unheard(reply, names)
        while left and (command := self.scheduler.poll_again(reply, asked := {job: names[job] for job in left})):
            try:
                reply = self.ask(command)
                found |= self.scheduler.parse_poll(reply, asked)
                left = self.scheduler.unheard(reply, asked)
            except SchedulerError:  # noqa: PERF203  # one way after the other
                return left
        return left

    def past(self, jobs: Sequence[Accepted]) -> dict[Key, Status]:
        """Return how elements of `jobs` ended, as the system's accounting tells; {} where there is none.

        Raises:
            SchedulerError: It did not answer.
        """
        names = self._names(jobs)
        command = self.scheduler.past_command(names) if names else []
        return dict(self._keyed(jobs, self.scheduler.parse_past(self.ask(command), names))) if command else {}

    def cancel(self, jobs: Sequence[Accepted]) -> list[str]:
        """End `jobs`, in that order, and return what went wrong, a line each; one that is over is fine.

        A job of somebody else's that has one of their ids by now is spared.
        """
        known = [job for job in jobs if self.scheduler.capabilities.is_id(job.id)]
        no_id = "{job.id!r} is no id of {name}'s: the record of {job.name} is damaged"
        wrong = [no_id.format(job=job, name=self.name) for job in jobs if job not in known]
        capabilities = self.scheduler.capabilities
        if capabilities.reuses_ids and not capabilities.cancels_by_name:
            known, doubts = self._believed(known)
            wrong += doubts
        return [*wrong, *self._end(self.scheduler.cancel_commands(self._names(known)) if known else ())]

    def withdraw(self, jobs: Sequence[Accepted]) -> list[str]:
        """Take those elements of `jobs` that wait out of the queue; return what went wrong, a line each.

        Raises:
            SchedulerError: The scheduler did not answer how they stand.
        """
        statuses = self.statuses(jobs)
        waiting = [
            element
            for job in jobs
            for place, element in self._elements(job)
            if (status := statuses.get((job.name, place))) and status.state in (State.QUEUED, State.STUCK)
        ]
        return list(self._end(self.scheduler.withdraw_commands(self._names(jobs), waiting) if waiting else ()))

    def revive(self, jobs: Sequence[Accepted]) -> None:
        """Have those of `jobs` go on that nobody supervises any more. Raises SchedulerError."""
        if command := self.scheduler.revive_command(self._names(jobs)):
            self.ask(command)

    def _believed(self, jobs: Sequence[Accepted]) -> tuple[list[Accepted], list[str]]:
        """Return those of `jobs` whose names lead to their ids, and why that could not be found out of others.

        One that is not found is looked for once more: a first answer may be none.
        """
        found, wrong = [], []
        for job in jobs:
            try:
                if self._is_called(job, self.find(job.name)) or self._is_called(job, self._find_later(job.name)):
                    found.append(job)
            except SchedulerError as error:  # noqa: PERF203  # the others are to end all the same
                wrong.append(str(error))
        return found, wrong

    def _find_later(self, name: str) -> list[JobId]:
        self.clock.sleep(SECOND_LOOK)
        return self.find(name)

    def _is_called(self, job: Accepted, found: Sequence[JobId]) -> bool:
        return any(same_job(job.id, other) for other in found)

    def _names(self, jobs: Sequence[Accepted]) -> dict[JobId, str]:
        return {job.id: job.name for job in jobs if self.scheduler.capabilities.is_id(job.id)}

    def _elements(self, job: Accepted) -> Iterator[tuple[int, ElementId]]:
        """Yield the place in `job`, and the id, of each of its elements."""
        for place, index in enumerate(self.scheduler.capabilities.indices(job.size)):
            yield place, ElementId(job.id, index)

    def _keyed(self, jobs: Sequence[Accepted], told: Mapping[ElementId, Status]) -> Iterator[tuple[Key, Status]]:
        for job in jobs:
            every = told.get(ElementId(job.id, EVERY))
            for place, element in self._elements(job):
                if status := told.get(element, every):
                    yield (job.name, place), status

    def _end(self, commands: Iterable[Sequence[str]]) -> Iterator[str]:
        """Run commands that end jobs, and yield what went wrong. Where one had no answer, no other is kept waiting."""
        for command in commands:
            try:
                reply = self.order(command)
            except SchedulerError as error:
                yield str(error)
                return
            refusal = self.scheduler.refusal(reply) if reply.code else Refusal.GONE
            if refusal is not Refusal.GONE:
                yield f"{shlex.join(reply.argv)} exited with {reply.code}: {reply.stderr.strip()}"
            if refusal is Refusal.RETRY:
                return


def same_job(one: JobId, other: JobId) -> bool:
    """Return whether two ids are one job's: some commands leave out the server or the cluster."""
    return re.split("[.;]", one)[0] == re.split("[.;]", other)[0]
