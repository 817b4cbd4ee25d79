"""What a worker does for a task while it runs it: folders of its own, and a word before the time is up."""

from __future__ import annotations

from contextlib import suppress
from math import inf, isfinite
from pathlib import Path

from jughpc.errors import JugdirError
from jughpc.tasks.running import Running
from jughpc.worker.context import WorkerContext
from jughpc.worker.scratch import Scratch

_PART = 0.25  # of the time that is left when a task begins to be watched: more is not kept for saving


class WorkerAid:
    """Meets running.Aid for one worker.

    Attributes:
        in_use: Whether the task that runs asked for anything, so that `over` has something to do.
        saving: The tasks that asked for their folder, and whose results were not published yet.
    """

    def __init__(self, context: WorkerContext, scratch: Scratch) -> None:
        self._context, self._scratch = context, scratch
        self.in_use = False
        self.saving: set[bytes] = set()
        self._folder: Path | None = None  # of the task that runs

    def checkpoint_dir(self, task: Running) -> Path:
        if self._folder is None:
            checkpoints = self._context.store.bare.checkpoints
            if checkpoints is None:
                raise JugdirError("jughpc.checkpoint_dir() needs a jugdir that is a folder. Name one: --jugdir DIR")
            self._folder, self.in_use = checkpoints.make(task.digest), True
            self.saving.add(task.digest)
            self._context.policy.saves.add(task.name)
            self._have_told()
            self._context.stops.notice()
        return self._folder

    def scratch_dir(self, task: Running) -> Path:
        self.in_use = True
        return self._scratch.make()

    def seconds_left(self) -> float:
        return self._context.seconds_left()

    def over(self) -> None:
        """Take note that the task that ran does so no more."""
        if not self._context.stops.own.here[0]:  # a child that it forked
            return
        self._context.stops.no_notice()
        if self._folder is not None and (checkpoints := self._context.store.bare.checkpoints):
            with suppress(OSError):
                checkpoints.share(self._folder)
        self.in_use, self._folder = False, None
        self._context.lease.knock_at(inf)
        self._scratch.over()

    def published(self, digests: list[bytes]) -> None:
        """Remove the folders of tasks whose results are safe."""
        for digest in self.saving.intersection(digests):
            self.saving.discard(digest)
            if checkpoints := self._context.store.bare.checkpoints:
                with suppress(OSError):  # a cleanup removes what is left
                    checkpoints.remove_one(digest)

    def close(self) -> None:
        """Remove what this worker has on its node."""
        self._scratch.close()

    def _have_told(self) -> None:
        left = self._context.seconds_left()
        if isfinite(left):
            early = min(self._context.options.save_time, _PART * left)
            self._context.lease.knock_at(self._context.clock.uptime() + left - early)
