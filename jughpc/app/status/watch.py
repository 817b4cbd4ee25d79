"""The status again and again, without running the jugfile again and again."""

from __future__ import annotations

from jughpc.app.context import session as sessions
from jughpc.app.context.kept import key_of, latest
from jughpc.app.context.manifest import Manifest, of_graph
from jughpc.app.context.site import Site
from jughpc.app.status.report import Report, report
from jughpc.batch.clusters import Clusters
from jughpc.errors import JugError, JugfileError
from jughpc.tasks.graph import Graph
from jughpc.tasks.jugfile import read


class Watch:
    """Reports on one jugfile, which is loaded at most once for each text that it has.

    So they may show the tasks of an earlier load; what workers load meanwhile, past a barrier too, is seen by the
    manifest that they keep.
    """

    def __init__(self, site: Site, clusters: Clusters) -> None:
        self._site, self._clusters = site, clusters
        self._key = ""
        self._loaded: JugError = JugError("the jugfile was not loaded yet")
        self._manifest: Manifest | None = None

    def report(self, number: int | None = None) -> Report:
        """Return where it stands now, with submission `number` or the latest. Raises JugError, OSError."""
        return report(self._site, self._clusters, number, manifest=self._tasks())

    def _tasks(self) -> Manifest:
        self._site.store()  # first: it tells best what is wrong with a jugdir
        target, files = self._site.target, self._site.files
        key = key_of(target, read(target.place))
        if files is not None and (kept := latest(files, key)):
            return kept
        if key != self._key:
            self._load(key)
        if self._manifest is None:
            raise self._loaded
        return self._manifest

    def _load(self, key: str) -> None:
        self._manifest = None
        try:
            jugfile = sessions.peek(self._site).jugfile
            self._manifest = of_graph(Graph(jugfile.tasks), jugfile.barrier)
            self._key = key
        except JugfileError as error:
            self._loaded, self._key = error, key  # the same text would raise again
