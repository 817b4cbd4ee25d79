"""Serve the status page of one jugfile; what goes wrong is a page too."""

from __future__ import annotations

from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer

from jughpc.app.context.site import Site
from jughpc.app.status.report import report
from jughpc.batch.clusters import Clusters
from jughpc.errors import JugError
from jughpc.web.page import page, trouble


def server_of(site: Site, clusters: Clusters, ip: str, port: int) -> HTTPServer:
    """Return what serves the status of `site` at ``/``, made anew at each look. Raises OSError.

    Args:
        port: 0 for any that is free.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path != "/":
                return self.send_error(HTTPStatus.NOT_FOUND)
            return _send(self, *answer(site, clusters))

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class calls it so
            """Keep quiet: a page every three seconds is no news."""

    return HTTPServer((ip, port), Handler)


def answer(site: Site, clusters: Clusters) -> tuple[HTTPStatus, str]:
    """Return the page as of now; what hinders it is told on a page that renews itself, too, until it is mended."""
    try:
        return HTTPStatus.OK, page(report(site, clusters))
    except (JugError, OSError) as error:
        return HTTPStatus.SERVICE_UNAVAILABLE, trouble(site.target, str(error))


def _send(handler: BaseHTTPRequestHandler, status: HTTPStatus, text: str) -> None:
    body = text.encode(errors="backslashreplace")
    handler.send_response(status)
    handler.send_header("Content-Type", "text/html; charset=utf-8")
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)
