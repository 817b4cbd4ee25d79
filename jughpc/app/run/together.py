"""Be an element of several workers: load the jugfile once, fork them, look after them, load again past a barrier.

Where it cannot be forked, or is not to be, each of them loads it by itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from jughpc.app.context import session as sessions
from jughpc.app.context.lease import beating_for
from jughpc.app.context.session import Session
from jughpc.app.context.site import Site
from jughpc.app.run.execute import fitting, open_store, opened
from jughpc.app.run.loads import Load, Loader
from jughpc.app.run.part import Outcome, Part, stopped, tell_what_waits
from jughpc.app.run.rescue import take_up_here
from jughpc.app.run.selection import Chosen
from jughpc.errors import JugError, UsageError
from jughpc.exitcode import ExitCode
from jughpc.store.lease.identity import new_record
from jughpc.store.lease.process import BeatProcess, ForkedLease
from jughpc.store.redis.server import let_go
from jughpc.usage import OsMeter
from jughpc.worker import forking
from jughpc.worker.crew import Crew
from jughpc.worker.element import Place
from jughpc.worker.forking import Scene
from jughpc.worker.ledger import Ledger
from jughpc.worker.marks import index_here, marks_of
from jughpc.worker.patience import GivenUpError, Patience
from jughpc.worker.placement import Share
from jughpc.worker.policy import Policy
from jughpc.worker.seat import Report, Seat
from jughpc.worker.seeds import generators, sow
from jughpc.worker.spawning import become
from jughpc.worker.stops import AT_ONCE, Interrupted, Stops
from jughpc.worker.tally import Options, Say, Tally


@dataclass(frozen=True)
class Element:
    """What all workers of an element have in common, and the process that they come from.

    Attributes:
        shares: What each of them gets of the node.
        options: How each is to go about it, but where it begins.
        is_spawned: Whether each loads the jugfile by itself.
    """

    site: Site
    where: Place
    shares: Sequence[Share]
    options: Options
    is_spawned: bool = False

    def place_of(self, number: int) -> Place:
        """Return the place of one worker."""
        return replace(self.where, worker=number, workers=len(self.shares))


def execute_together(
    site: Site, where: Place, options: Options, shares: Sequence[Share], chosen: Chosen | None = None
) -> Outcome:
    """Do as `execute` does, with as many workers as there are `shares`. Raises UsageError, besides."""
    if site.location.is_private:
        raise UsageError(f"{site.location} is the memory of one process, which workers cannot share: name a folder.")
    stops = Stops(options.stop_file, site.say)
    stops.install()
    beating = beating_for(site.location, site.clock, len(shares))
    element = Element(
        site,
        where,
        shares,
        replace(fitting(options, site), begun=site.clock.wall()),
        is_spawned=site.settings.start == "spawn",
    )
    patience = Patience(site.clock, stops, site.say, element.options)
    watch = _Watch(element, stops, beating, Loader(site, stops, patience, chosen))
    try:
        if element.is_spawned:
            return watch.spawn()
        before = forking.scene()
        session = opened(site, where, stops, patience)
        take_up_here(site, session.store)
        return watch.run(session, before)
    except Interrupted:
        return Outcome(stopped(stops), Tally())
    except GivenUpError as error:
        site.say(f"{error}; it gives up")
        return Outcome(stopped(stops), Tally())
    finally:
        beating.hand_over()
        beating.wait()
        stops.uninstall()


class _Watch:
    """What the process that the workers come from does, from one load to the next."""

    def __init__(self, element: Element, stops: Stops, beating: BeatProcess, loader: Loader) -> None:
        self._element, self._stops, self._beating, self._loader = element, stops, beating, loader
        count = len(element.shares)
        bound = count * (element.options.max_crashes + 1)  # so that tasks that kill are found out before
        log = index_here() if element.where.ref else None
        self._crew = Crew(beating, stops, element.site.say, self._has_time, bound, log)
        self._numbers: Iterable[int] = range(1, count + 1)
        self._total = Tally()
        self._reports: Mapping[int, Report] = {}
        self._said: set[str] = set()

    def spawn(self) -> Outcome:
        """Have each worker load the jugfile by itself, and go on past barriers."""
        self._reports = self._crew.work(self._numbers, partial(_spawn, self._element))
        self._total = summed(self._reports.values(), self._element.site.say)
        self._raise_trouble()
        return self._outcome()

    def run(self, session: Session, before: Scene) -> Outcome:
        """Have one load worked on after the other.

        Args:
            before: What this process had before the first.
        """
        where, site = self._element.where, self._element.site
        token = new_record(site.clock.wall(), where.ref, where.owner).life
        try:
            while True:
                load = self._loader.take(session, token)
                if words := self._forbids(before):
                    site.say(f"{words}: each worker loads the jugfile by itself")
                    return self.spawn()
                load.share()
                inherited = generators(load.choice.graph.tasks)
                self._reports = self._crew.work(self._numbers, partial(_work, self._element, load, inherited))
                self._total = self._total.plus(summed(self._reports.values(), self._element.site.say))
                self._raise_trouble()
                self._numbers = [number for number, report in self._reports.items() if report.is_done]
                if load.is_last or not self._numbers or self._stops.signal:
                    tell_what_waits(load, site)
                    return self._outcome()
                session = self._loader.again(load)
        except GivenUpError as error:
            site.say(f"{error}; it gives up")
        except Interrupted:  # while the jugfile was loaded again, or tasks digested
            pass
        return Outcome(stopped(self._stops), self._total)

    def _forbids(self, before: Scene) -> str:
        """Return why what was loaded cannot be forked, "" if it can; say what may go wrong then."""
        let_go()
        now, location = forking.scene(), self._element.site.location
        if words := forking.forbids(before, now):
            return words
        for words in forking.doubts(before, now, str(location.folder()) if self._element.site.files else ""):
            if words not in self._said:  # a jugfile is loaded again behind each barrier
                self._said.add(words)
                self._element.site.say(words)
        return ""

    def _outcome(self) -> Outcome:
        reports = self._reports.values()
        nothing_left, class_over = any(one.nothing_left for one in reports), any(one.class_over for one in reports)
        return Outcome(self._code(), self._total, nothing_left, class_over)

    def _has_time(self) -> bool:
        return self._element.options.seconds_left(self._element.site.clock.wall()) > 0

    def _raise_trouble(self) -> None:
        for report in self._reports.values():
            if report.trouble is not None:
                raise report.trouble

    def _code(self) -> int:
        """Return what all together make of the element: all is done if one found it so."""
        codes = {report.code for report in self._reports.values()}
        if self._stops.signal in AT_ONCE and (not codes or stopped(self._stops) in codes):
            return stopped(self._stops)
        if ExitCode.FAILED in codes or self._total.failures:
            return ExitCode.FAILED
        if ExitCode.DONE in codes:
            return ExitCode.DONE
        return ExitCode.LEFT if codes else ExitCode.FAILED


def _work(element: Element, load: Load, inherited: Sequence[Any], seat: Seat) -> Report:
    """Be one worker, in its own process.

    Args:
        inherited: The generators of random numbers that the load made.
    """
    element.shares[seat.number - 1].take()
    sow(inherited)
    site, where = replace(element.site), element.place_of(seat.number)  # a site of its own opens the store anew
    lease = ForkedLease(seat.line, site.clock, where.ref, where.owner, where.worker)
    options = replace(element.options, start=where.start, stop_file=None)  # that file is looked for once for all
    patience = Patience(site.clock, seat.stops, site.say, options)
    policy = Policy(workers=where.all)
    part = Part(lease, seat.stops, policy, options, site, patience, Ledger(site.clock, OsMeter()))
    seat.stops.tasks_run_in(load.session.jugfile.folder)
    try:
        own = patience.through(lambda: _own(load, site), "open the store")
        patience.through(lambda: lease.begin(own.session.store), "write its record")
        return _report(part.noting(marks_of(lease.record)), own)
    except JugError as error:
        return Report(ExitCode.FAILED, trouble=error)
    except Interrupted:
        return Report(stopped(seat.stops))
    except GivenUpError as error:
        site.say(f"{error}; it gives up")
        return Report(stopped(seat.stops))
    finally:
        lease.end(seat.stops.why() or "its work ended")


def _spawn(element: Element, seat: Seat) -> Report:
    element.shares[seat.number - 1].take()
    become(seat, len(element.shares))


def _own(load: Load, site: Site) -> Load:
    """Return `load` with a store of this process's own: two of one would give their files the same names."""
    open_store(site)
    session = sessions.in_another_process(load.session, site)
    load.choice.store = session.store
    return replace(load, session=session)


def _report(part: Part, load: Load) -> Report:
    try:
        tally, is_stopping = part.work(load)
    finally:
        part.tell_measures(load.session.store)
    outcome, left = part.outcome(load, tally), load.choice.graph.unfinished
    is_over = not left or (not is_stopping and load.is_over())
    return Report(
        outcome.code, tally, outcome.nothing_left, outcome.class_over, is_over, is_done=not left, done=outcome.done
    )


def summed(reports: Iterable[Report], say: Say) -> Tally:
    """Return what all did: what one found done may be another's work, and what several ran counts once, and is told.

    Whether they ran any twice is known where one of them saw that all is done: who stops before knows little of others.
    """
    total, done, is_done = Tally(), Counter[str](), False
    for report in reports:
        is_done |= report.is_done
        total.executed += report.tally.executed
        total.loaded |= report.tally.loaded
        total.failures += report.tally.failures
        done |= report.done
    total.loaded &= done - total.executed
    if is_done and (twice := total.executed - (total.executed & done)):
        why = (
            "their results were lost meanwhile, or a worker was held up for so long that another took over what it had"
        )
        say(f"{twice.total()} tasks ran twice: {why}")
        total.executed -= twice
    return total
