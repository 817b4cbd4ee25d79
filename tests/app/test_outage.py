"""Who waits for others outlasts what is wrong with a file system: each errno, and each call of a collector's."""

from __future__ import annotations

import errno

import pytest

from jughpc.app.submit.collect import Charge, collect
from jughpc.app.submit.outage import outlast
from jughpc.app.submit.verdict import End
from jughpc.config.settings import Settings
from jughpc.testing.simfiles import Orders
from jughpc.worker.patience import CANNOT_PASS
from tests.app.lab import Lab

PASSING = sorted(set(errno.errorcode) - CANNOT_PASS)


class Outage(Orders):
    """All calls of one kind fail, from one moment to another.

    Attributes:
        call: Which; "" for none.
        number: The errno.
        until: When it ends [s, the lab's time].
    """

    def __init__(self, lab):
        super().__init__()
        self.lab, self.call, self.number, self.begin, self.until = lab, "", errno.EIO, 0.0, 0.0

    def spare(self, act):
        """Do what somebody else does, elsewhere."""
        call, self.call = self.call, ""
        act()
        self.call = call

    def before(self, call, path):
        super().before(call, path)
        if call == self.call and self.begin <= self.lab.clock.now() < self.until:
            raise OSError(self.number, "an outage", path)


@pytest.fixture
def waiting(tmp_path):
    """Return what makes a lab in which a collector waits for an array, and its outage."""

    def make():
        lab = Lab(tmp_path)
        outage = lab.files._fate = lab.orders = Outage(lab)
        lab.submit(size=2, reduce=lab.reduce_script())
        lab.clock.sleep(5)
        outage.calls.clear()
        return lab, outage

    return make


@pytest.mark.parametrize("number", PASSING, ids=errno.errorcode.get)
def test_whatever_may_pass_is_outlasted_and_said_once(lab, number):
    tries = []

    def action():
        tries.append(lab.clock.now())
        if len(tries) < 9:
            raise OSError(number, "no", "/jugdir/x")
        return "done"

    assert outlast(lab.site, action) == "done"
    assert len([line for line in lab.said if "looking again" in line]) == 1


@pytest.mark.parametrize("number", sorted(CANNOT_PASS), ids=errno.errorcode.get)
def test_what_cannot_pass_is_not_waited_for(lab, number):
    with pytest.raises(OSError, match="no"):
        outlast(lab.site, lambda: fails(number, "/jugdir/x"))
    assert lab.clock.now() == 0


def test_a_reader_who_has_left_is_not_waited_for(lab):
    with pytest.raises(BrokenPipeError):
        outlast(lab.site, lambda: fails(errno.EPIPE, None))
    assert lab.clock.now() == 0


def test_who_has_no_patience_does_not_say_that_he_looks_again(labs):
    lab = labs(settings=Settings(patience=0.0))
    with pytest.raises(OSError, match="no"):
        outlast(lab.site, lambda: fails(errno.EROFS, "/jugdir/x"))
    assert (lab.clock.now(), lab.said) == (0, [])


def test_patience_ends(lab):
    with pytest.raises(OSError, match="no"):
        outlast(lab.site, lambda: fails(errno.EROFS, "/jugdir/x"))
    assert 3600 <= lab.clock.now() < 3700


def fails(number, path):
    raise OSError(number, "no", path)


@pytest.mark.local  # some fifty histories
@pytest.mark.parametrize("work", ["done", "left"])
def test_a_collector_outlasts_an_outage_of_any_call_and_does_the_same_as_without(waiting, work):
    """It comes in the midst of the wait, or when all has ended, and lasts for minutes."""

    def play(call="", number=errno.EIO, begin=0.0):
        lab, outage = waiting()
        outage.call, outage.number, outage.begin, outage.until = call, number, begin, begin + 300.0
        lab.stage.at(195, lambda: (work == "done" and outage.spare(lab.all_done), lab.exit(0)))
        verdict = collect(lab.site, lab.clusters, Charge(1, 2, None))
        return verdict.end, len(lab.queued()), {made for made, _ in outage.calls}

    end, queued, calls = play()
    assert end is (End.DONE if work == "done" else End.HANDED_OVER)
    assert calls
    for call in sorted(calls):
        for number, begin in [(errno.EIO, 50.0), (errno.EROFS, 199.9), (errno.ENOTCONN, 200.0)]:
            assert play(call, number, begin)[:2] == (end, queued), (call, number, begin)
