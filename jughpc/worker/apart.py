"""Do something in a process of its own, so that nothing of it stays in this one."""

from __future__ import annotations

import os
import pickle
import signal
import warnings
from collections.abc import Callable
from typing import IO, NoReturn, TypeVar

from jughpc.errors import JugError
from jughpc.host import end_with_parent

T = TypeVar("T")


class LostError(JugError):
    """The process ended without an answer."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code

    def __str__(self) -> str:
        how = f"by signal {-self.code}" if self.code < 0 else f"with exit code {self.code}"
        return f"the process that was to do this alone ended {how}"


def apart(make: Callable[[], T]) -> T:
    """Return what `make` returns, or raise the JugError that it raises, in a child that is forked for it.

    Modules that it imports, threads, memory, changes of the environment end with the child, so the next call begins as
    this one did. Whatever ends this process, or raises here, ends the child, too.

    Raises:
        LostError: The child ended otherwise.
    """
    with open(os.memfd_create("answer"), "w+b") as answer:
        own = os.getpid()
        pid = _fork()
        if pid == 0:
            _answer(make, answer, own)
        code = _reap(pid)
        if code:
            raise LostError(code)
        answer.seek(0)
        is_well, found = pickle.load(answer)  # of our own child
    if is_well:
        return found  # type: ignore[no-any-return]
    raise found


def _fork() -> int:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of threads: NumPy's, which it makes anew in a child
        return os.fork()


def _answer(make: Callable[[], object], answer: IO[bytes], parent: int) -> NoReturn:
    """Write what `make` brings, and end; what was registered to be done at the end is the parent's to do."""
    code = 1
    try:
        end_with_parent(signal.SIGKILL, parent)
        try:
            found = True, make()
        except JugError as error:
            found = False, error
        pickle.dump(found, answer, pickle.HIGHEST_PROTOCOL)
        answer.flush()
        code = 0
    finally:
        os._exit(code)


def _reap(pid: int) -> int:
    """Wait for the child and return how it ended: its exit code, or minus its signal."""
    try:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    except BaseException:  # a signal
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        raise
