"""Load a jugfile time and again, past each barrier, and keep what is to be kept of each load for others."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from jughpc.app.context import session as sessions
from jughpc.app.context.columns import of_graph
from jughpc.app.context.kept import keep, load_of
from jughpc.app.context.session import Session
from jughpc.app.context.site import Site
from jughpc.app.context.sources import Project, note
from jughpc.app.run.selection import Choice, Chosen
from jughpc.tasks.graph import Graph
from jughpc.worker.patience import Patience
from jughpc.worker.stops import Stops

_PATIENCE = 5  # loads that bring no new task, before a barrier is taken for one that is never passed


@dataclass(frozen=True)
class Load:
    """One load of a jugfile.

    Attributes:
        whole: All its tasks.
        choice: Those that are to be run here.
        is_last: Whether no further one follows, though all of this be done.
        is_in_vain: Whether it is the last because its barrier stays.
    """

    session: Session
    whole: Graph
    choice: Choice
    is_in_vain: bool = False

    @property
    def is_last(self) -> bool:
        return self.is_in_vain or not self.session.jugfile.barrier

    def share(self) -> None:
        """Find what each worker would find for itself: those that are forked then have it in common."""
        graph, places = self.choice.graph, self.choice.places()
        graph.share()
        for shard in places.members:
            places.name(shard, graph.digests)

    def is_over(self) -> bool:
        """Return whether all that can be done of it is done."""
        return self.whole.unfinished == self.whole.stuck


class Loader:
    """Loads the jugfile of a site.

    Args:
        stops: Of this process.
        chosen: Tells which tasks are to be run; None for all of them.
    """

    def __init__(self, site: Site, stops: Stops, patience: Patience, chosen: Chosen | None) -> None:
        self._site, self._stops, self._patience, self._chosen = site, stops, patience, chosen
        self._before, self._left = 0, _PATIENCE
        self._project: Project | None = None

    def take(self, session: Session, token: str) -> Load:
        """Return what was loaded. Raises UsageError if nothing of it was chosen.

        Args:
            token: Tells files written here from all others'.
        """
        self._stops.tasks_run_in(session.jugfile.folder)
        with self._stops.user_code("a digest"):
            whole = Graph(session.jugfile.tasks)
        self._left = _PATIENCE if len(whole.tasks) != self._before else self._left - 1
        self._before = len(whole.tasks)
        _save_manifest(session, whole, token)
        self._note_sources(session, whole)
        return Load(session, whole, self._choice(session, whole), is_in_vain=self._left == 0)

    def again(self, load: Load) -> Session:
        """Load the jugfile anew, past the barrier at which `load` ended."""
        with self._stops.loading():
            return self._patience.through(lambda: sessions.again(load.session), "read the jugfile")

    def _choice(self, session: Session, whole: Graph) -> Choice:
        def choose() -> Choice:
            return Choice(session.jugfile, whole, session.store, self._chosen)

        return self._patience.through(choose, "look at the store")

    def _note_sources(self, session: Session, graph: Graph) -> None:
        if (files := self._site.files) is None:
            return
        text = session.jugfile.text
        self._project = self._project or Project(session.target, text, self._site.folder)
        self._project.loaded(text)
        with suppress(OSError):  # what is lost is a warning
            note(files, session.store, graph, self._project)


def _save_manifest(session: Session, graph: Graph, token: str) -> None:
    """Keep what was loaded for those who look without loading, if that works now; the first does so for all."""
    files = session.site.files
    if files is None or not graph.tasks:
        return
    try:
        load = load_of(session, graph.digests.data)
        keep(files, load, lambda: of_graph(graph, session.jugfile.barrier, load.digests), token)
    except OSError as error:
        session.site.say(f"what was loaded cannot be kept for a look with --cached: {error}")
