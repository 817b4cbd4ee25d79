"""Which file system a folder lies on, how it is mounted, what is free on it, and its clock."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from jughpc.app.doctor.finding import Finding, failure, fine, warning
from jughpc.fs import Clock, OsFiles, free_space
from jughpc.units import show_memory

LOCAL = frozenset({"btrfs", "ext2", "ext3", "ext4", "f2fs", "overlay", "ramfs", "squashfs", "tmpfs", "xfs", "zfs"})
SHARED = frozenset({"beegfs", "ceph", "fuse.ceph", "gpfs", "lustre", "nfs", "nfs4", "panfs", "pvfs2", "wekafs"})

_SCARCE_BYTES, _SCARCE_FILES = 1 << 30, 20_000  # files: of a million small results
_SHOWN = re.compile("vers|proto|hard|soft|lookupcache|actimeo|ac[rd](eg|ir)m(in|ax)|nocto|noac|flock|localflock|ro")
_CACHE_LIMIT = 60.0  # [s] acregmax and acdirmax where none is shown. Source: nfs(5)
_CLOCK_OFF = 1.0  # [s]


@dataclass(frozen=True)
class Mount:
    """One line of what is mounted.

    Attributes:
        kind: ext4, nfs4, lustre, ...
        source: The device or server.
        point: Where.
        options: Of the mount and of the file system, "" for a flag.
    """

    kind: str
    source: str
    point: str
    options: Mapping[str, str]

    @property
    def cache(self) -> float:
        """The longest that an NFS client may keep what it knows of a file or folder [s]."""
        if "noac" in self.options:
            return 0.0
        limits = (self.options.get(key, _CACHE_LIMIT) for key in ("acregmax", "acdirmax"))
        return max(map(float, limits))


def mount_of(folder: Path, mountinfo: str) -> Mount | None:
    """Return the mount that `folder` (absolute, no links in it) lies on. Source: proc(5), mountinfo."""
    found = None
    for line in mountinfo.splitlines():
        mount = _parse(line)
        if mount and folder.is_relative_to(mount.point) and (not found or len(mount.point) >= len(found.point)):
            found = mount  # of two on one folder the later one hides the other
    return found


def find_mount(folder: Path) -> Mount | None:
    """Return the mount that `folder` lies on, None where that cannot be known."""
    try:
        return mount_of(folder.resolve(), Path("/proc/self/mountinfo").read_text(errors="surrogateescape"))
    except (OSError, RuntimeError):  # the latter is a loop of links
        return None


def examine(folder: Path, clock: Clock, lag: float, alone: bool) -> Iterator[Finding]:
    """Tell of the file system below `folder`, an empty one in which one file is made.

    Args:
        lag: The longest that a cache may hide a change, as workers believe [s].
        alone: Whether all workers run on this host.
    """
    mount = find_mount(folder)
    yield judge_kind(mount, alone)
    if mount and mount.kind.startswith("nfs"):
        yield judge_options(mount, lag)
    yield _space(folder)
    yield _clock(clock_ahead(folder, clock), mount)


def clock_ahead(folder: Path, clock: Clock) -> float:
    """Return how far the clock that stamps new files here is ahead of this host's [s], good to 10 ms."""
    before = clock.wall()
    OsFiles(folder).write("stamp", [])
    after = clock.wall()
    return (folder / "stamp").stat().st_mtime - (before + after) / 2


def _parse(line: str) -> Mount | None:
    head, _, tail = line.partition(" - ")
    fields, rest = head.split(), tail.split()
    if len(fields) < 6 or len(rest) < 3:
        return None
    pairs = (option.partition("=") for option in f"{fields[5]},{rest[2]}".split(","))
    return Mount(rest[0], _plain(rest[1]), _plain(fields[4]), {key: value for key, _, value in pairs})


def _plain(text: str) -> str:
    """Return `text` with its octal escapes resolved."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)


def judge_kind(mount: Mount | None, alone: bool) -> Finding:
    topic = "file system"
    if mount is None:
        return warning(topic, "what is mounted here cannot be told", "See `df -T .` yourself: it must be shared.")
    fact = f"{mount.kind}, {mount.source} at {mount.point}{_shown(mount)}"
    if mount.kind in SHARED or (alone and mount.kind in LOCAL):
        return fine(topic, fact)
    if mount.kind in LOCAL:
        advice = "Workers on other hosts do not see it. Name a folder on a shared file system: --jugdir DIR."
        return warning(topic, f"{fact}: it is this host's own", advice)
    advice = "It is not among those that jughpc knows; let two hosts try it: jughpc doctor --array 2."
    return warning(topic, fact, advice)


def _shown(mount: Mount) -> str:
    shown = [key + (value and f"={value}") for key, value in mount.options.items() if _SHOWN.fullmatch(key)]
    return f" ({','.join(shown)})" if shown else ""


def judge_options(mount: Mount, lag: float) -> Finding:
    topic, options = "mount options", mount.options
    if mount.cache > lag:
        fact = f"this client may keep what it knows for {mount.cache:g} s, and workers reckon with {lag:g} s"
        least = f"ttl above 2 * (beat + lag), lag at least {mount.cache:g}"
        return warning(topic, fact, f"Before the jugdir is made, set in jughpc.yaml: {least}.")
    if "nocto" in options:
        fact = f"nocto: a file that is opened may show what it held {mount.cache:g} s ago"
        return warning(topic, fact, "Nothing is lost by it, but ask for a mount without nocto: news would be quicker.")
    if "soft" in options or "softerr" in options:
        fact = "soft: when the server is away, calls fail instead of waiting"
        return warning(topic, fact, "Workers try failed writes again; tasks' own files may suffer. Ask for `hard`.")
    cached = "positive and negative" if options.get("lookupcache", "all") == "all" else options["lookupcache"]
    return fine(topic, f"look-ups are cached ({cached}) for {mount.cache:g} s at most, as workers reckon")


def _space(folder: Path) -> Finding:
    topic = "free space"
    size, files = free_space(folder)
    counted = "files are not counted here" if files is None else f"room for {files} files"
    fact = f"{show_memory(size)} and {counted}; a quota may leave you less"
    if not size or files == 0:
        return failure(topic, fact, "Make room; until then workers keep their results in hand and wait.")
    if size < _SCARCE_BYTES or (files is not None and files < _SCARCE_FILES):
        return warning(topic, fact, f"A million small results take some {_SCARCE_FILES} files. Make room in time.")
    return fine(topic, fact)


def _clock(ahead: float, mount: Mount | None) -> Finding:
    topic = "clock"
    whose = "this host's own, as always on Lustre" if mount and mount.kind == "lustre" else "the file server's"
    if abs(ahead) < _CLOCK_OFF:
        return fine(topic, f"the one that stamps files ({whose}) is {ahead:+.2f} s from ours")
    fact = f"the one that stamps files ({whose}) is {ahead:+.1f} s from ours"
    return warning(topic, fact, "jughpc compares no two clocks, but people do: logs will mislead. Ask for NTP.")
