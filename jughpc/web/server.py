"""Serve the page of one jugfile to those who know its token; what goes wrong is a page too."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import TCPServer
from typing import Any
from urllib.parse import urlsplit

from jughpc.web.guard import Guard
from jughpc.web.live import POLICY
from jughpc.web.reporter import Answer

AT_ONCE = 32
"""Connections that are answered at a time; who comes besides is turned away."""

SILENCE, LONGEST = 10.0, 90.0
"""How long a connection may say nothing, and how long it may last [s]; the second outlasts a report."""

_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",  # the address holds the token
    "Content-Security-Policy": f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{POLICY}'; "
    "connect-src 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}


class Server(ThreadingHTTPServer):
    """One thread a connection, and a bound for all of it."""

    daemon_threads = True

    def __init__(self, address: Any, handler: type[BaseHTTPRequestHandler]) -> None:
        self.bound = False
        self._seats = threading.BoundedSemaphore(AT_ONCE)
        super().__init__(address, handler, bind_and_activate=False)
        try:
            self.server_bind()
            self.server_activate()
        except BaseException:
            self.server_close()
            raise

    def server_bind(self) -> None:
        TCPServer.server_bind(self)  # HTTPServer's would ask a name server for our name
        self.bound = True
        self.server_name, self.server_port = "jughpc", 0
        if self.address_family != socket.AF_UNIX:
            self.server_port = int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._seats.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        end = threading.Timer(LONGEST, _hang_up, [request])
        end.daemon = True
        end.start()
        try:
            super().process_request_thread(request, client_address)
        finally:
            end.cancel()
            self._seats.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep quiet: a browser that goes away is no news."""


class SocketServer(Server):
    """The same at a socket of the file system, which only its owner may use."""

    address_family = socket.AF_UNIX
    allow_reuse_address = False

    def server_bind(self) -> None:
        super().server_bind()
        Path(str(self.server_address)).chmod(0o600)  # before it listens, so nobody was let in meanwhile

    def server_close(self) -> None:
        super().server_close()
        if self.bound:  # so the name is ours
            Path(str(self.server_address)).unlink(missing_ok=True)


def server_of(answer: Callable[[], Answer], guard: Guard, ip: str, port: int) -> Server:
    """Return what serves the page at ``/`` to those whom `guard` lets in. Raises OSError.

    Args:
        answer: Returns the page as of now, from any thread.
        port: 0 for any that is free.
    """
    return _family(ip)((ip, port), _handler(answer, guard))


def socket_server_of(answer: Callable[[], Answer], guard: Guard, path: Path) -> SocketServer:
    """Return the same at the socket `path`, which is made and is removed when the server is closed. Raises OSError."""
    return SocketServer(str(path), _handler(answer, guard))


def _family(ip: str) -> type[Server]:
    class Ipv6Server(Server):
        address_family = socket.AF_INET6

    return Ipv6Server if ":" in ip else Server


def _handler(answer: Callable[[], Answer], guard: Guard) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = SILENCE
        server_version, sys_version = "jughpc", ""

        def do_GET(self) -> None:
            self._reply()

        def do_HEAD(self) -> None:
            self._reply()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class calls it so
            """Keep quiet: a page every three seconds is no news, and the address holds the token."""

        def _reply(self) -> None:
            if objection := guard.objection(self.path, self.headers):  # type: ignore[arg-type]  # is like a mapping
                self.send_error(HTTPStatus.FORBIDDEN, objection)
            elif urlsplit(self.path).path != "/":
                self.send_error(HTTPStatus.NOT_FOUND)
            else:
                _send(self, *answer())

    return Handler


def _send(handler: BaseHTTPRequestHandler, status: HTTPStatus, text: str) -> None:
    body = text.encode(errors="backslashreplace")
    handler.send_response(status)
    for name, value in _HEADERS.items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    if handler.command != "HEAD":
        handler.wfile.write(body)


def _hang_up(connection: socket.socket) -> None:
    with suppress(OSError):  # it is over already
        connection.shutdown(socket.SHUT_RDWR)
