"""`jughpc web`, which jug calls `webstatus`."""

from __future__ import annotations

import copy
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

PAGE = "index.html"


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
@click.option(
    "--export",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help=f"Write the page as it is now to DIR/{PAGE}.  [it is served]",
)
def web(site: Site, port: int, ip: str, path: Path | None, folder: Path | None) -> int:
    """Show how JUGFILE goes on a web page that renews itself; end it with Ctrl-C.

    The page is shown to those who know its whole address, which holds a token.
    """
    if folder is not None:
        return _export(site, folder)
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
        echo(f"http://{shown}/?token={guard.token} shows how {site.target.jugfile} goes; end it with Ctrl-C")
        if path:
            echo(f"once a tunnel stands: ssh -L {port}:{path.absolute()} THIS_HOST")
        Thread(target=server.serve_forever, daemon=True).start()
        reporter.run()
    return ExitCode.DONE


def _renamed() -> click.Command:
    """Return the same command under jug's name for it."""
    former = copy.copy(web)
    former.name = "webstatus"
    return former


webstatus = _renamed()


def _export(site: Site, folder: Path) -> int:
    """Write the page to a folder, which is made."""
    from jughpc.aside import put
    from jughpc.web.pages import Pages

    page = Pages(site, common.clusters()).page(is_live=False)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        put(folder / PAGE, page)
    except OSError as error:
        raise UsageError(f"cannot write {folder / PAGE}: {error.strerror}. Name another folder: --export DIR") from None
    echo(f"{folder / PAGE} shows how {site.target.jugfile} goes, as it is now")
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
