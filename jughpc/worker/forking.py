"""What keeps a process that loaded a jugfile from being forked, as far as it can be found out."""

from __future__ import annotations

import re
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from jughpc import descriptors, host

_GPU = re.compile(r"/dev/(nvidia-uvm|kfd)")  # opened by who computes on one, not by who only counts them
_TERMINAL = re.compile(r"/dev/(pts/)?ptmx")  # the end of who started the program that sees it
_LOOP = "anon_inode:[eventpoll]"
_FILE = re.compile(r"/(?!dev/|proc/|sys/|memfd:|tmp/\.)")
_POOLS = re.compile(r"lib(gomp|iomp5|omp|tbb|mkl_(intel|gnu)_thread)\b")
_FORKABLE = re.compile(r"lib\w*openblas")  # ends its threads before a fork, and starts them anew when it needs them
_TRACKERS = (
    "multiprocessing.resource_tracker",
    "joblib.externals.loky.backend.resource_tracker",
    "loky.backend.resource_tracker",
)

SPAWN = "with --start spawn each loads the jugfile by itself"
_MOST = 3  # names told


@dataclass(frozen=True)
class Scene:
    """What a process has at one moment.

    Attributes:
        files: That are open, by descriptor, but for those that are only read: each worker does so by itself.
        threads: The names of Python's own that tasks may wait for.
        compiled: How many threads of compiled code there are.
        libraries: The names of what is mapped into it.
        connected: To how many servers it is connected over a network.
    """

    files: Mapping[int, str]
    threads: tuple[str, ...] = ()
    compiled: int = 0
    libraries: frozenset[str] = frozenset()
    connected: int = 0


def scene() -> Scene:
    """Return what this process has now."""
    own = threading.enumerate()
    names = tuple(thread.name for thread in own if not _is_idle(thread))
    compiled = max(0, host.threads() - len(own))
    trackers, there = _of_trackers(), descriptors.open_files().items()
    files = {n: path for n, path in there if n not in trackers and not descriptors.is_only_read(n)}
    connected = sum(path.startswith("socket:") and descriptors.is_connected(number) for number, path in files.items())
    return Scene(files, names, compiled, frozenset(host.mapped()) if compiled else frozenset(), connected)


def forbids(before: Scene, after: Scene) -> str:
    """Return why nothing may be forked of what was loaded between the two, "" if there is no such reason."""
    gpus = sorted({path for path in _opened(before, after) if _GPU.match(path)})
    if gpus:
        return f"the jugfile computes on a GPU while it is loaded ({gpus[0]} is open): no fork can go on"
    ends = Counter(path for path in _opened(before, after) if path.startswith("pipe:"))
    if max(ends.values(), default=0) > 1:  # of which forked workers would take each other's items, and results
        return "the jugfile makes a pool of processes, or a queue for some, which is of one process alone"
    if ends or any(map(_TERMINAL.fullmatch, _opened(before, after))):  # and of this the answers meant for others
        return "the jugfile starts a program that it talks to, by a pipe or a terminal of one process alone"
    if _LOOP in _opened(before, after):  # what one worker has it wait for wakes another
        return "the jugfile makes an event loop, which is of one process alone"
    if after.connected > before.connected:
        return (
            "the jugfile is connected to a server, and forked workers would get the answers to each other's questions"
        )
    if names := sorted(set(after.threads) - set(before.threads)):  # a task that hands them work would wait for ever
        return f"the jugfile started threads ({_some(names)}), which no fork has"
    return ""


def doubts(before: Scene, after: Scene, own: str) -> Iterator[str]:
    """Yield what workers that are forked now will not have, or will share, in words.

    Args:
        own: A folder whose files do not count, "" for none.
    """
    if after.compiled > before.compiled and (pools := _pools(after.libraries)):
        yield f"compiled code that the jugfile used runs threads ({_some(pools)}): if workers hang, {SPAWN}"
    opened = [path for path in _opened(before, after) if not (own and path.startswith(own))]
    if sockets := [path for path in opened if path.startswith("socket:")]:
        yield f"the jugfile keeps sockets open ({len(sockets)}), which all workers share; {SPAWN}"
    if files := sorted({path for path in opened if _FILE.match(path)}):
        yield f"the jugfile keeps files open to write ({_some(files)}): workers share the place in them; {SPAWN}"


def _is_idle(thread: threading.Thread) -> bool:
    """Return whether no task ever waits for `thread`: the main one, and who looks after progress bars for tqdm."""
    return thread is threading.main_thread() or type(thread).__module__.startswith("tqdm.")


def _of_trackers() -> set[int]:
    """Return the pipes to what removes shared memory in the end: all forks are meant to write to one."""
    modules = [sys.modules.get(name) for name in _TRACKERS]
    found = [getattr(getattr(module, "_resource_tracker", None), "_fd", None) for module in modules]
    return {number for number in found if isinstance(number, int)}


def _opened(before: Scene, after: Scene) -> list[str]:
    return [path for number, path in after.files.items() if before.files.get(number) != path]


def _pools(libraries: frozenset[str]) -> list[str]:
    """Return whose threads may be lost by a fork; what is not known is not known to be safe."""
    pools = sorted(name for name in libraries if _POOLS.match(name))
    return pools or ([] if any(map(_FORKABLE.match, libraries)) else ["of an unknown library"])


def _some(names: list[str]) -> str:
    return ", ".join([*names[:_MOST], "..."] if len(names) > _MOST else names)
