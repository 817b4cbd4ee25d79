"""The pages of one jugfile: its status, or what hinders it, told on a page that renews itself until it is mended."""

from __future__ import annotations

from http import HTTPStatus

from jughpc.app.context.site import Site
from jughpc.app.status.watch import Watch
from jughpc.batch.clusters import Clusters
from jughpc.errors import JugError
from jughpc.web.page import page, trouble
from jughpc.web.reporter import Answer, Reporter


def reporter_of(site: Site, clusters: Clusters) -> Reporter:
    """Return what makes the pages of `site`."""
    watch = Watch(site, clusters)

    def make() -> Answer:
        try:
            return HTTPStatus.OK, page(watch.report())
        except (JugError, OSError) as error:
            return HTTPStatus.SERVICE_UNAVAILABLE, trouble(site.target, str(error))

    return Reporter(make, site.clock)
