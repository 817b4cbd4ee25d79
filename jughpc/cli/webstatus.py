"""`jughpc webstatus`."""

from __future__ import annotations

import click

from jughpc.app.context.site import Site
from jughpc.cli import common
from jughpc.cli.output.terminal import echo
from jughpc.errors import UsageError
from jughpc.exitcode import ExitCode


@click.command()
@common.takes_jugfile
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="0 for any that is free.")
@click.option("--ip", default="localhost", show_default=True, help="Interface; other people may look at any but this.")
def webstatus(site: Site, port: int, ip: str) -> int:
    """Show the status of JUGFILE on a web page that renews itself; end it with Ctrl-C."""
    from jughpc.web.server import server_of

    try:
        server = server_of(site, common.clusters(), ip, port)
    except OSError as error:
        raise UsageError(f"cannot listen on {ip}, port {port}: {error.strerror}. Choose another: --port N") from error
    echo(f"http://{ip}:{server.server_port}/ shows the status of {site.target.jugfile}; end it with Ctrl-C")
    with server:
        server.serve_forever()
    return ExitCode.DONE
