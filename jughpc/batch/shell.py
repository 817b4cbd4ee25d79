"""The one place that starts commands and ends what it started."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn

from jughpc import host
from jughpc.batch.scheduler import Reply
from jughpc.errors import CommandMissingError, CommandTimeoutError, CommandUnstartedError, SchedulerError
from jughpc.exitcode import after_signal
from jughpc.host import Process
from jughpc.inode import Sharing
from jughpc.units import show_seconds

LONG = 10.0  # [s] after which people are told that a command has not answered

_NO_PROGRAM = frozenset({
    errno.ENOEXEC, errno.ENOTDIR, errno.ELOOP, errno.EPERM, errno.ENAMETOOLONG, errno.EISDIR, errno.ELIBBAD,
})  # fmt: skip
"""What the system says of a file that it will never run; of anything else it may think better."""


def run(
    argv: Sequence[str],
    timeout: float | None = 150.0,
    env: Mapping[str, str] | None = None,
    tell: Callable[[str], None] | None = None,
    long: float = LONG,
    said: str | None = None,
) -> Reply:
    """Run `argv` to its end and return what it answered, whatever its exit code.

    Args:
        timeout: [s], None for none. The default outlasts sbatch, which tries again by itself for 120 s.
        env: Its environment; default: this process's.
        tell: Takes a line on a command that has not answered for `long` [s], with what it said by then.
        said: What it reads, None for nothing.
    Raises:
        CommandMissingError: There is no such command that could be run here.
        CommandUnstartedError: It could not be started now; it has done nothing.
        CommandTimeoutError: It did not end in time and was killed; it may have done its work.
    """
    process = _start(argv, env, reads=said is not None)
    try:
        if tell is None or timeout is None or long >= timeout:
            stdout, stderr = process.communicate(said, timeout=timeout)
        else:
            stdout, stderr = _answer(process, timeout, tell, long)
    except BaseException as error:
        _end(process)
        if isinstance(error, subprocess.TimeoutExpired):
            raise CommandTimeoutError(tuple(argv), error.timeout) from None
        raise
    return Reply(tuple(argv), process.returncode, stdout, stderr)


def _answer(
    process: subprocess.Popen[str], timeout: float, tell: Callable[[str], None], long: float
) -> tuple[str, str]:
    """Return what a command puts out; if it takes `long`, say that it is waited for, and what it said last."""
    try:
        return process.communicate(timeout=long)
    except subprocess.TimeoutExpired as error:
        said = bytes(error.stderr or b"").decode(errors="replace").strip().splitlines()
        words = said[-1] if said else f"{Path(error.cmd[0]).name} has not answered"
        tell(f"{words} ({show_seconds(long)} so far; it is waited for {show_seconds(timeout)}, ^C ends that)")
    return process.communicate(timeout=timeout - long)


def command_path(name: str) -> str | None:
    """Return the path of the command `name`, None if PATH has none."""
    return shutil.which(name)


def spawn(argv: Sequence[str], *, stdout: Path, env: Mapping[str, str], cwd: Path) -> Process:
    """Start `argv` in a session of its own, so that it outlives the caller and its terminal.

    Its output and errors are appended to `stdout`, who sees its folder sees it, it reads nothing, and `env` is passed
    as it is.

    Raises:
        CommandMissingError: There is no such command.
    """
    handle = Sharing.of(stdout.parent).create(str(stdout), os.O_APPEND)  # not through a link that was planted there
    with open(handle, "ab") as log, _found(argv[0]):
        child = subprocess.Popen(
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=dict(env),
            cwd=cwd,
            start_new_session=True,
        )
    child.returncode = 0  # not ours to wait for: this keeps Popen from warning when it is collected
    return host.process(child.pid)


def reap(child: Process) -> int | None:
    """Return the exit code of a spawned child, 128 + n for signal n; None while it runs.

    Only its parent may ask, and gets the code once.
    """
    pid, status = os.waitpid(child.pid, os.WNOHANG)
    if not pid:
        return None
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else after_signal(-code)


def kill(process: Process, name: str = "TERM") -> None:
    """Send signal `name` to a spawned process and its offspring; those that are gone are no error.

    Nothing else is reached: not by a pid that was given anew, nor by one that a damaged file names.
    """
    if host.may_signal(process):  # its leader may be gone, but no pid is given anew while its group lives
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.Signals[f"SIG{name}"])


class SignalledError(KeyboardInterrupt):
    """This process was told to end, as by ^C, but by another signal.

    Attributes:
        number: The signal's.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@contextmanager
def heeding_signals() -> Iterator[None]:
    """Let HUP and TERM end the block as ^C does, by an exception: what it had begun can then be taken back.

    Each signal raises again: one that hangs in taking back can still be ended. Main thread only.

    Raises:
        SignalledError: One came.
    """

    def heed(number: int, _frame: object) -> NoReturn:
        raise SignalledError(number)

    before = {number: signal.getsignal(number) for number in (signal.SIGHUP, signal.SIGTERM)}
    before = {number: handler for number, handler in before.items() if handler is not signal.SIG_IGN}  # nohup
    try:
        for number in before:
            signal.signal(number, heed)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _start(argv: Sequence[str], env: Mapping[str, str] | None, *, reads: bool) -> subprocess.Popen[str]:
    try:
        with _found(argv[0]):
            return subprocess.Popen(
                list(argv),
                stdin=subprocess.PIPE if reads else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=env,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,
            )
    except OSError as error:
        raise _unstarted(argv[0], error) from error


def _unstarted(command: str, error: OSError) -> SchedulerError:
    if error.errno in _NO_PROGRAM:
        return CommandMissingError(command, error.strerror or "")
    return CommandUnstartedError(command, error.strerror or str(error))


@contextmanager
def _found(command: str) -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, PermissionError) as error:
        if error.filename != command:  # it may also be the folder to start in
            raise
        raise CommandMissingError(command) from error


def _end(process: subprocess.Popen[str]) -> None:
    """Kill the whole session: a site's wrapper may have the real command as its child."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    with process:  # closes the pipes and waits
        pass
