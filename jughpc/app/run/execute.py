"""Be a worker: load the jugfile, work on it, load it again past each barrier."""

from __future__ import annotations

import errno
from dataclasses import replace
from functools import partial

from jughpc.app.context import session as sessions
from jughpc.app.context.session import Session
from jughpc.app.context.site import Site
from jughpc.app.context.target import remember
from jughpc.app.run.loads import Loader
from jughpc.app.run.part import Outcome, Part, stopped, tell_what_waits
from jughpc.app.run.rescue import spelt, take_up_here
from jughpc.app.run.selection import Chosen
from jughpc.errors import JugdirError
from jughpc.store import rescue
from jughpc.store.location import Memory
from jughpc.usage import OsMeter
from jughpc.worker.element import Place
from jughpc.worker.ledger import Ledger
from jughpc.worker.marks import marks_of, take_note_of_writes
from jughpc.worker.patience import GivenUpError, Patience
from jughpc.worker.policy import Policy
from jughpc.worker.stops import Interrupted, Stops
from jughpc.worker.tally import Options, Tally

_GONE = (
    "the results were in the memory of this process, and go with it: name a folder as --jugdir, or let the jugfile "
    "say set_jugdir('FOLDER') or set_jugdir('dict_store:FILE'), to keep them"
)

_BY_ITSELF = frozenset({errno.EAGAIN})  # what passes without anybody's help: a server that loads its data


def execute(site: Site, where: Place, options: Options, chosen: Chosen | None = None) -> Outcome:
    """Work on the site's jugfile until all is done, nothing can go on, or this process is told to stop.

    Args:
        chosen: Tells which tasks are to be run; None for all of them.
    """
    if where.ref and where.worker:
        take_note_of_writes()
    stops = Stops(options.stop_file, site.say)
    stops.install()
    lease = site.lease(where.ref, where.owner, where.worker)
    options = fitting(options, site)
    patience = Patience(site.clock, stops, site.say, options)
    ledger = Ledger(site.clock, OsMeter())
    part = Part(lease, stops, Policy(workers=where.all), options, site, patience, ledger)
    try:
        session = opened(site, where, stops, patience)
        patience.through(lambda: lease.begin(session.store), "write its record")
        if not session.target.location.is_private:
            take_up_here(site, session.store)
        outcome = _all_loads(part.noting(marks_of(lease.record)), session, Loader(site, stops, patience, chosen))
        patience.through(lambda: sessions.close(session), "store its results", in_hand=True)
        if session.target.location == Memory():
            site.say(_GONE)
        return outcome
    except Interrupted:
        return Outcome(stopped(stops), Tally())
    except GivenUpError as error:
        site.say(f"{error}; it gives up")
        return Outcome(stopped(stops), Tally())
    finally:
        lease.end(stops.why() or "its work ended")
        stops.uninstall()


def fitting(options: Options, site: Site) -> Options:
    """Return `options` with what the site's store takes, and with a way to keep what it does not."""
    return replace(options, largest=site.location.largest, rescue=partial(rescue.keep, jugdir=spelt(site)))


def opened(site: Site, where: Place, stops: Stops, patience: Patience) -> Session:
    """Load the jugfile, and open or make its store. Raises UsageError, GivenUpError, Interrupted."""
    passing = None if where.ref else _BY_ITSELF  # people mend at once what is told at once
    patience.through(lambda: open_store(site, passing), "open the store")
    with stops.loading():
        found = sessions.peek(site)
    session = patience.through(lambda: sessions.settle(found), "make the store")
    if session.store.caution:
        site.say(session.store.caution)
    if where.ref is None:
        remember(site.folder, site.target, site.say)
    return session


def open_store(site: Site, passing: frozenset[int] | None = None) -> None:
    """Open the store, if there is one. Raises OSError, JugdirError that is no fault of the file system.

    Args:
        passing: The errors that are raised as OSError, None for all.
    """
    try:
        site.store()
    except JugdirError as error:
        cause = error.__cause__
        if isinstance(cause, OSError) and (passing is None or cause.errno in passing):
            raise cause from error
        raise


def _all_loads(part: Part, session: Session, loader: Loader) -> Outcome:
    """Work on one load of the jugfile after the other."""
    total = Tally()
    try:
        while True:
            load = loader.take(session, part.lease.record.life)
            tally, is_stopping = part.work(load)
            total = total.plus(tally)
            if load.choice.graph.unfinished or is_stopping or load.is_last:
                tell_what_waits(load, part.site)
                return part.outcome(load, total)
            session = loader.again(load)
    except GivenUpError as error:
        part.site.say(f"{error}; it gives up")
    except Interrupted:  # while the jugfile was loaded again, or tasks digested
        pass
    finally:
        part.tell_measures(session.store)
    return Outcome(stopped(part.stops), total)
