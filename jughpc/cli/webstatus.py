"""`jughpc webstatus`."""

from __future__ import annotations

from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import click

from jughpc.app.context.site import Site
from jughpc.cli import common
from jughpc.cli.output.terminal import echo
from jughpc.errors import UsageError
from jughpc.exitcode import ExitCode

if TYPE_CHECKING:
    from jughpc.web.guard import Guard
    from jughpc.web.reporter import Reporter
    from jughpc.web.server import Server


@click.command()
@common.takes_jugfile
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="0 for any that is free.")
@click.option("--ip", default="localhost", show_default=True, help="Interface; other hosts reach any but this.")
@click.option(
    "--socket",
    "path",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Listen at a Unix socket instead, for ssh -L.",
)
def webstatus(site: Site, port: int, ip: str, path: Path | None) -> int:
    """Show the status of JUGFILE on a web page that renews itself; end it with Ctrl-C.

    The page is shown to those who know its whole address, which holds a token.
    """
    from secrets import token_urlsafe

    from jughpc.web.guard import Guard, is_loopback
    from jughpc.web.pages import reporter_of

    guard, reporter = Guard(token_urlsafe(24)), reporter_of(site, common.clusters())
    server = _at_socket(reporter, guard, path) if path else _at_port(reporter, guard, ip, port)
    shown = f"localhost:{port}" if path else f"{f'[{ip}]' if ':' in ip else ip}:{server.server_port}"
    with server:
        if not path and not is_loopback(ip):
            words = f"other hosts reach {ip}, and what is sent is not encrypted; --socket PATH is safer."
            echo(f"jughpc: {words}", err=True)
        echo(f"http://{shown}/?token={guard.token} shows the status of {site.target.jugfile}; end it with Ctrl-C")
        if path:
            echo(f"once a tunnel stands: ssh -L {port}:{path.absolute()} THIS_HOST")
        Thread(target=server.serve_forever, daemon=True).start()
        reporter.run()
    return ExitCode.DONE


def _at_port(reporter: Reporter, guard: Guard, ip: str, port: int) -> Server:
    from jughpc.web.server import server_of

    try:
        return server_of(reporter.answer, guard, ip, port)
    except OSError as error:
        raise UsageError(f"cannot listen on {ip}, port {port}: {error.strerror}. Choose another: --port N") from None


def _at_socket(reporter: Reporter, guard: Guard, path: Path) -> Server:
    from jughpc.web.server import socket_server_of

    try:
        return socket_server_of(reporter.answer, guard, path)
    except OSError as error:
        words = error.strerror or str(error)  # "AF_UNIX path too long" has no number
        raise UsageError(
            f"cannot listen at {path}: {words}. Remove it if it is a former one, or choose another."
        ) from None
