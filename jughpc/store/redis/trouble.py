"""What a redis server's refusals mean: which pass, and which say that the call itself was wrong."""

from __future__ import annotations

import errno
import re
from typing import NamedTuple

_AUTH = "AuthenticationError|AuthorizationError|NoPermissionError|NOAUTH|WRONGPASS|NOPERM"
_WRONG = (
    "DataError|InvalidPipelineStack|ClusterCrossSlotError|MovedError|AskError|CROSSSLOT|MOVED|WRONGTYPE|"
    "unknown command|unknown subcommand|syntax error|wrong number of arguments|not an integer|"
    "not a valid float|Error compiling script"
)
_BUSY = (
    "BusyLoadingError|LOADING|ReadOnlyError|READONLY|MISCONF|MasterDownError|MASTERDOWN|NOREPLICAS|ClusterDownError|"
    "CLUSTERDOWN|TryAgainError|TRYAGAIN|BUSY|UNKILLABLE|NOGOODSLAVE|INPROG"
)


class _Kind(NamedTuple):
    """A kind of errors: what its names or texts hold, what it means, and what helps."""

    pattern: str
    number: int
    fact: str
    advice: str


_KINDS = (  # the first that fits; the package takes the first word off the text of those that it has a class for
    _Kind(_AUTH, errno.EACCES, "does not let this user do that", "ask who runs it for access (user, password, ACL)"),
    _Kind("OutOfMemoryError|OOM", errno.ENOSPC, "is out of memory", "raise its maxmemory, or remove keys there"),
    _Kind(_BUSY, errno.EAGAIN, "takes no work now", "run the command again in a while"),
    _Kind(_WRONG, errno.EINVAL, "does not understand this", "redis 6 or later is needed, and no cluster of several"),
    _Kind("ConnectionError|TimeoutError", errno.ETIMEDOUT, "does not answer", "run the command again once it does"),
    _Kind("", errno.EPROTO, "refuses", "see its log"),
)


class ServerTroubleError(OSError):
    """A redis server does not do now what it is asked; its errno tells whether that may pass, as for files.

    Attributes:
        advice: What helps, in words.
    """

    def __init__(self, number: int, text: str, advice: str) -> None:
        super().__init__(number, text)
        self.advice = advice

    def __str__(self) -> str:
        return str(self.strerror)


def trouble_of(error: Exception) -> ServerTroubleError:
    """Return what an error of the redis package means. What nobody knows is taken to be the world's, and may pass."""
    seen = f"{' '.join(kind.__name__ for kind in type(error).__mro__)} {error}"
    kind = next(kind for kind in _KINDS if re.search(rf"\b({kind.pattern})\b", seen))
    return ServerTroubleError(kind.number, f"the redis server {kind.fact}: {error}", kind.advice)
