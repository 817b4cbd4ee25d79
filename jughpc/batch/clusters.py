"""The batch systems as they answer on this host: the one that is here, and those of recorded submissions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

from jughpc import fs, host
from jughpc.batch import joined, registry, shell
from jughpc.batch.cluster import Cluster, Tell
from jughpc.batch.scheduler import Limits, Reply, Resources, Run, Scheduler
from jughpc.batch.submissions import Submission
from jughpc.errors import SchedulerError, SettingError
from jughpc.fs import Clock, Files

Runner = Callable[[Scheduler, float], Run]
"""Returns what runs a system's commands, each for so long at most [s]."""


def on_this_host(scheduler: Scheduler, timeout: float, tell: Tell | None = None) -> Run:
    """Return what starts the system's commands here, without the variables that would change what they mean.

    Args:
        tell: Takes a line on one that does not answer for long.
    """
    return partial(shell.run, timeout=timeout, env=scheduler.capabilities.scrub(fs.environment()), tell=tell)


@dataclass(frozen=True)
class Clusters:
    """Makes a `Cluster` wherever one is needed.

    Attributes:
        runner: How commands are run.
        find: Returns the path of a command by its name, None if PATH has none; or of one whose path is given.
        answer: How long a poll may take [s]: the store can tell most of it.
        order: How long any other command may take [s]; the default outlasts sbatch, which tries again by itself
            for 120 s.
        patience: As of the clusters.
    """

    clock: Clock
    runner: Runner = on_this_host
    find: Callable[[str], str | None] = shell.command_path
    answer: float = 30.0
    order: float = 150.0
    patience: float = 300.0

    def here(self, name: str | None = None, resources: Resources | None = None) -> Cluster:
        """Return the system called `name`, by default the one that is here, and ask what it allows.

        Of several whose commands are here the one that answers is taken: a machine may have the commands of one, and
        belong to no cluster of it. One that is here, and does not answer, still goes before the fallback.

        Args:
            resources: What the user's jobs are to ask for, None if there are none: then it is not asked for room.
        Raises:
            SettingError: There is none of that name; or several answer, and the user must choose.
        """
        found = [_known(cluster) for cluster in self._candidates(name)]
        there = [one for one in found if name is not None or not one.absent]
        if len(answering := [one for one in there if one.answers]) > 1:
            raise SettingError(_which([one.cluster.name for one in answering]))
        if not there:
            return self.here(registry.FALLBACK)
        cluster = (answering or there)[0].cluster
        return cluster if resources is None else _with_room(cluster, resources)

    def recorded(self, name: str, limits: Limits, commands: Mapping[str, str] = {}) -> Cluster:
        """Return the system that a submission was given to; nothing is asked.

        Args:
            limits: What it allowed then.
            commands: Where its commands lay then, by name; what cannot be run there is looked for on PATH.
        Raises:
            SettingError: There is none of that name.
        """
        return self._of(registry.scheduler(name), commands).within(limits)

    def of(self, files: Files, submission: Submission) -> Cluster:
        """Return the system that a submission was given to, with those that elements were added on; nothing is asked.

        Raises:
            SettingError: There is none of that name.
        """
        own = self.recorded(submission.scheduler, submission.limits, submission.commands)
        others = dict[str, Cluster]()
        for name, one in joined.recorded(files, submission).items():
            with suppress(SettingError):  # a package that adds it may be missing here
                others[name] = self.recorded(name, one.limits, one.commands)
        return replace(own, others=others)

    def hasty(self, seconds: float) -> Clusters:
        """Return the same, where nothing is waited for longer than that [s]."""
        return replace(self, answer=seconds, order=seconds, patience=seconds)

    def _candidates(self, name: str | None) -> Iterator[Cluster]:
        yield from map(self._of, registry.present() if name is None else [registry.scheduler(name)])

    def _of(self, scheduler: Scheduler, recorded: Mapping[str, str] = {}) -> Cluster:
        commands = _commands(scheduler, recorded, self.find)
        ask, order = (
            partial(_by_path, commands, self.runner(scheduler, seconds)) for seconds in (self.answer, self.order)
        )
        limits = Limits(scheduler.capabilities.at_most(None))  # as long as it tells none
        return Cluster(
            scheduler,
            ask,
            order,
            self.clock,
            limits,
            commands=commands,
            environ=fs.environment(),
            patience=self.patience,
        )


@dataclass(frozen=True)
class _Known:
    """A system, and what became of the question what it allows.

    Attributes:
        absent: It said that it is not here.
        answers: It said what it allows.
    """

    cluster: Cluster
    absent: bool
    answers: bool


def _known(cluster: Cluster) -> _Known:
    reply = _try(cluster, cluster.scheduler.limits_command())
    if reply is None:
        return _Known(cluster, absent=False, answers=False)
    limits = cluster.scheduler.parse_limits(reply)
    return _Known(cluster.within(limits), cluster.scheduler.absent(reply), answers=bool(limits.settings))


def _with_room(cluster: Cluster, resources: Resources) -> Cluster:
    """Return `cluster` with what it allows to this user's jobs that ask for `resources`."""
    commands = cluster.scheduler.room_commands(host.user(), resources)
    replies = [_try(cluster, command) or Reply(tuple(command), 1, "", "") for command in commands]
    room = cluster.scheduler.parse_room(replies, cluster.limits, host.user(), resources)
    sizes = [size for size in (cluster.limits.array_size, room.array_size) if size is not None]
    limits = replace(cluster.limits, array_size=min(sizes, default=None))
    return replace(cluster, limits=limits, bounds=room.bounds, longest=room.walltime)


def _which(names: Sequence[str]) -> str:
    return (
        f"{' and '.join(names)} both answer here. Choose: --scheduler {names[0]}, or for good "
        f"`scheduler: {names[0]}` in ~/.config/jughpc.yaml."
    )


def _commands(scheduler: Scheduler, recorded: Mapping[str, str], find: Callable[[str], str | None]) -> dict[str, str]:
    """Return where the system's commands are, by name, but for those that are nowhere."""
    names = (*scheduler.capabilities.commands, *scheduler.capabilities.further)
    paths = {name: find(recorded.get(name, name)) or find(name) for name in names}
    return {name: path for name, path in paths.items() if path}


def _by_path(commands: Mapping[str, str], run: Run, argv: Sequence[str]) -> Reply:
    """Run `argv` where its command is known to lie, and return what it answered under the name that is known."""
    reply = run([commands.get(argv[0], argv[0]), *argv[1:]])
    return replace(reply, argv=tuple(argv))


def _try(cluster: Cluster, command: Sequence[str]) -> Reply | None:
    try:
        return cluster.order(command)
    except SchedulerError:
        return None
