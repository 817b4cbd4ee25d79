"""Be an element of several workers: load the jugfile once, fork them, look after them, load again past a barrier."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from jughpc.app.context import session as sessions
from jughpc.app.context.lease import beating_for
from jughpc.app.context.session import Session
from jughpc.app.context.site import Site
from jughpc.app.run.execute import fitting, open_store, opened
from jughpc.app.run.loads import Load, Loader
from jughpc.app.run.part import Outcome, Part, stopped, tell_what_waits
from jughpc.app.run.rescue import take_up_here
from jughpc.errors import JugError, UsageError
from jughpc.exitcode import ExitCode
from jughpc.store.lease.identity import new_record
from jughpc.store.lease.process import BeatProcess, ForkedLease
from jughpc.tasks.matching import Matcher
from jughpc.worker.crew import Crew, Report, Seat
from jughpc.worker.element import Place
from jughpc.worker.patience import GivenUpError, Patience
from jughpc.worker.placement import Share
from jughpc.worker.policy import Policy
from jughpc.worker.seeds import sow
from jughpc.worker.stops import AT_ONCE, Interrupted, Stops
from jughpc.worker.tally import Options, Tally


@dataclass(frozen=True)
class Element:
    """What all workers of an element have in common, and the process that they come from.

    Attributes:
        shares: What each of them gets of the node.
        options: How each is to go about it; but where it begins, and by which file it is stopped, each has its own.
    """

    site: Site
    where: Place
    shares: Sequence[Share]
    options: Options

    def options_of(self, number: int) -> Options:
        """Return the options of one worker; the file that stops all is looked for by the process they come from."""
        count = len(self.shares)
        start = (max(self.where.element, 0) * count + number - 1) / (self.where.elements * count)
        return replace(self.options, start=start, stop_file=None)


def execute_together(
    site: Site, where: Place, options: Options, shares: Sequence[Share], chosen: Matcher | None = None
) -> Outcome:
    """Do as `execute` does, with as many workers as there are `shares`. Raises UsageError, besides."""
    if site.location.is_private:
        raise UsageError(f"{site.location} is the memory of one process, which workers cannot share: name a folder.")
    stops = Stops(options.stop_file, site.say)
    stops.install()
    beating = beating_for(site.location, site.clock, len(shares))
    element = Element(site, where, shares, fitting(options, site))
    patience = Patience(site.clock, stops, site.say, element.options)
    try:
        session = opened(site, where, stops, patience)
        take_up_here(site, session.store)
        return _Watch(element, stops, beating, Loader(site, stops, patience, chosen)).run(session)
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
        self._crew = Crew(beating, stops, element.site.say, self._has_time, bound)
        self._numbers: Iterable[int] = range(1, count + 1)
        self._total = Tally()
        self._reports: Mapping[int, Report] = {}

    def run(self, session: Session) -> Outcome:
        """Have one load worked on after the other."""
        where, site = self._element.where, self._element.site
        begun = site.clock.wall()
        token = new_record(begun, where.ref, where.owner).life
        element = replace(self._element, options=replace(self._element.options, begun=begun))
        try:
            while True:
                load = self._loader.take(session, token)
                self._reports = self._crew.work(self._numbers, partial(_work, element, load))
                self._total = self._total.plus(_together(load, self._reports.values()))
                self._raise_trouble()
                self._numbers = [number for number, report in self._reports.items() if report.is_done]
                if load.is_last or not self._numbers or self._stops.signal:
                    tell_what_waits(load, site)
                    return Outcome(self._code(), self._total, any(one.nothing_left for one in self._reports.values()))
                session = self._loader.again(load)
        except GivenUpError as error:
            site.say(f"{error}; it gives up")
        except Interrupted:  # while the jugfile was loaded again, or tasks digested
            pass
        return Outcome(stopped(self._stops), self._total)

    def _has_time(self) -> bool:
        return self._element.options.seconds_left(self._element.site.clock.wall()) > 0

    def _raise_trouble(self) -> None:
        for report in self._reports.values():
            if report.trouble is not None:
                raise report.trouble

    def _code(self) -> int:
        """Return what all together make of the element: all is done if one found it so."""
        codes = {report.code for report in self._reports.values()}
        if self._stops.signal in AT_ONCE and stopped(self._stops) in codes:
            return stopped(self._stops)
        if ExitCode.FAILED in codes or self._total.failures:
            return ExitCode.FAILED
        if ExitCode.DONE in codes:
            return ExitCode.DONE
        return ExitCode.LEFT if codes else ExitCode.FAILED


def _work(element: Element, load: Load, seat: Seat) -> Report:
    """Be one worker, in its own process."""
    element.shares[seat.number - 1].take()
    sow()
    site, where = replace(element.site), element.where  # a site of its own opens the store anew
    options = element.options_of(seat.number)
    patience = Patience(site.clock, seat.stops, site.say, options)
    policy = Policy(workers=where.elements * len(element.shares))
    lease = ForkedLease(seat.line, site.clock, where.ref, where.owner, seat.number)
    part = Part(lease, seat.stops, policy, options, site, patience)
    seat.stops.tasks_run_in(load.session.jugfile.folder)
    try:
        own = patience.through(lambda: _own(load, site), "open the store")
        patience.through(lambda: lease.begin(own.session.store), "write its record")
        return _report(part, own)
    except JugError as error:
        return Report(ExitCode.FAILED, trouble=error)
    except Interrupted:
        return Report(stopped(seat.stops))
    except GivenUpError as error:
        site.say(f"{error}; it gives up")
        return Report(stopped(seat.stops))
    finally:
        lease.end(seat.stops.why() or "its work ended")


def _own(load: Load, site: Site) -> Load:
    """Return `load` with a store of this process's own: two of one would give their files the same names."""
    open_store(site)
    session = sessions.in_another_process(load.session, site)
    load.choice.store = session.store
    return replace(load, session=session)


def _report(part: Part, load: Load) -> Report:
    tally, is_stopping = part.work(load)
    outcome, left = part.outcome(load, tally), load.choice.graph.unfinished
    is_over = not left or (not is_stopping and load.is_over())
    return Report(outcome.code, tally, outcome.nothing_left, is_over, is_done=not left)


def _together(load: Load, reports: Iterable[Report]) -> Tally:
    """Return what all did: what one found done may be another's work."""
    total, graph = Tally(), load.choice.graph
    for report in reports:
        total.executed += report.tally.executed
        total.loaded |= report.tally.loaded
        total.failures += report.tally.failures
    total.loaded &= graph.count(range(graph.listed)) - total.executed
    return total
