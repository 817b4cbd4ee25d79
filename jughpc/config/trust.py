"""Whose files are used: jugfiles, settings and results run code, so git's rule holds, made for clusters.

What this user or root owns, and not everybody may write, is used. All else is used only below a folder that
the user trusts: `jughpc trust DIR` keeps it in the user's own settings. That a group may write is the owner's wish.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from jughpc import host
from jughpc.aside import put
from jughpc.errors import TrustError

TRUSTED = Path(".config") / "jughpc.trusted"  # below the home folder: a folder a line


@dataclass(frozen=True)
class Trust:
    """Who is trusted here.

    Attributes:
        users: The ids of those whose files are used.
        folders: Those whose content is used, whoever wrote it (resolved).
        all_of_it: A job does as its submitter did, who was asked.
    """

    users: frozenset[int]
    folders: tuple[Path, ...] = ()
    all_of_it: bool = False

    def check(self, path: Path) -> None:
        """Return if `path`, a file or a folder, may be used, or is not there. Raises TrustError."""
        if objection := self.objection(path):
            raise TrustError(objection)

    def check_imports(self, folder: Path) -> None:
        """Return if what lies in `folder` may be imported. Raises TrustError where anybody may put modules there.

        The sticky bit keeps others from what lies there, and not from putting more beside it.
        """
        with suppress(OSError, RuntimeError):
            real = folder.resolve()
            if self._covers(real) or not real.stat().st_mode & stat.S_IWOTH:
                return
            raise TrustError(
                f"what lies in {real} would be imported, and anybody may put modules there. Work in a folder of your "
                f"own; or if you trust all who write there: jughpc trust {quote(str(real))}"
            )

    def objection(self, path: Path) -> str:
        """Return why `path` is not to be used, and what to do; "" if it may be, or is not there."""
        with suppress(OSError, RuntimeError):  # who cannot look, or meets a loop of links, cannot read it either
            real = path.resolve()
            if self._covers(real):
                return ""
            for reason in self._reasons(real):
                folder = real if real.is_dir() else real.parent
                advice = f"If you trust all who write there: jughpc trust {quote(str(folder))}"
                return f"{path} is not used, for it could run code of others: {reason}. {advice}"
        return ""

    def _covers(self, real: Path) -> bool:
        return self.all_of_it or any(real.is_relative_to(folder) for folder in self.folders)

    def _reasons(self, path: Path) -> Iterator[str]:
        found = path.stat()
        if found.st_uid not in self.users:
            yield f"it belongs to {host.user_name(found.st_uid)}"
        if found.st_mode & stat.S_IWOTH:
            yield f"it belongs to {host.user_name(found.st_uid)} and anybody may write it"
        above = path.parent.stat()
        if above.st_mode & stat.S_IWOTH and not above.st_mode & stat.S_ISVTX:  # the sticky bit keeps others' hands off
            yield f"anybody may put another in its place in {path.parent}, of {host.user_name(above.st_uid)}"


def trust_of(home: Path, environ: Mapping[str, str], all_of_it: bool = False) -> Trust:
    """Return whom this user trusts: by `sudo` also the one who typed it. Raises TrustError if others may say that."""
    sudo = environ.get("SUDO_UID", "")
    own = {host.user_id(), 0} | ({int(sudo)} if host.user_id() == 0 and sudo.isdecimal() else set())
    alone = Trust(frozenset(own), all_of_it=all_of_it)
    return Trust(alone.users, tuple(_listed(home, alone)), all_of_it)


def add(home: Path, folder: Path) -> None:
    """Trust `folder` and all below from now on. Raises TrustError if its name would be two lines."""
    if "\n" in str(folder.resolve()):
        raise TrustError(f"{folder} has a line break in its name, so it cannot be trusted: rename it")
    path = (home / TRUSTED).resolve()  # it may be a link of the user's own
    path.parent.mkdir(parents=True, exist_ok=True)
    known = _lines(path) if path.is_file() else []
    if str(folder.resolve()) not in known:
        put(path, "".join(f"{line}\n" for line in (*filter(None, known), folder.resolve())))
    path.chmod(0o600)


def _listed(home: Path, alone: Trust) -> list[Path]:
    path = home / TRUSTED
    if not path.is_file():
        return []
    if not alone.all_of_it and any(alone._reasons(path.resolve())):
        raise TrustError(f"{path} says whom you trust, and others may write it; look at it and run: chmod 600 {path}")
    return [Path(line) for line in _lines(path) if line.startswith("/")]


def _lines(path: Path) -> list[str]:
    return path.read_bytes().decode(errors="surrogateescape").split("\n")
