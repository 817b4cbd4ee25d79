"""Settings in layers: built-in < /etc < home < project < environment < command line; each knows its origin."""

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
    "beat": 15.0,  # [s] between two beats of a worker
    "lag": 60.0,  # [s] the longest that the file system's cache may hide a change
    "ttl": 180.0,  # [s] without a beat, after which a worker is dead
    "scheduler": None,  # slurm, pbs or local; None to look what is there
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
    for path in (site, home / ".config" / FILE, *_project_files(folder)):
        if path.is_file():
            for key, value in _read(path).items():
                settings[_known(key, str(path))] = Setting(_typed(key, value, str(path)), str(path))
    for name, text in environ.items():
        key = name[len(PREFIX) :].lower()
        if name.startswith(PREFIX) and not _RUNTIME.fullmatch(key):
            settings[_known(key, name)] = Setting(_typed(key, text, name), f"environment: {name}")
    return settings


def _project_files(folder: Path) -> Iterator[Path]:
    """Yield the project's files, from the repository's root (or `folder` itself) downwards."""
    above = [folder, *folder.parents]
    root = next((i for i, place in enumerate(above) if (place / ".git").exists()), 0)
    for place in reversed(above[: root + 1]):
        yield place / FILE


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
    try:
        if isinstance(default, tuple):
            return tuple(str(line) for line in value) if isinstance(value, list) else tuple(str(value).splitlines())
        if isinstance(default, (int, float)):
            return type(default)(value)
    except (TypeError, ValueError):
        raise SettingError(f"{origin}: {key} must be a number, not {value!r}.") from None
    return None if value is None else str(value)
