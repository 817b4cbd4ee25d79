"""The one place that starts commands and looks at processes."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from jughpc.batch.scheduler import Reply
from jughpc.errors import CommandMissingError, CommandTimeoutError
from jughpc.exitcode import after_signal

# An outer job's or a site module's variables would speak louder than our scripts (sbatch(1): "environment
# variables will override any options set in a batch script"), or change what the commands print.
SCRUBBED = ("SBATCH_", "SLURM_", "SQUEUE_", "SCANCEL_", "SCONTROL_", "SRUN_", "PMI", "PBS_DPREFIX")

# Where the cluster is and who asks; and a user's standing choices, which an explicit option still overrides.
LOCATION = ("SLURM_CONF", "SLURM_CONF_SERVER", "SLURM_JWT", "SLURM_CLUSTERS", "SBATCH_CLUSTERS")
CHOICES = ("SBATCH_ACCOUNT", "SBATCH_PARTITION", "SBATCH_QOS", "SBATCH_RESERVATION")


def environment(given: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return `given` (default: this process's) without what would change a scheduler command's meaning."""
    source = os.environ if given is None else given
    kept = LOCATION + CHOICES
    return {key: value for key, value in source.items() if key in kept or not key.startswith(SCRUBBED)}


def run(argv: Sequence[str], timeout: float = 150.0, env: Mapping[str, str] | None = None) -> Reply:
    """Run `argv` to its end and return what it answered, whatever its exit code.

    Args:
        timeout: [s]. The default outlasts sbatch, which tries again by itself for 120 s.
        env: Its environment before scrubbing; default: this process's.
    Raises:
        CommandMissingError: There is no such command.
        CommandTimeoutError: It did not end in time and was killed; it may have done its work.
    """
    process = _start(argv, environment(env))
    try:
        stdout, stderr = process.communicate(timeout=timeout)
    except BaseException as error:
        _end(process)
        if isinstance(error, subprocess.TimeoutExpired):
            raise CommandTimeoutError(tuple(argv), timeout) from None
        raise
    return Reply(tuple(argv), process.returncode, stdout, stderr)


def identity() -> tuple[str, str]:
    """Return this process's user, by name if it has one, and this host's name."""
    try:
        user = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container may have no entry for its user
        user = str(os.getuid())
    return user, socket.gethostname()


def find_command(name: str) -> str | None:
    """Return the path of the command `name`, None if PATH has none."""
    return shutil.which(name)


class Process(NamedTuple):
    """A process of this host, told apart from a later one with the same pid.

    Attributes:
        start: When it began [clock ticks since boot].
    """

    pid: int
    start: int


def spawn(argv: Sequence[str], *, stdout: Path, env: Mapping[str, str], cwd: Path) -> Process:
    """Start `argv` in a session of its own, so that it outlives the caller and its terminal.

    Its output and errors are appended to `stdout`, it reads nothing, and `env` is passed as it is.

    Raises:
        CommandMissingError: There is no such command.
    """
    with stdout.open("ab") as log, _found(argv[0]):
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
    return _process(child.pid)


def myself() -> Process:
    """Return the process that asks."""
    return _process(os.getpid())


def alive(process: Process) -> bool:
    """Return whether `process` runs on this host; one that only waits to be reaped does not."""
    state, start = _stat(process.pid)
    return start == process.start and state not in ("Z", "X")


def group_alive(process: Process) -> bool:
    """Return whether anything is left of a spawned process and its offspring; what waits to be reaped is not."""
    if _stat(process.pid)[1] not in (0, process.start):
        return False  # the pid was given anew, so its group is gone
    # killpg(pid, 0) would count zombies, and in a container there may be nobody who reaps them
    pids = (int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit())
    return any(_in_group(pid, process.pid) for pid in pids)


def usable_cores() -> int:
    """Return how many cores this process may use. Source: sched_getaffinity(2), so taskset and cpusets count."""
    return len(os.sched_getaffinity(0))


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
    """Send signal `name` to a spawned process and its offspring; those that are gone are no error."""
    _, start = _stat(process.pid)
    if start in (0, process.start):  # 0: it is gone, but no pid is given anew while its group lives
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.Signals[f"SIG{name}"])


def _start(argv: Sequence[str], env: Mapping[str, str]) -> subprocess.Popen[str]:
    with _found(argv[0]):
        return subprocess.Popen(
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=env,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )


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


def _process(pid: int) -> Process:
    return Process(pid, _stat(pid)[1])


def _in_group(pid: int, group: int) -> bool:
    fields = _fields(pid)
    return fields[0] not in ("", "Z", "X") and int(fields[2]) == group


def _stat(pid: int) -> tuple[str, int]:
    """Return the state and start of a process; ("", 0) if it is gone."""
    fields = _fields(pid)
    return fields[0], int(fields[19])


def _fields(pid: int) -> list[str]:
    """Return what proc(5) says in stat, from the state on; the first is "" if the process is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ["", *["0"] * 19]
    return text[text.rindex(")") + 2 :].split()  # the name before it may hold blanks and brackets
