"""A redis server as a store sees it: where it is, what its keys are called, and its errors in our words."""

from __future__ import annotations

import errno
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs, quote, unquote, urlsplit

from jughpc.errors import JugdirError
from jughpc.store.redis.trouble import ServerTroubleError, trouble_of

T = TypeVar("T")

PASSWORD = "JUGHPC_REDIS_PASSWORD"  # noqa: S105  # the variable's name
PASSWORD_FILE = Path(".config") / "jughpc.redis"  # below the home folder

_TIMEOUT = 20.0  # [s] for one answer
_POLICY = "maxmemory-policy"
_UNKNOWN = (
    "whether the redis server removes results when its memory runs short cannot be told, for this user may ask "
    f"neither INFO nor CONFIG GET: have its owner see to it that {_POLICY} is noeviction"
)
_CERTIFICATE = "CERTIFICATE_VERIFY_FAILED"
_TRUST = " If you trust it, name the certificate that signs its own: export SSL_CERT_FILE=/path/to/ca.pem"


_OPEN: weakref.WeakSet[Connection] = weakref.WeakSet()


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

    Raises JugdirError if others may read the file, or it is no text.
    """
    if PASSWORD in environ:
        return Secret(environ[PASSWORD])
    path = home / PASSWORD_FILE
    if not path.is_file():
        return None
    if path.stat().st_mode & 0o077:
        raise JugdirError(f"{path} holds a password and others may read it; run: chmod 600 {path}")
    try:
        return Secret(path.read_text(encoding="utf-8").strip())
    except UnicodeDecodeError:
        raise JugdirError(f"{path} holds a password that is not UTF-8; write it anew") from None


def let_go() -> None:
    """Close this process's connections, which a fork would share; who uses one later is connected anew."""
    for one in _OPEN:
        one._client.connection_pool.disconnect()


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
            raise _unusable(address, error) from _world_of(error)
        _OPEN.add(self)

    def key(self, *parts: str) -> str:
        """Return the name of a key in this store's namespace."""
        return self._prefix + ":".join(parts)

    def do(self, action: Callable[[Any], T]) -> T:
        """Return what `action` does with the client. Raises ServerTroubleError, whose errno tells whether it passes."""
        try:
            return action(self._client)
        except self._redis.RedisError as error:
            raise trouble_of(error) from error

    def refuse_eviction(self) -> str:
        """Return "" if the server keeps what it was given, or why that cannot be told.

        Raises JugdirError if it may evict them.
        """
        policy = self._policy()
        if policy.startswith("allkeys"):
            raise JugdirError(
                f"the redis server removes results when its memory runs short (maxmemory-policy {policy}), so work "
                "would be lost without a word. Have it refuse instead: CONFIG SET maxmemory-policy noeviction"
            )
        return "" if policy else _UNKNOWN

    def _policy(self) -> str:
        """Return what the server does when its memory runs short, "" if this account may not ask."""
        return self._told("info", "memory") or self._told("config_get", _POLICY)

    def _told(self, command: str, about: str) -> str:
        try:
            told = self.do(lambda client: getattr(client, command)(about))
        except ServerTroubleError as error:
            if error.errno in (errno.EACCES, errno.EINVAL, errno.EPROTO):
                return ""
            raise
        return str(told.get(_POLICY) or told.get(_POLICY.replace("-", "_")) or "")


def _unusable(address: Address, error: Exception) -> JugdirError:
    hint = _TRUST if _CERTIFICATE in str(error) else ""
    return JugdirError(f"the redis server at {address.words} cannot be used: {error}{hint}")


def _world_of(error: Exception) -> Exception:
    """Return what is the world's fault in that there is no connection, or `error` where the user is to mend it."""
    trouble = trouble_of(error)
    mistyped = any(words in str(error) for words in (_CERTIFICATE, "Name or service not known"))
    return error if mistyped or trouble.errno not in (errno.EAGAIN, errno.ETIMEDOUT) else trouble


def _module() -> Any:
    try:
        import redis  # only now: an extra, and few need it
    except ImportError as error:
        raise JugdirError("a jugdir on a redis server needs the redis package: pip install 'jughpc[redis]'") from error
    return redis
