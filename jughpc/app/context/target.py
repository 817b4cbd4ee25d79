"""Which jugfile a command means: the one named, the one last used here, or the only one there is."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from jughpc.aside import put
from jughpc.blake import blake2b
from jughpc.config.trust import Trust
from jughpc.errors import JugfileNotFoundError, SettingError, UsageError
from jughpc.fs import OsFiles
from jughpc.jsonfile import read_json
from jughpc.store.location import Folder, Location, Memory, Server, parse

MEMORY = ".jughpc"  # a file in the folder where commands are typed


@dataclass(frozen=True)
class Target:
    """What a command works on.

    Attributes:
        jugfile: Its path as it was named.
        location: Where the store lies.
        args: The jugfile's own arguments.
        chosen: How the jugfile was chosen, "" if it was named.
        source: Where its text lies as it was submitted; None to read it from the jugfile.
    """

    jugfile: Path
    location: Location
    args: tuple[str, ...] = ()
    chosen: str = ""
    source: Path | None = None

    @property
    def place(self) -> Path:
        """Where the text is read from."""
        return self.source or self.jugfile

    def is_there(self) -> bool:
        """Return whether there is a text to read; what was submitted is not asked for, but read."""
        return self.source is not None or self.jugfile.is_file()


@dataclass(frozen=True)
class Usual:
    """What is taken for what is not named.

    Attributes:
        jugfile: Where none was used yet.
        jugdir: With ``%(jugfile)s`` and ``%(date)s`` in it.
        date: What is filled in for the latter.
    """

    jugfile: str = "jugfile.py"
    jugdir: str = "%(jugfile)s.jugdata"
    date: str = ""


def choose(
    folder: Path, jugfile: str | None, jugdir: str | None, args: Sequence[str], usual: Usual, trust: Trust | None = None
) -> Target:
    """Return what to work on, of those whom `trust` trusts. Raises JugfileNotFoundError that lists what there is.

    Raises also: SettingError, TrustError.
    """
    target = _chosen(folder, jugfile, jugdir, args, usual, trust)
    if trust:
        trust.check(target.jugfile)
        trust.check_imports(target.jugfile.parent)
        if isinstance(target.location, Folder):
            trust.check(target.location.path)
        if isinstance(target.location, Memory) and target.location.path:
            trust.check(target.location.path)
    return target


def _chosen(
    folder: Path, jugfile: str | None, jugdir: str | None, args: Sequence[str], usual: Usual, trust: Trust | None
) -> Target:
    if jugfile is not None:
        return Target(Path(jugfile), resolve(jugdir or usual.jugdir, jugfile, usual.date), tuple(args))
    if trust:
        trust.check(folder / MEMORY)
    if last := _recall(folder):
        where = resolve(jugdir, last.jugfile, usual.date) if jugdir else parse(last.jugdir)
        return Target(Path(last.jugfile), where, tuple(args) or last.args, "the one last used in this folder")
    if (folder / usual.jugfile).is_file():
        where = resolve(jugdir or usual.jugdir, usual.jugfile, usual.date)
        return Target(Path(usual.jugfile), where, tuple(args), "the usual name")
    raise JugfileNotFoundError(_what_there_is(folder))


def named(target: Target) -> str:
    """Return what a command typed in this folder is to be told so that it means `target`, each word after a blank."""
    usual = resolve(Usual().jugdir, str(target.jugfile), "")
    is_usual = target.location == usual or _absolute(target.location) == _absolute(usual)
    jugdir = [] if target.chosen or is_usual else ["--jugdir", target.location.spell()]
    words = [] if target.chosen else [str(target.jugfile), *target.args]
    return "".join(f" {word}" for word in map(shlex.quote, [*jugdir, *words]))


def _absolute(location: Location) -> Path | None:
    return location.path.absolute() if isinstance(location, Folder) else None


def resolve(pattern: str, jugfile: str, date: str) -> Location:
    """Return the jugdir with ``%(jugfile)s`` and ``%(date)s`` filled in. Raises SettingError, JugdirError."""
    stem = jugfile[:-3] if jugfile.endswith(".py") else jugfile
    filled = pattern.replace("%(jugfile)s", stem).replace("%(date)s", date)
    if "%(" in filled.replace(stem, ""):
        raise SettingError(f"--jugdir {pattern}: only %(jugfile)s and %(date)s are filled in.")
    if pattern.startswith("%(") and ":" in stem.partition("/")[0]:
        filled = f"./{filled}"  # the jugfile's name is no address
    return parse(_with_namespace(filled, Path(stem)) if filled.startswith(("redis:", "rediss:")) else filled)


def _with_namespace(address: str, stem: Path) -> str:
    """Return the address of a redis store with a namespace of the jugfile's own, if it names none."""
    if "?" in address:
        return address
    place = blake2b(str(stem.absolute()).encode(errors="surrogatepass"), digest_size=4).hexdigest()
    name = stem.name.encode(errors="backslashreplace").decode()
    return f"{address}?namespace={quote(name, safe='')}-{place}"


def remember(folder: Path, target: Target, say: Callable[[str], None]) -> None:
    """Take note that `target` was used here; a folder that cannot be written to has no memory.

    Args:
        say: Takes a line on a password, which is not kept.
    """
    if isinstance(target.location, Server) and target.location.address.password is not None:
        from jughpc.store.redis.server import PASSWORD, PASSWORD_FILE

        ways = f"set {PASSWORD}, or write it to ~/{PASSWORD_FILE}"
        say(f"the password of {target.location} is not kept in {MEMORY}: {ways}")
    fields = {"jugfile": str(target.jugfile), "jugdir": target.location.spell(), "args": target.args}
    with suppress(OSError):
        put(folder / MEMORY, json.dumps(fields) + "\n")


@contextmanager
def remembering(folder: Path, target: Target, say: Callable[[str], None]) -> Iterator[None]:
    """Remember `target` from the start of the block on, for who is killed in it; not if it was refused."""
    path = folder / MEMORY
    try:
        before = path.read_text()
    except (OSError, ValueError):
        before = None
    remember(folder, target, say)
    try:
        yield
    except UsageError:
        with suppress(OSError):
            path.unlink() if before is None else put(path, before)
        raise


class _Last(NamedTuple):
    jugfile: str
    jugdir: str
    args: tuple[str, ...]


def _recall(folder: Path) -> _Last | None:
    try:
        fields = read_json(OsFiles(folder), MEMORY)
        last = _Last(fields["jugfile"], fields["jugdir"], tuple(fields["args"]))
        texts = (last.jugfile, last.jugdir, *last.args)
        is_ours = isinstance(fields["args"], list) and all(isinstance(one, str) and "\0" not in one for one in texts)
        return last if is_ours and (folder / last.jugfile).is_file() else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _what_there_is(folder: Path) -> str:
    found = sorted(path.name for path in folder.glob("*.py") if _may_be_jugfile(path))
    if not found:
        return f"there is no jugfile in {folder}. Name one: jughpc COMMAND JUGFILE"
    return f"which jugfile? Found in {folder}: {', '.join(found)}. Name one: jughpc COMMAND {found[0]}"


def _may_be_jugfile(path: Path) -> bool:
    try:
        text = path.read_text(errors="replace")
    except OSError:
        return False
    return "import jug" in text or "from jug" in text
