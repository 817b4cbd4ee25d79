"""What this host, this process and other processes are: with `descriptors`, the readers of /proc.

A pid means something within one boot of one host, in one PID namespace; and of a process that is not seen there,
nothing is known unless it would be seen if it were there.
"""

from __future__ import annotations

import atexit
import enum
import os
import platform
import pwd
import stat
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

_SET_DEATH_SIGNAL = 1  # prctl(2), PR_SET_PDEATHSIG
_GONE = ("Z", "X")  # proc(5): a zombie, one that is dead; neither runs on
_STOPPED = "T"  # by a signal; "t" is by a debugger


class Process(NamedTuple):
    """A process of this host, told apart from a later one with the same pid.

    Attributes:
        start: When it began [clock ticks since boot].
    """

    pid: int
    start: int


class Sight(enum.Enum):
    """What a look at another process tells."""

    ALIVE = "it is there"
    GONE = "it would be seen if it were there, and is not"
    HIDDEN = "it may be there, where it cannot be seen"


@dataclass(frozen=True)
class Machine:
    """Where a pid means something: one host, since one boot, in one PID namespace."""

    host: str
    boot: str
    pids: str

    def same_pids(self, other: Machine) -> bool:
        """Return whether a pid means the same process on both."""
        return (self.boot, self.pids) == (other.boot, other.pids)

    def was_rebooted(self, now: Machine) -> bool:
        """Return whether `now` is this machine after another boot: nothing of before is alive."""
        return self.host == now.host and self.boot != now.boot

    @property
    def space(self) -> str:
        """Boot and PID namespace, short enough for a record."""
        return f"{self.boot[:8]}-{self.pids.strip('pid:[]')}"


def here() -> Machine:
    """Return where this process runs."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return Machine(hostname(), boot, os.readlink("/proc/self/ns/pid"))


def hostname() -> str:
    """Return this host's name."""
    return platform.node()


def umask() -> int:
    """Return the umask of this process."""
    mask = os.umask(0o77)  # there is no other way to read it that all kernels know
    os.umask(mask)
    return mask


@cache
def user() -> str:
    """Return whose process this is, by name if there is one: a container may have no entry for its user."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def user_id() -> int:
    """Return the effective user of this process."""
    return os.geteuid()


def user_name(uid: int) -> str:
    """Return the name of a user, the number if there is none here."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def is_own_folder(path: Path) -> bool:
    """Return whether `path` is a folder, no link to one, in which nobody but this user can have put anything."""
    try:
        found = path.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o022


def myself() -> Process:
    """Return the process that asks."""
    return process(os.getpid())


def end_with_parent(number: int, parent: int) -> None:
    """Have signal `number` sent to this process, a child of `parent`, as soon as that ends in any way."""
    import ctypes  # only now: few processes need it

    ctypes.CDLL(None).prctl(_SET_DEATH_SIGNAL, number)
    if os.getppid() != parent:  # it ended before
        os.kill(os.getpid(), number)


def at_my_end(f: Callable[..., Any], *args: Any) -> None:
    """Call `f` when this process ends; a child that it forks, and that ends as a program does, is another one."""
    atexit.register(_if_still, os.getpid(), f, *args)


def become(argv: list[str]) -> NoReturn:
    """Run another program in this process, which ends."""
    sys.stdout.flush()
    os.execv(argv[0], argv)  # noqa: S606  # no shell is meant


def process(pid: int) -> Process:
    """Return the process that has `pid` now; its start is 0 if there is none."""
    return Process(pid, _stat(pid)[1])


def alive(process: Process) -> bool:
    """Return whether `process` runs on this host; one that only waits to be reaped does not."""
    state, start = _stat(process.pid)
    return bool(state) and start == process.start and state not in _GONE


def is_stopped(pid: int) -> bool:
    """Return whether a process of this user stands still by a signal (SIGSTOP, SIGTSTP) until it gets SIGCONT."""
    return _stat(pid)[0] == _STOPPED


def sight(process: Process, of_user: str) -> Sight:
    """Return what a look at a process of `of_user` tells, which ran on this very `Machine`."""
    try:
        state, start = _stat(process.pid)
    except PermissionError:  # hidepid=1 shows that there is such a pid, and no more
        return Sight.HIDDEN
    if state and start == process.start and state not in _GONE:
        return Sight.ALIVE
    return Sight.GONE if start or can_see(of_user) else Sight.HIDDEN


def can_see(of_user: str) -> bool:
    """Return whether this process would see one of `of_user`, if there were one.

    Source: proc(5), hidepid: who may not trace a process does not see it; root of the first user namespace may.
    """
    return of_user == user() or _is_true_root() or not _hides_others()


def group_alive(process: Process) -> bool:
    """Return whether anything is left of a spawned process and its offspring; what waits to be reaped is not."""
    if _stat(process.pid)[1] not in (0, process.start):
        return False  # the pid was given anew, so its group is gone
    # killpg(pid, 0) would count zombies, and in a container there may be nobody who reaps them
    pids = (int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit())
    return any(_in_group(pid, process.pid) for pid in pids)


def may_signal(leader: Process) -> bool:
    """Return whether a signal to the group of `leader` reaches processes of this user's alone, and of that group.

    What a file says of a process is data: its pid is above 1, and whatever has it, or its group, now is ours.
    """
    try:
        start = _stat(leader.pid)[1]
    except PermissionError:  # hidepid=1: another user's
        return False
    if leader.pid <= 1 or leader.start <= 0 or start not in (0, leader.start):
        return False
    pids = (int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit())
    members = [pid for pid in pids if _in_group(pid, leader.pid)]
    return all(_owner(pid) in (None, os.geteuid()) for pid in members)


def wait_status(pid: int) -> int | None:
    """Return how `pid` ended, as waitpid(2) would say it; None if it did not, or its parent has reaped it by now."""
    fields = _fields(pid)
    return int(fields[49]) if fields[0] in _GONE and len(fields) > 49 else None  # proc(5), field 52


def usable_cores() -> int:
    """Return how many cores this process may use. Source: sched_getaffinity(2), so taskset and cpusets count."""
    return len(os.sched_getaffinity(0))


def cores() -> list[int]:
    """Return the numbers of the cores that this process may use, neighbours beside one another.

    Source: topology in sysfs: two hardware threads of a core have its number.
    """
    return sorted(os.sched_getaffinity(0), key=lambda number: (*_topology(number), number))


def has_nvidia() -> bool:
    """Return whether the driver of NVIDIA's GPUs is loaded here."""
    return Path("/proc/driver/nvidia").exists() or Path("/dev/nvidiactl").exists()


def threads() -> int:
    """Return how many threads this process has, those of compiled code included."""
    return len(os.listdir("/proc/self/task"))


def mapped() -> set[str]:
    """Return the names of the files, without their folders, that are mapped into this process: its libraries."""
    return {Path(fields[5]).name for line in _lines("/proc/self/maps") if len(fields := line.split()) > 5}


def measure(pid: int) -> tuple[int, float]:
    """Return resident set [bytes] and processor time [s] of `pid`, zeros if it is gone."""
    import psutil  # only now: it takes 10 ms, and a worker that ends before its second beat needs it not

    try:
        found = psutil.Process(pid)
        times = found.cpu_times()
        return found.memory_info().rss, times.user + times.system
    except psutil.Error:
        return 0, 0.0


def _topology(core: int) -> tuple[int, ...]:
    names = ("physical_package_id", "core_id")
    lines = [_lines(f"/sys/devices/system/cpu/cpu{core}/topology/{name}") for name in names]
    return tuple(int(told[0]) if told and told[0].isdecimal() else -1 for told in lines)


def _if_still(pid: int, f: Callable[..., Any], *args: Any) -> None:
    if os.getpid() == pid:
        f(*args)


def _lines(path: str) -> list[str]:
    with suppress(OSError):
        return Path(path).read_text(errors="surrogateescape").splitlines()
    return []


def _is_true_root() -> bool:
    return os.geteuid() == 0 and Path("/proc/self/uid_map").read_text().split() == ["0", "0", "4294967295"]


def _hides_others() -> bool:
    """Return whether /proc is mounted so that it hides the processes of others, or that cannot be known."""
    mounts = [line.split() for line in _lines("/proc/self/mountinfo")]
    options = [fields[-1].split(",") for fields in mounts if fields[4] == "/proc"]
    if not options:
        return True
    hiding = [option for option in options[-1] if option.startswith("hidepid=")]  # the last mount is on top
    return hiding not in ([], ["hidepid=0"], ["hidepid=off"])


def _in_group(pid: int, group: int) -> bool:
    try:
        fields = _fields(pid)
    except PermissionError:  # hidepid=1: another user's
        return False
    return fields[0] not in ("", *_GONE) and int(fields[2]) == group


def _owner(pid: int) -> int | None:
    """Return the effective user of a process, None if it is gone. Source: proc(5), status."""
    for line in _lines(f"/proc/{pid}/status"):
        if line.startswith("Uid:"):
            return int(line.split()[2])
    return None


def _stat(pid: int) -> tuple[str, int]:
    """Return the state and start of a process; ("", 0) if it is gone. Raises PermissionError."""
    fields = _fields(pid)
    return fields[0], int(fields[19])


def _fields(pid: int) -> list[str]:
    """Return what proc(5) says in stat, from the state on; the first is "" if the process is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ["", *["0"] * 19]
    return text[text.rindex(")") + 2 :].split()  # the name before it may hold blanks and brackets
