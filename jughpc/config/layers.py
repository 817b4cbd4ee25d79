"""All layers together: who says a setting last wins, and all that is wrong is told at once.

From the lowest: built in, jug's own files, /etc, home, project, environment, command line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from jughpc.config.files import FILE, Pairs, Written, at_home, read_ini, read_yaml, upward
from jughpc.config.kinds import Raw
from jughpc.config.pace import too_short
from jughpc.config.profiles import LOCKED, NONE, Layer, by_host, there
from jughpc.config.settings import COMMAND_LINE, Settings, named
from jughpc.config.trust import Trust
from jughpc.errors import SettingError
from jughpc.host import hostname

T = TypeVar("T")

PREFIX = "JUGHPC_"
SITE = Path("/etc") / FILE

_PROFILE, _IN_JOB = f"{PREFIX}PROFILE", f"{PREFIX}END"  # variables

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
    here: str = "",
) -> Settings:
    """Return the settings as they hold for `folder`.

    Args:
        given: What the command line says.
        here: The name of this host, "" to ask for it.
        trust: Whose files are believed; by default anybody's.
    Raises:
        SettingError: Something is wrong; its text tells all of it, each with its origin and what to write.
    """
    wrong: list[str] = []
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    layers = [_layer(path, wrong, trust) for path in _files(folder, home, site)]
    profile, why = _profile(layers, environ, given, here or hostname(), wrong)
    every = list(_all(folder, home, environ, given, layers, profile, wrong, trust))
    if profile and not any(said.name == "profile" for said in every):
        every.append(Said("profile", profile, why, why))
    for said in _unlocked(every, layers, profile, wrong):
        _read(said, values, origins, wrong)
    settings = Settings(**values, origins=origins)
    if not wrong and (words := too_short(settings.beat, settings.lag, settings.ttl)):
        wrong.append(f"{words} {_told(settings, ('beat', 'lag', 'ttl'))}")
    if wrong:
        raise SettingError(wrong[0] if len(wrong) == 1 else "\n  ".join([f"{len(wrong)} settings are wrong:", *wrong]))
    return settings


def profiles(folder: Path, home: Path, *, site: Path = SITE, trust: Trust | None = None) -> list[str]:
    """Return the names of the profiles in all files that hold for `folder`."""
    return there([_layer(path, [], trust) for path in _files(folder, home, site)])


def _files(folder: Path, home: Path, site: Path) -> list[Path]:
    """Return our own files that hold for `folder`, the lowest layer first."""
    return [site, home / ".config" / FILE, *upward(folder, FILE)]


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
    layers: Sequence[Layer],
    profile: str,
    wrong: list[str],
    trust: Trust | None,
) -> Iterator[Said]:
    """Yield what is said, from the lowest layer to the highest; put into `wrong` what cannot even be read."""
    for path in (*at_home(home), *upward(folder, "jugrc"), *upward(folder, ".jugrc")):
        nothing: Pairs = []
        pairs = _pairs(read_ini, path, wrong, trust, nothing)
        jugs = [(key, raw) for key, raw in pairs if key in named() and named()[key].is_jugs]
        yield from _known(jugs, str(path), wrong)
    for layer in layers:
        for origin, pairs in layer.said(profile):
            yield from _known(pairs, origin, wrong)
    yield from _of_environment(environ, wrong)
    for name, raw in given.items():
        origin = COMMAND_LINE + named()[name].option
        yield Said(name, raw, origin, origin)


def _pairs(read: Callable[[Path], T], path: Path, wrong: list[str], trust: Trust | None, nothing: T) -> T:
    if trust and (objection := trust.objection(path)):
        wrong.append(objection)
        return nothing
    try:
        return read(path)
    except SettingError as error:
        wrong.append(str(error))
        return nothing


def _layer(path: Path, wrong: list[str], trust: Trust | None) -> Layer:
    written = _pairs(read_yaml, path, wrong, trust, Written())
    return Layer(path, written.pairs, written.profiles)


def _profile(
    layers: Sequence[Layer], environ: Mapping[str, str], given: Mapping[str, Raw], here: str, wrong: list[str]
) -> tuple[str, str]:
    """Return the profile that holds, "" for none, and where that was said."""
    told = [(raw, str(layer.path)) for layer in layers for key, raw in layer.pairs if key == "profile"]
    told += [(environ[_PROFILE], f"environment: {_PROFILE}")] if _PROFILE in environ else []
    told += [(given["profile"], f"{COMMAND_LINE}--profile")] if "profile" in given else []
    if not told:
        return _of_host(layers, here, wrong)
    raw, origin = told[-1]
    try:
        name = named()["profile"].kind.read(raw)
    except SettingError:  # it is told with all others
        return "", ""
    names = there(layers)
    if name not in names and name != NONE and _IN_JOB not in environ:  # a node may lack what a login host has in /etc
        known = f"there are {', '.join(names)}" if names else "no file here has any"
        wrong.append(f"{origin}: there is no profile {name!r}; {known}.")
    return ("", "") if name == NONE else (name, origin)


def _of_host(layers: Sequence[Layer], here: str, wrong: list[str]) -> tuple[str, str]:
    try:
        return by_host(layers, here)
    except SettingError as error:
        wrong.append(str(error))
        return "", ""


def _unlocked(every: Sequence[Said], layers: Sequence[Layer], profile: str, wrong: list[str]) -> Iterator[Said]:
    """Yield what may be said: of settings that the administrators' file locks only what that says."""
    first, *others = layers
    try:
        locked = first.locked(profile)
        stray = [str(layer.path) for layer in others if layer.locked(profile)]
    except SettingError as error:
        wrong.append(str(error))
        return
    wrong += [f"{place}: only {first.path} can lock settings; leave it out." for place in stray]
    wrong += [f"{first.path}: {LOCKED}: {_no_such(name)}" for name in sorted(locked - named().keys())]
    theirs = {said.name: said for said in every if said.origin in dict(first.said(profile))}
    for said in every:
        if said.name not in locked or said is theirs.get(said.name) or _is_same(said, theirs.get(said.name)):
            yield said
        elif said.origin not in dict(first.said(profile)):
            value = f"is {theirs[said.name].raw} in" if said.name in theirs else "is not to be said, by"
            wrong.append(f"{said.place}: {said.name} {value} {first.path}, which locks it; leave it out.")


def _is_same(one: Said, other: Said | None) -> bool:
    return other is not None and one.raw == other.raw


def _known(pairs: Pairs, place: str, wrong: list[str]) -> Iterator[Said]:
    """Yield what a file says, but for keys that are no settings, or stand there twice."""
    origin, seen = _printable(place), set[str]()
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
