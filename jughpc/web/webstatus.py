"""`jughpc webstatus`: serve the status page on this machine."""

from __future__ import annotations

from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import click

from jughpc import config
from jughpc.app.context.target import Target, Usual, choose
from jughpc.errors import JugError, UsageError
from jughpc.fs import environment


@click.command()
@click.argument("jugfile", required=False)
@click.option("--jugdir", metavar="DIR", help="The folder of results.")
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="0 for any that is free.")
@click.option("--ip", default="localhost", show_default=True, help="Interface; other people may look at any but this.")
@click.pass_obj
def webstatus(args: tuple[str, ...], jugfile: str | None, jugdir: str | None, port: int, ip: str) -> int:
    """Show the status of JUGFILE on a web page that renews itself; end it with Ctrl-C."""
    values = config.load(Path.cwd(), Path.home(), environment())
    usual = Usual(values["jugfile"].value, values["jugdir"].value, f"{date.today()}")
    target = choose(Path.cwd(), jugfile, jugdir, args, usual)
    try:
        server = HTTPServer((ip, port), handler_for(target))
    except OSError as error:
        raise UsageError(f"cannot listen on {ip}, port {port}: {error.strerror}. Choose another: --port N") from error
    click.echo(f"http://{ip}:{server.server_port}/ shows the status of {target.jugfile}; end it with Ctrl-C")
    with server:
        server.serve_forever()
    return 0


def handler_for(target: Target) -> type[BaseHTTPRequestHandler]:
    """Return what answers requests for the status of `target`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path != "/":
                return self.send_error(404)
            return _answer(self, target)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class calls it so
            """Keep quiet: a page every three seconds is no news."""

    return Handler


def _answer(handler: BaseHTTPRequestHandler, target: Target) -> None:
    from jughpc.app.status.report import report
    from jughpc.web.page import page

    try:
        body = page(report(target)).encode()
    except JugError as error:
        handler.send_error(500, explain=str(error))
        return
    handler.send_response(200)
    handler.send_header("Content-Type", "text/html; charset=utf-8")
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)
