"""Settings in layers, each knowing its origin; docs/configuration.md tells them to people.

From the lowest: built in, jug's own files, /etc, home, project, environment. The command line is above all.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jughpc.errors import SettingError

FILE = "jughpc.yaml"
PREFIX = "JUGHPC_"
BUILT_IN = "built in"

DEFAULTS: Mapping[str, Any] = {
    "jugfile": "jugfile.py",  # taken where none is named and none was used yet
    "jugdir": "%(jugfile)s.jugdata",
    "keep_going": None,  # go on after a task failed; None is yes in arrays
    "short": False,  # print totals only
    "beat": 15.0,  # [s] between two beats of a worker
    "lag": 60.0,  # [s] the longest that the file system's cache may hide a change
    "ttl": 180.0,  # [s] without a beat, after which a worker is dead
    "scheduler": None,  # its name; None to look what is there
    "templates": None,  # a folder whose templates take the place of ours
    "partition": None,
    "account": None,
    "qos": None,
    "time": None,
    "mem": None,
    "cpus": None,
    "gpus": None,
    "throttle": None,
    "setup": (),  # lines of shell run before the worker starts
    "rounds": 2,  # repair arrays that the collector may submit
    "retries": 0,  # times that a task that fails is tried again
}

_JUGS = frozenset({"jugfile", "jugdir", "keep_going", "short"})
"""What jug's own files may say; the rest of what they hold means nothing here."""

_FLAGS = frozenset({"keep_going", "short"})
_NO = frozenset({"", "0", "false", "off", "no", "n"})

_RUNTIME = re.compile("owner|elements?|deadline|threads|local_.*|redis_password")
"""JUGHPC_* variables that scripts and supervisors set for workers: no settings."""


@dataclass(frozen=True)
class Setting:
    """A value and where it was said."""

    value: Any
    origin: str


Settings = Mapping[str, Setting]


def load(folder: Path, home: Path, environ: Mapping[str, str], site: Path = Path("/etc") / FILE) -> Settings:
    """Return all settings as they hold for `folder`. Raises SettingError that names file and key."""
    settings = {key: Setting(value, BUILT_IN) for key, value in DEFAULTS.items()}
    settings.update(_of_jug(folder, home))
    for path in (site, home / ".config" / FILE, *_project_files(folder)):
        if path.is_file():
            for key, value in _read(path).items():
                settings[_known(key, str(path))] = Setting(_typed(key, value, str(path)), str(path))
    for name, text in environ.items():
        key = name[len(PREFIX) :].lower()
        if name.startswith(PREFIX) and not _RUNTIME.fullmatch(key):
            settings[_known(key, name)] = Setting(_typed(key, text, name), f"environment: {name}")
    return settings


def _of_jug(folder: Path, home: Path) -> Settings:
    """Return what jug's own files say and jughpc has a setting for; the others it takes silently, as jug does."""
    found = {}
    at_home = (home / ".config" / "jug" / "jugrc", home / ".config" / "jugrc", home / ".jug" / "configrc")
    usual = [path for path in at_home if path.is_file()][:1]
    for path in (*usual, *_project_files(folder, "jugrc"), *_project_files(folder, ".jugrc")):
        if path.is_file():
            for key, value in _read_ini(path).items():
                found[key] = Setting(_typed(key, value, str(path)), str(path))
    return found


def _read_ini(path: Path) -> Mapping[str, str]:
    """Return the settings that an ini file of jug's tells. Raises SettingError."""
    import configparser  # here, for most runs find no such file

    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(path.read_text(encoding="utf-8"))
    except (configparser.Error, OSError, UnicodeDecodeError) as error:
        raise SettingError(f"{path} cannot be read: {error}") from error
    pairs = (pair for section in ("main", "execute") if parser.has_section(section) for pair in parser.items(section))
    named = {key.replace("-", "_"): value for key, value in pairs}
    return {key: value for key, value in named.items() if key in _JUGS}


def _project_files(folder: Path, name: str = FILE) -> Iterator[Path]:
    """Yield the project's files, from the repository's root (or `folder` itself) downwards."""
    above = [folder, *folder.parents]
    root = next((i for i, place in enumerate(above) if (place / ".git").exists()), 0)
    for place in reversed(above[: root + 1]):
        yield place / name


def _read(path: Path) -> Mapping[str, Any]:
    import yaml  # here, for most runs find no such file

    try:
        content = yaml.safe_load(path.read_text())
    except (yaml.YAMLError, OSError, UnicodeDecodeError) as error:
        raise SettingError(f"{path} cannot be read: {error}") from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise SettingError(f"{path} must hold lines like `partition: long`, not a {type(content).__name__}.")
    return {str(key).replace("-", "_"): value for key, value in content.items()}


def _known(key: str, origin: str) -> str:
    if key in DEFAULTS:
        return key
    near = difflib.get_close_matches(key, DEFAULTS, n=3, cutoff=0.5) or sorted(DEFAULTS)
    raise SettingError(f"{origin}: there is no setting {key!r}; did you mean {', '.join(near)}?")


def _typed(key: str, value: Any, origin: str) -> Any:
    """Return `value` in the type of its key's default; what has no default type stays text."""
    default = DEFAULTS.get(key)
    if key in _FLAGS:
        return str(value).lower() not in _NO
    try:
        if isinstance(default, tuple):
            return tuple(str(line) for line in value) if isinstance(value, list) else tuple(str(value).splitlines())
        if isinstance(default, (int, float)):
            return type(default)(value)
    except (TypeError, ValueError):
        raise SettingError(f"{origin}: {key} must be a number, not {value!r}.") from None
    return None if value is None else str(value)
