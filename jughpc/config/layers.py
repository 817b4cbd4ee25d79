"""All layers together: who says a setting last wins, and all that is wrong is told at once.

From the lowest: built in, jug's own files, /etc, home, project, environment, command line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from jughpc.config.files import FILE, Pairs, at_home, read_ini, read_yaml, upward
from jughpc.config.kinds import Raw
from jughpc.config.pace import too_short
from jughpc.config.settings import COMMAND_LINE, Settings, named
from jughpc.config.trust import Trust
from jughpc.errors import SettingError

PREFIX = "JUGHPC_"
SITE = Path("/etc") / FILE

_RUNTIME = "owner|submission|run|elements?|worker|deadline|disk|end|threads|local_.*|redis_password|notice_.*"
"""JUGHPC_* variables that scripts and supervisors set for workers: no settings."""


class Said(NamedTuple):
    """One setting as one layer says it.

    Attributes:
        origin: The layer's name, for people.
        place: The same with the key, if that is not in it.
    """

    name: str
    raw: Raw
    origin: str
    place: str


def load(
    folder: Path,
    home: Path,
    environ: Mapping[str, str],
    given: Mapping[str, Raw] = {},
    *,
    site: Path = SITE,
    trust: Trust | None = None,
) -> Settings:
    """Return the settings as they hold for `folder`.

    Args:
        given: What the command line says.
        trust: Whose files are believed; by default anybody's.
    Raises:
        SettingError: Something is wrong; its text tells all of it, each with its origin and what to write.
    """
    wrong: list[str] = []
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for said in _all(folder, home, environ, given, site, wrong, trust):
        _read(said, values, origins, wrong)
    settings = Settings(**values, origins=origins)
    if not wrong and (words := too_short(settings.beat, settings.lag, settings.ttl)):
        wrong.append(f"{words} {_told(settings, ('beat', 'lag', 'ttl'))}")
    if wrong:
        raise SettingError(wrong[0] if len(wrong) == 1 else "\n  ".join([f"{len(wrong)} settings are wrong:", *wrong]))
    return settings


def _read(said: Said, values: dict[str, Any], origins: dict[str, str], wrong: list[str]) -> None:
    kind = named()[said.name].kind
    try:
        value = kind.read(said.raw)
        values[said.name] = kind.add(values[said.name], value) if kind.add and said.name in values else value
        origins[said.name] = said.origin
    except SettingError as error:
        wrong.append(f"{said.place}: {error}")


def _all(
    folder: Path,
    home: Path,
    environ: Mapping[str, str],
    given: Mapping[str, Raw],
    site: Path,
    wrong: list[str],
    trust: Trust | None,
) -> Iterator[Said]:
    """Yield what is said, from the lowest layer to the highest; put into `wrong` what cannot even be read."""
    for path in (*at_home(home), *upward(folder, "jugrc"), *upward(folder, ".jugrc")):
        pairs = _pairs(read_ini, path, wrong, trust)
        yield from _known([(key, raw) for key, raw in pairs if key in named() and named()[key].is_jugs], path, wrong)
    for path in (site, home / ".config" / FILE, *upward(folder, FILE)):
        yield from _known(_pairs(read_yaml, path, wrong, trust), path, wrong)
    yield from _of_environment(environ, wrong)
    for name, raw in given.items():
        origin = COMMAND_LINE + named()[name].option
        yield Said(name, raw, origin, origin)


def _pairs(read: Callable[[Path], Pairs], path: Path, wrong: list[str], trust: Trust | None) -> Pairs:
    if trust and (objection := trust.objection(path)):
        wrong.append(objection)
        return []
    try:
        return read(path)
    except SettingError as error:
        wrong.append(str(error))
        return []


def _known(pairs: Pairs, path: Path, wrong: list[str]) -> Iterator[Said]:
    """Yield what a file says, but for keys that are no settings, or stand there twice."""
    origin, seen = _printable(str(path)), set[str]()
    for key, raw in pairs:
        if key not in named():
            wrong.append(f"{origin}: {_no_such(key)}")
        elif key in seen:
            wrong.append(f"{origin}: {key} stands there twice; leave one of the two.")
        else:
            yield Said(key, raw, origin, f"{origin}: {key}")
        seen.add(key)


def _of_environment(environ: Mapping[str, str], wrong: list[str]) -> Iterator[Said]:
    for variable, text in environ.items():
        key = variable[len(PREFIX) :].lower()
        if not variable.startswith(PREFIX) or re.fullmatch(_RUNTIME, key):
            continue
        origin = f"environment: {_printable(variable)}"
        if key in named():
            yield Said(key, text, origin, origin)
        else:
            wrong.append(f"{origin}: {_no_such(key)}")


def _no_such(key: str) -> str:
    import difflib  # here, for most runs make no such mistake

    near = difflib.get_close_matches(key, named(), n=3, cutoff=0.5)
    hint = f"did you mean {', '.join(near)}?" if near else f"there are {', '.join(sorted(named()))}."
    return f"there is no setting {key!r}; {hint}"


def _told(settings: Settings, names: Iterable[str]) -> str:
    return f"({'; '.join(f'{name} {settings.shown(name)}: {settings.origin(name)}' for name in names)})"


def _printable(text: str) -> str:
    """Return `text` with what no terminal can show, bytes that were not UTF-8, spelt out."""
    return text.encode(errors="backslashreplace").decode()
