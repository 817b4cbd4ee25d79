"""The pages of one jugfile: how it goes, or what hinders it, told on a page that renews itself until it is mended."""

from __future__ import annotations

from contextlib import suppress
from http import HTTPStatus

from jughpc.app.accounts.account import Account, account
from jughpc.app.context.site import Site
from jughpc.app.status.overview import overview
from jughpc.app.status.watch import Watch
from jughpc.batch.clusters import Clusters
from jughpc.errors import JugError
from jughpc.web.live import live_page, trouble_page
from jughpc.web.reporter import Answer, Reporter

MEASURES_FOR = 20.0
"""How long what work took is shown as it was [s]: workers tell it every minute, and a look costs a read each."""


class Pages:
    """Makes pages of one site."""

    def __init__(self, site: Site, clusters: Clusters) -> None:
        self._site, self._watch = site, Watch(site, clusters)
        self._account: Account | None = None
        self._accounted = float("-inf")

    def page(self, *, is_live: bool = True) -> str:
        """Return the page as of now. Raises JugError, OSError."""
        seen = overview(self._site, self._watch.report())
        return live_page(seen, self._measured(), is_live=is_live)

    def answer(self) -> Answer:
        """Return the page, or one that says what hinders it."""
        try:
            return HTTPStatus.OK, self.page()
        except (JugError, OSError) as error:
            return HTTPStatus.SERVICE_UNAVAILABLE, trouble_page(self._site.target, str(error))

    def _measured(self) -> Account | None:
        now = self._site.clock.now()
        if now - self._accounted > MEASURES_FOR:
            self._account, self._accounted = None, now
            with suppress(JugError):  # there is no store yet, or it has no submission
                self._account = account(self._site)
        return self._account


def reporter_of(site: Site, clusters: Clusters) -> Reporter:
    """Return what makes the pages of `site`."""
    return Reporter(Pages(site, clusters).answer, site.clock)
