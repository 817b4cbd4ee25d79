"""What the control group of this process allows, and counts: cores at a time, memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import NamedTuple

_CORES_V1 = ("cpu.cfs_quota_us", "cpu.cfs_period_us")
_UNBOUND = 1 << 60  # [bytes] of memory, by which v1 says that there is no limit


class Memory(NamedTuple):
    """Of a group, and of all that is in it.

    Attributes:
        limit: How much it may use [bytes].
        used: How much it uses, without what the kernel can take back from its files at once [bytes].
    """

    limit: int
    used: int


def out_of_memory_kills() -> int | None:
    """Return how many processes of this one's group were killed for lack of memory so far; None if it is not said.

    Source: memory.events of cgroup v2, memory.oom_control of v1.
    """
    for folder in _folders("memory"):
        for name in ("memory.events", "memory.oom_control"):
            if (count := _table(folder / name).get("oom_kill")) is not None:
                return count
    return None


def cores() -> float | None:
    """Return how many cores this process may use at a time, None for all. Source: cpu.max of v2, cfs_quota_us of v1."""
    found = [quota for folder in _upward("cpu") if (quota := _quota(folder)) is not None]
    return min(found, default=None)


def memory() -> Memory | None:
    """Return the memory of the group, of those around this process, that has least left; None if there is no limit."""
    found = [one for folder in _upward("memory") if (one := _memory(folder)) is not None]
    return min(found, key=lambda one: one.limit - one.used, default=None)


def _quota(folder: Path) -> float | None:
    words = _text(folder / "cpu.max").split() or [_text(folder / name).strip() for name in _CORES_V1]
    if len(words) != 2 or not all(word.isdecimal() for word in words) or int(words[1]) == 0:
        return None  # "max", or -1
    return int(words[0]) / int(words[1])


def _memory(folder: Path) -> Memory | None:
    limit = _text(folder / "memory.max").strip() or _text(folder / "memory.limit_in_bytes").strip()
    used = _text(folder / "memory.current").strip() or _text(folder / "memory.usage_in_bytes").strip()
    if not (limit.isdecimal() and used.isdecimal()) or int(limit) >= _UNBOUND:
        return None
    counts = _table(folder / "memory.stat")
    spare = sum(counts.get(f"total_{name}", counts.get(name, 0)) for name in ("inactive_file", "active_file"))
    return Memory(int(limit), max(0, int(used) - spare))


def _upward(controller: str) -> Iterator[Path]:
    """Yield the folders of this process's group for a controller, and of those around it as far as they are seen."""
    for folder, top in _places(controller):
        yield folder
        yield from (parent for parent in folder.parents if parent.is_relative_to(top))


def _folders(controller: str) -> Iterator[Path]:
    return (folder for folder, _ in _places(controller))


def _places(controller: str) -> Iterator[tuple[Path, Path]]:
    """Yield where this process's group is for a controller, with where its kind is mounted."""
    for line in _text("/proc/self/cgroup").splitlines():
        number, kinds, group = line.split(":", 2)
        if number != "0" and controller not in kinds.split(","):
            continue
        if place := _mounted("cgroup2", "") if number == "0" else _mounted("cgroup", controller):
            yield Path(place + group) if PurePosixPath(group) != PurePosixPath("/") else Path(place), Path(place)


def _mounted(kind: str, option: str) -> str:
    """Return where a file system of that kind is mounted, with that option; "" if it is not."""
    for line in _text("/proc/self/mountinfo").splitlines():
        here, _, there = line.partition(" - ")
        if there.split()[0] == kind and (not option or option in there.split()[-1].split(",")):
            return here.split()[4]
    return ""


def _table(path: Path) -> dict[str, int]:
    pairs = (line.split() for line in _text(path).splitlines())
    return {words[0]: int(words[1]) for words in pairs if len(words) == 2 and words[1].isdecimal()}


def _text(path: Path | str) -> str:
    with suppress(OSError):
        return Path(path).read_text(errors="surrogateescape")
    return ""
