"""Site profiles: settings by name, of which those of one name hold, told by a setting or by this host's name.

What a profile says goes before the other lines of its file, and behind the files above it. What the administrators'
file locks is said there, or not at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from jughpc.config.files import Pairs
from jughpc.config.kinds import LINES
from jughpc.errors import SettingError

HOSTS, LOCKED = "hosts", "locked"
NONE = "none"
"""Which no profile is called: none is to hold."""


@dataclass(frozen=True)
class Layer:
    """What one file says.

    Attributes:
        pairs: Whatever profile holds.
        profiles: By name.
    """

    path: Path
    pairs: Pairs
    profiles: Mapping[str, Pairs]

    def said(self, profile: str) -> Iterator[tuple[str, Pairs]]:
        """Yield what it says where that profile holds, the lowest first, each with its origin for people."""
        yield str(self.path), _settings(self.pairs)
        if profile in self.profiles:
            yield f"{self.path}, profile {profile}", _settings(self.profiles[profile])

    def locked(self, profile: str) -> set[str]:
        """Return the settings that it locks. Raises SettingError."""
        lists = [_lines(self.path, pairs, LOCKED) for pairs in (self.pairs, self.profiles.get(profile, []))]
        return {word.strip().replace("-", "_") for words in lists for text in words for word in text.split(",")}

    def matching(self, host: str) -> str:
        """Return the first profile whose hosts `host` is among, "" if there is none. Raises SettingError."""
        names = {host, host.partition(".")[0]}
        for name, pairs in self.profiles.items():
            if any(fnmatchcase(one, text) for text in _lines(self.path, pairs, HOSTS) for one in names):
                return name
        return ""


def there(layers: Sequence[Layer]) -> list[str]:
    """Return the names of all profiles, in order."""
    return list(dict.fromkeys(name for layer in layers for name in layer.profiles))


def by_host(layers: Sequence[Layer], host: str) -> tuple[str, str]:
    """Return the profile that holds on `host`, and the origin of that for people; two empty texts if none does.

    The highest file of those that know this host tells. Raises SettingError.
    """
    for layer in reversed(layers):
        if name := layer.matching(host):
            return name, f"{layer.path}, by the name of {host}"
    return "", ""


def _settings(pairs: Pairs) -> Pairs:
    return [(key, raw) for key, raw in pairs if key not in (HOSTS, LOCKED)]


def _lines(path: Path, pairs: Pairs, name: str) -> tuple[str, ...]:
    try:
        return tuple(line for key, raw in pairs if key == name for line in LINES.read(raw))
    except SettingError as error:
        raise SettingError(f"{path}: {name}: {error}") from None
