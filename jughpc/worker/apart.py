"""Do something in a process of its own, so that nothing of it stays in this one."""

from __future__ import annotations

import errno
import os
import pickle
import select
import signal
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import IO, NoReturn, TypeVar

from jughpc.errors import JugError
from jughpc.host import end_with_parent

T = TypeVar("T")

_LOOK = 1.0  # [s] the longest that a signal may wait for its handler


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
        if code := _run(make, answer):
            raise LostError(code)
        answer.seek(0)
        is_well, found = pickle.load(answer)  # of our own child
    if is_well:
        return found  # type: ignore[no-any-return]
    raise found


def _run(make: Callable[[], object], answer: IO[bytes]) -> int:
    """Have a child write its answer, and return how it ended: its exit code, or minus its signal."""
    own, pid = os.getpid(), None
    try:
        with _signals_acting_after():
            pid = _fork()
        if pid == 0:
            _answer(make, answer, own)
        _wait(pid)
    except BaseException:  # what a signal's handler raises
        if pid == 0:
            os._exit(1)
        if pid:
            os.kill(pid, signal.SIGKILL)
        raise
    finally:
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) if pid else 0
    return code


def _wait(pid: int) -> None:
    """Wait until a child ended, and leave it to be reaped.

    A signal that comes when Python has looked for signals, but the system does not wait yet, breaks off no wait: Python
    has to look again. Where the system has no descriptors of processes (Linux before 5.3), it acts as the child ends.
    """
    try:
        child = os.pidfd_open(pid)
    except OSError as error:
        if error.errno not in {errno.ENOSYS, errno.EPERM}:  # it may be what a signal's handler raises
            raise
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        return
    try:
        watched = select.poll()
        watched.register(child, select.POLLIN)
        while not watched.poll(_LOOK * 1000):
            pass
    finally:
        os.close(child)


@contextmanager
def _signals_acting_after() -> Iterator[None]:
    """Have signals do behind the block what they do: what their handlers raise in a hook of a fork would be swallowed.

    Each acts in the process to which it came, if the block forks. Blocking them would not do: other threads, NumPy's,
    take them then.
    """
    came: list[tuple[int, int]] = []
    with ExitStack() as undone:
        undone.callback(_act_on, came)
        if threading.current_thread() is threading.main_thread():  # elsewhere no handler ever runs
            for number in signal.valid_signals():
                if callable(handler := signal.getsignal(number)):
                    undone.callback(signal.signal, number, handler)
                    signal.signal(number, lambda number, frame: came.append((os.getpid(), number)))
        yield


def _act_on(came: Sequence[tuple[int, int]]) -> None:
    for pid, number in came:
        if pid == os.getpid():
            signal.raise_signal(number)


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
