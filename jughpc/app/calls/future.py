"""The future of a call that an executor made."""

from __future__ import annotations

from concurrent.futures import Future
from typing import TypeVar

from jughpc.app.calls.batches import Call
from jughpc.app.calls.pickled import Awaited
from jughpc.store.failure import Failure

R = TypeVar("R")


class CallFailedError(Exception):
    """A call raised, or its workers died of it.

    Attributes:
        failure: What is known of that: the traceback there, host, arguments in short, how often it was tried.
    """

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure)
        self.failure = failure

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.failure.exception!r})"

    def __str__(self) -> str:
        failure = self.failure
        return f"{failure.call or failure.name} on {failure.host}: {failure.exception}\n{failure.trace}".rstrip()


class CallLostError(Exception):
    """Nobody works on a call any more, though it has neither a result nor failed."""


class CallFuture(Awaited, Future[R]):
    """The result of a call, once it is there; the call outlives this process.

    It may be an argument of further calls, which then wait for it.

    Attributes:
        call: What was called.
        digest: What names the call everywhere.
    """

    def __init__(self, call: Call) -> None:
        super().__init__()
        self.call, self.digest = call, call.digest
