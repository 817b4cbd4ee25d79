"""What a site may do to a folder with time, as far as its name and mount tell, and what the umask does to new files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from jughpc import host
from jughpc.app.doctor import mounts
from jughpc.app.doctor.finding import Finding, fine, warning
from jughpc.app.doctor.mounts import Mount

_SCRATCH = re.compile(r"(?i)(l|p|g|fast|local|global|lustre|beegfs|bee|gpfs|nv)?_?-?scratch[0-9]*|tmp|temp|shm|tmpwork")
"""How sites call what they delete old files from; `work` and `data` may be so, and often are not."""

_OWN = 0o700


def examine(folder: Path) -> Iterator[Finding]:
    """Yield what the umask lets others do, and whether old files here may be deleted."""
    yield judge_umask(host.umask())
    yield judge_purge(folder, mounts.find_mount(folder))


def judge_umask(mask: int) -> Finding:
    """Return what files look like that are made with this umask."""
    topic, shown = "umask", f"{mask:03o}"
    if mask & _OWN:
        return warning(
            topic, f"{shown} takes from you what you make yourself", "Set it anew where you log in: umask 022"
        )
    if not mask & 0o002:
        advice = "Set umask 022, or 002 where a group works together; jughpc refuses what anybody may write."
        return warning(topic, f"{shown} lets anybody write what you make", advice)
    group = "may write" if not mask & 0o020 else "may read" if not mask & 0o040 else "sees nothing of"
    others = "may read it" if not mask & 0o004 else "see nothing of it"
    return fine(topic, f"{shown}: your group {group} what you make, others {others}; a folder that says otherwise wins")


def judge_purge(folder: Path, mount: Mount | None) -> Finding:
    """Return whether `folder` is called as what is purged, and which times a purge could go by. No call tells more."""
    topic = "purge"
    named = next((part for part in folder.parts if _SCRATCH.fullmatch(part)), None)
    if named is None:
        return fine(
            topic, "no name in its path says that old files are deleted here; what your site does, it alone knows"
        )
    fact = f"{named} in its path often means that old files are deleted{_times(mount)}"
    return warning(topic, fact, "Ask your site after how long. `jughpc touch` keeps a jugdir young.")


def _times(mount: Mount | None) -> str:
    """Return what becomes of times of access."""
    if mount and "noatime" in mount.options:
        return "; mounted noatime: reading keeps none of them young"
    if mount and "relatime" in mount.options:
        return "; mounted relatime: reading keeps a file young once a day at most"
    return ""
