"""A redis server as a store sees it: where it is, what its keys are called, and its errors in our words."""

from __future__ import annotations

import errno
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs, quote, unquote, urlsplit

from jughpc.errors import JugdirError

T = TypeVar("T")

SCHEMES = ("redis:", "rediss:")
PASSWORD = "JUGHPC_REDIS_PASSWORD"  # noqa: S105  # the variable's name
PASSWORD_FILE = Path(".config") / "jughpc.redis"  # below the home folder

_TIMEOUT = 20.0  # [s] for one answer
_PASSING = re.compile(r"\b(READONLY|LOADING|MISCONF|MASTERDOWN|NOREPLICAS|CLUSTERDOWN|TRYAGAIN|BUSY)\b")
"""Refusals that pass: a replica before it takes over, a server that loads its data, one whose disk is full."""

_PASSING_KINDS = ("ReadOnlyError", "MasterDownError", "ClusterDownError", "TryAgainError")

_TRUST = " If you trust it, name the certificate that signs its own: export SSL_CERT_FILE=/path/to/ca.pem"


@dataclass(frozen=True)
class Secret:
    """A password: nothing that shows an object shows it, nor can it become JSON."""

    _text: str = field(repr=False)

    def __str__(self) -> str:
        return "***"

    def __format__(self, how: str) -> str:
        return format(str(self), how)

    def reveal(self) -> str:
        """Return the password, for the server that asks for it."""
        return self._text


@dataclass(frozen=True)
class Address:
    """Where a store lies: ``redis://[[user]:password@]host[:port][/db][?namespace=name]``, or ``rediss://`` for TLS.

    Two are equal if they are one place, whoever goes there and how.

    Attributes:
        namespace: What all its keys begin with, so that many stores share a server.
    """

    host: str
    port: int
    db: int
    user: str | None = field(compare=False)
    password: Secret | None = field(compare=False, repr=False)
    tls: bool = field(compare=False)
    namespace: str

    @property
    def words(self) -> str:
        """The address as it may be shown: without user and password."""
        return self._spelled("")

    @property
    def prefix(self) -> str:
        """What the names of all its keys begin with."""
        return f"jughpc:{self.namespace}:"

    def spell(self) -> str:
        """Return a text that parses to this address, but for the password."""
        return self._spelled(f"{quote(self.user, safe='')}@" if self.user else "")

    def _spelled(self, who: str) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        namespace = quote(self.namespace, safe="")
        return f"redis{'s' if self.tls else ''}://{who}{host}:{self.port}/{self.db}?namespace={namespace}"


def parse(url: str) -> Address:
    """Return the address that `url` tells. Raises JugdirError."""
    try:
        parts = urlsplit(url)
        port, db = parts.port or 6379, int(parts.path.strip("/") or 0)
    except ValueError:
        parts = urlsplit("redis:")
    if not parts.hostname or (parts.query and set(parse_qs(parts.query)) != {"namespace"}):
        raise JugdirError(
            "that is no redis address; write --jugdir redis://[:password@]host[:port][/db][?namespace=name]"
        )
    namespace = parse_qs(parts.query).get("namespace", ["jug"])[0]
    password = Secret(unquote(parts.password)) if parts.password else None
    user = unquote(parts.username or "") or None
    return Address(parts.hostname, port, db, user, password, parts.scheme == "rediss", namespace)


def password_from(environ: Mapping[str, str], home: Path) -> Secret | None:
    """Return the password that the environment or a private file tells, None if none does.

    Raises JugdirError if others may read the file.
    """
    if PASSWORD in environ:
        return Secret(environ[PASSWORD])
    path = home / PASSWORD_FILE
    if not path.is_file():
        return None
    if path.stat().st_mode & 0o077:
        raise JugdirError(f"{path} holds a password and others may read it; run: chmod 600 {path}")
    return Secret(path.read_text().strip())


class Connection:
    """A connection whose errors are ours. Raises JugdirError if there is none to be had."""

    def __init__(self, address: Address, password: Secret | None) -> None:
        self._redis = _module()
        self._prefix = address.prefix
        secret = address.password or password
        self._client: Any = self._redis.Redis(
            host=address.host, port=address.port, db=address.db, ssl=address.tls, username=address.user,
            password=secret.reveal() if secret else None, socket_timeout=_TIMEOUT, socket_connect_timeout=_TIMEOUT,
            retry=None,  # by default ten times with growing pauses; who publishes tries again by itself
        )  # fmt: skip
        try:
            self._client.ping()
        except self._redis.RedisError as error:
            hint = _TRUST if "CERTIFICATE_VERIFY_FAILED" in str(error) else ""
            raise JugdirError(f"the redis server at {address.words} cannot be used: {error}{hint}") from error

    def key(self, *parts: str) -> str:
        """Return the name of a key in this store's namespace."""
        return self._prefix + ":".join(parts)

    def do(self, action: Callable[[Any], T]) -> T:
        """Return what `action` does with the client. Raises OSError that may pass, by its errno."""
        try:
            return action(self._client)
        except (self._redis.ConnectionError, self._redis.TimeoutError) as error:
            raise OSError(errno.ETIMEDOUT, f"the redis server does not answer: {error}") from error
        except self._redis.ResponseError as error:
            kind = type(
                error
            ).__name__  # the package takes the first word off the text of those that it has a class for
            if kind == "OutOfMemoryError" or "OOM" in str(error):
                raise OSError(errno.ENOSPC, f"the redis server is out of memory: {error}") from error
            if kind in _PASSING_KINDS or _PASSING.search(str(error)):
                raise OSError(errno.EAGAIN, f"the redis server takes no work now: {error}") from error
            raise

    def refuse_eviction(self) -> None:
        """Return if the server keeps what it was given. Raises JugdirError if it may evict them."""
        try:
            policy = str(self._client.info("memory").get("maxmemory_policy", ""))
        except self._redis.RedisError:  # some accounts may not ask; then nothing is known
            return
        if policy.startswith("allkeys"):
            raise JugdirError(
                f"the redis server removes results when its memory runs short (maxmemory-policy {policy}), so work "
                "would be lost without a word. Have it refuse instead: CONFIG SET maxmemory-policy noeviction"
            )


def _module() -> Any:
    try:
        import redis  # only now: an extra, and few need it
    except ImportError as error:
        raise JugdirError("a jugdir on a redis server needs the redis package: pip install 'jughpc[redis]'") from error
    return redis
