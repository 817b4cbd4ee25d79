"""Ways to break how a submission is settled and believed; see variants.py."""

from __future__ import annotations

import runpy
from dataclasses import replace
from pathlib import Path

from jughpc.batch.scheduler import EVERY, ElementId, State, Status
from jughpc.testing.cluster import today
from jughpc.testing.cluster.parts import Parts

_SHARED = runpy.run_path(str(Path(__file__).with_name("variants.py")))
speaking, Through, Other = _SHARED["speaking"], _SHARED["Through"], _SHARED["Other"]
TWICE = _SHARED["TWICE"]


def settling(change):
    """Return parts whose commands settle what others left open in another way."""
    through = lambda case: lambda bench, *args: case(replace(bench, change=change_for(bench)), *args)  # noqa: E731

    def change_for(bench):
        return lambda real: change(bench.change(real))

    return Parts(
        submit=through(today.submit), status=through(today.status), cancel=through(today.cancel),
        collect=through(today.collect),
    )  # fmt: skip


def settles_nothing(bench, *args):
    """Looks up what a submission left in doubt only in the process that submitted it."""
    return today.status(replace(bench, seat=Blinkered(bench.seat, ".intent")))


def leaves_half_a_cancel(bench, *args):
    """Does not finish what a cancel had begun."""
    return today.status(replace(bench, seat=Blinkered(bench.seat, "cancelled")))


class Blinkered:
    """A process's seat whose folders do not show some files."""

    def __init__(self, seat, hidden):
        self._seat, self._hidden = seat, hidden

    def __getattr__(self, name):
        return getattr(self._seat, name)

    @property
    def files(self):
        return Without(self._seat.files, self._hidden)


class Without:
    """Files but for those whose names end like that."""

    def __init__(self, files, hidden):
        self._files, self._hidden = files, hidden

    def __getattr__(self, name):
        return getattr(self._files, name)

    def names(self, folder):
        return [name for name in self._files.names(folder) if not name.endswith(self._hidden)]


class AnyName(Other):
    """Believes ids without their names."""

    def parse_poll(self, reply, jobs):
        return self._real.parse_poll(reply, Whatever(jobs))

    def cancel_commands(self, jobs):
        return [[word for word in command if not word.startswith("--name=")] for command in
                self._real.cancel_commands(jobs)]  # fmt: skip


class Anything(str):
    """A name that is every other's equal."""

    __slots__ = ()

    def __eq__(self, other):
        return True

    __hash__ = str.__hash__


class Whatever(dict):
    """Jobs any name of which is right."""

    def __getitem__(self, job):
        return Anything(super().__getitem__(job))


def absence_is_an_end(real, reply, jobs):
    """Takes what is not mentioned any more for ended well, reduce and all."""
    found = dict(real.parse_poll(reply, jobs))
    for job in jobs:
        if not any(element.job == job for element in found):
            found[ElementId(job, EVERY)] = Status(State.DONE)
    return found


def one_look_is_enough(bench, *args):
    """Settles by one look that something never was."""
    return today.submit(replace(bench, seat=Through(bench.seat, first_look_is_empty)))


def first_look_is_empty(seat, argv, timeout):
    reply = seat.run(argv, timeout)
    looks = "-n" in argv or argv[0] == "qselect"
    return replace(reply, stdout="") if looks else reply


VARIANTS = {
    "looks up in one process only": Parts(status=settles_nothing),
    "an id without its name": settling(AnyName),
    "absence is an end": speaking(parse_poll=absence_is_an_end),
    "looks see nothing": Parts(submit=one_look_is_enough),
    "leaves half a cancel": Parts(status=leaves_half_a_cancel),
}

CAUGHT = {
    "looks up in one process only": r"2 not found by status, .*its submit (died|was interrupted|gave up).*",
    "an id without its name": r"4 a stranger's job is shown as ours|2 a stranger's job was cancelled",
    "absence is an end": r"4 .* is shown as done",
    "looks see nothing": f"{TWICE}|2 .*",
    "leaves half a cancel": r"2 (lives on after cancel|goes on after its cancel), .*",
}
"""The rule that each variant breaks, and how the referee calls it."""
