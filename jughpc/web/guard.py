"""Who may look at the page: on a login node every user reaches every port, and so does every page in one's browser."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from jughpc import host


@dataclass(frozen=True)
class Guard:
    """Lets in who knows the token, from a page of ours or none.

    Attributes:
        token: In the address that was shown to the user, and nowhere else.
    """

    token: str

    def objection(self, target: str, headers: Mapping[str, str | None]) -> str:
        """Return why a request is refused, "" if it is not.

        Args:
            target: The path and query that were asked for.
        """
        named, origin = headers.get("Host"), headers.get("Origin")
        if not _is_here(named):
            return "this page is not served under that name of the host"
        if origin is not None and urlsplit(origin).netloc != named:
            return "another page asked for this one"
        given = parse_qs(urlsplit(target).query).get("token", [""])[0]
        if not hmac.compare_digest(given.encode(errors="replace"), self.token.encode()):
            return "open the whole address that `jughpc web` showed, its token too"
        return ""


def is_loopback(ip: str) -> bool:
    """Return whether an address to listen at is reached from this machine alone."""
    try:
        return ip == "localhost" or ipaddress.ip_address(ip).is_loopback
    except ValueError:
        return False


def _is_here(named: str | None) -> bool:
    """Return whether a Host header names this host so that no name server can have said it: DNS rebinding is a name."""
    try:
        name = urlsplit(f"//{named}").hostname or ""
        if name in ("localhost", host.hostname().lower(), host.hostname().lower().partition(".")[0]):
            return True
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
