"""How a scheduler's words serve whoever queues and ends jobs: `Cluster`, on a system that answers with `Sayings`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from jughpc.batch.cluster import Cluster
from jughpc.batch.scheduler import Refusal, Reply, Role, Scheduler
from jughpc.batch.submissions import Accepted
from jughpc.errors import SchedulerError, UsageError
from jughpc.testing.clocks import HandClock
from jughpc.testing.schedulers.sayings import ARRAY, NAME, Sayings

PLAIN = replace(ARRAY, size=1, offset=0, elements=1)


@dataclass
class System:
    """A system that answers each command, as `Run` does, with what it is known to say.

    Attributes:
        submitting: Its next answers to submissions; once there are no more, it accepts.
        ending: Its answer to whoever ends a job.
        is_there: Whether the job is found by its name.
        heard: The commands that it was given.
    """

    scheduler: Scheduler
    sayings: Sayings
    submitting: list[Reply] = field(default_factory=list)
    ending: Reply | None = None
    is_there: bool = False
    heard: list[list[str]] = field(default_factory=list)

    def __call__(self, argv: Sequence[str]) -> Reply:
        self.heard.append(list(argv))
        return replace(self._answer(list(argv)), argv=tuple(argv))

    def submissions(self) -> int:
        """Return how often something was submitted."""
        return sum(command[-1] == str(PLAIN.script) for command in self.heard)

    def _answer(self, argv: list[str]) -> Reply:
        if argv[-1] == str(PLAIN.script):
            return self.submitting.pop(0) if self.submitting else self.sayings.accepted(self.sayings.plain)
        if argv == self.scheduler.find_command(NAME):
            return self.sayings.found(NAME, self.sayings.plain) if self.is_there else self.sayings.nothing
        if self.ending is None:
            raise SchedulerError(f"nobody was to run {argv}")
        return self.ending

    def cluster(self) -> Cluster:
        """Return the system as one that is asked."""
        return Cluster(self.scheduler, self, self, HandClock())


def _of(sayings: Sayings, meaning: Refusal) -> Reply | None:
    return next((reply for reply, meant in sayings.refusals.items() if meant is meaning), None)


class PlayedContract:
    """Tests of the whole; fixtures as of `SchedulerContract`."""

    def test_a_job_that_was_accepted_without_a_word_is_found_and_not_queued_twice(
        self, scheduler: Scheduler, sayings: Sayings
    ) -> None:
        mute = replace(sayings.accepted(sayings.plain), stdout="", stderr="")
        system = System(scheduler, sayings, [mute], is_there=True)
        assert system.cluster().queue(PLAIN, lambda line: None) == sayings.plain
        assert system.submissions() == 1

    @pytest.mark.parametrize("meaning", [Refusal.FULL, Refusal.RETRY])
    def test_a_system_that_is_full_or_busy_is_asked_again(
        self, scheduler: Scheduler, sayings: Sayings, meaning: Refusal
    ) -> None:
        refused = _of(sayings, meaning)
        if refused is not None:
            system = System(scheduler, sayings, [refused])
            assert system.cluster().queue(PLAIN, lambda line: None) == sayings.plain
            assert system.submissions() == 2

    def test_a_refusal_is_told_at_once(self, scheduler: Scheduler, sayings: Sayings) -> None:
        system = System(scheduler, sayings, [Reply(("submit",), 1, "", "no such queue")])
        with pytest.raises(UsageError, match="no such queue"):
            system.cluster().queue(PLAIN, lambda line: None)
        assert system.submissions() == 1

    def test_to_end_what_is_over_is_no_error(self, scheduler: Scheduler, sayings: Sayings) -> None:
        gone = _of(sayings, Refusal.GONE)
        if gone is not None:
            system = System(scheduler, sayings, ending=gone, is_there=True)
            job = Accepted(Role.ARRAY, sayings.plain, NAME, 1, 0, "0-array.sh")
            assert system.cluster().cancel([job]) == []
            assert system.heard[-1] in scheduler.cancel_commands({sayings.plain: NAME})
