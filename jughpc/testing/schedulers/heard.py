"""What a scheduler makes of what its system answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from jughpc.batch.scheduler import (
    EVERY,
    ElementId,
    Limits,
    Refusal,
    Reply,
    Resources,
    Room,
    Scheduler,
    State,
)
from jughpc.errors import SchedulerError, SubmitError
from jughpc.testing.schedulers.sayings import (
    GARBAGE,
    NAME,
    Sayings,
    fitting,
)


class HeardContract:
    """Tests of what is heard; fixtures as of `SchedulerContract`."""

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
        unknown = dict.fromkeys(("?!", *(f"{word}?!" for word in sayings.words)), State.UNKNOWN)
        for word, state in {**sayings.words, **unknown}.items():
            for job, size in ((sayings.plain, 1), (sayings.array, fitting(scheduler, 3))):
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

    def test_a_refusal_is_judged_and_a_new_one_is_the_users_to_see(
        self, scheduler: Scheduler, sayings: Sayings
    ) -> None:
        wanted = set(Refusal) - {Refusal.USER} - sayings.never
        assert wanted <= set(sayings.refusals.values()), "give an answer for each in Sayings.refusals, or say `never`"
        for reply, meaning in sayings.refusals.items():
            assert scheduler.refusal(reply) is meaning, reply
        assert scheduler.refusal(Reply(("submit",), 1, "", "something new")) is Refusal.USER

    def test_each_element_has_the_state_that_is_told_of_it_alone(self, scheduler: Scheduler, sayings: Sayings) -> None:
        common, odd = _two_words(sayings)
        indices = scheduler.capabilities.indices(fitting(scheduler, 4))
        for place, index in enumerate(indices):
            told = dict.fromkeys(indices, common) | {index: odd}
            found = scheduler.parse_poll(sayings.polled(sayings.array, told), {sayings.array: NAME})
            states = [found[ElementId(sayings.array, other)].state for other in indices]
            assert [other for other, state in enumerate(states) if state is sayings.words[odd]] == [place]

    def test_an_end_is_no_other_end(self, scheduler: Scheduler, sayings: Sayings) -> None:
        for reply, state in sayings.ended.items():
            told = scheduler.parse_poll(reply, {sayings.plain: NAME})
            found = told.get(ElementId(sayings.plain, 0)) or told[ElementId(sayings.plain, EVERY)]
            assert found.state is state, reply

    def test_what_was_queued_in_odd_words_was_queued(self, scheduler: Scheduler, sayings: Sayings) -> None:
        assert [scheduler.parse_submit(reply) for reply in sayings.queued] == [sayings.plain] * len(sayings.queued)

    def test_what_an_answer_leaves_out_is_not_over(self, scheduler: Scheduler, sayings: Sayings) -> None:
        if sayings.partial is not None:
            jobs = {sayings.plain: NAME, sayings.array: "primes-1a2b-1"}
            assert not any(element.job == sayings.array for element in scheduler.parse_poll(sayings.partial, jobs))
            assert scheduler.unheard(sayings.partial, jobs) == [sayings.array]


def _two_words(sayings: Sayings) -> tuple[str, str]:
    """Return two of the system's words, for different states."""
    first, *others = sayings.words
    return first, next(word for word in others if sayings.words[word] is not sayings.words[first])


def _answer(parse: Callable[[], object]) -> object:
    """Return what was read, None if it was refused in words."""
    try:
        return parse()
    except SchedulerError:
        return None
