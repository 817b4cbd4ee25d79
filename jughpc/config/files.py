"""The files that say settings: jug's ini files and our YAML, each read into texts that nobody understands yet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from jughpc.config.kinds import Odd, Raw
from jughpc.errors import SettingError

if TYPE_CHECKING:
    import yaml

FILE = "jughpc.yaml"

PROFILES = "profiles"

Pairs = list[tuple[str, Raw]]


@dataclass(frozen=True)
class Written:
    """What a YAML file says: of each folder that it is for, and in profiles, by name, of some hosts."""

    pairs: Pairs = field(default_factory=list)
    profiles: Mapping[str, Pairs] = field(default_factory=dict)


_MAPPING, _NULL = "tag:yaml.org,2002:map", "tag:yaml.org,2002:null"


def upward(folder: Path, name: str) -> Iterator[Path]:
    """Yield the project's files of that name, from the repository's root (or `folder` itself) downwards."""
    above = [folder, *folder.parents]
    root = next((i for i, place in enumerate(above) if _is_there(place / ".git")), 0)
    for place in reversed(above[: root + 1]):
        yield place / name


def at_home(home: Path) -> list[Path]:
    """Return the one of jug's files at home that jug would read, if there is any."""
    usual = (home / ".config" / "jug" / "jugrc", home / ".config" / "jugrc", home / ".jug" / "configrc")
    return [path for path in usual if _is_there(path)][:1]


def read_ini(path: Path) -> Pairs:
    """Return what a file of jug's says to all commands and to execute, [] if there is none. Raises SettingError."""
    if (text := _read(path)) is None:
        return []
    import configparser  # here, for most runs find no such file

    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(text)
    except configparser.Error as error:
        raise SettingError(f"{path} cannot be read: {error}") from error
    sections = [section for section in ("main", "execute") if parser.has_section(section)]
    return [(key.replace("-", "_"), value) for section in sections for key, value in parser.items(section)]


def read_yaml(path: Path) -> Written:
    """Return what a file of ours says, nothing if there is none. Raises SettingError."""
    if (text := _read(path)) is None:
        return Written()
    import yaml  # here, for most runs find no such file

    try:
        content = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError) as error:
        raise SettingError(f"{path} cannot be read: {_in_a_line(error)}") from error
    if content is None:
        return Written()
    if not isinstance(content, yaml.MappingNode):
        raise SettingError(f"{path} must hold lines like `partition: long`, not a {content.tag.rpartition(':')[2]}.")
    pairs = [(_key(key), value) for key, value in content.value]
    profiles = [one for key, value in pairs if key == PROFILES for one in _profiles(path, value)]
    return Written(
        _raws(pairs), {str(name.value): _raws((_key(k), v) for k, v in said.value) for name, said in profiles}
    )


def _raws(pairs: Iterable[tuple[str, yaml.Node]]) -> Pairs:
    return [(key, _raw(value)) for key, value in pairs if key != PROFILES]


def _profiles(path: Path, node: yaml.Node) -> list[tuple[yaml.Node, yaml.Node]]:
    """Return the profiles of a file, by their names. Raises SettingError if they are no such thing."""
    found: list[tuple[yaml.Node, yaml.Node]] = node.value if node.tag == _MAPPING else []
    if not found or any(said.tag != _MAPPING or not isinstance(name.value, str) for name, said in found):
        raise SettingError(f"{path}: {PROFILES} must hold a name a line, and below it lines like `partition: long`.")
    return found


def _key(node: yaml.Node) -> str:
    return node.value.replace("-", "_") if isinstance(node.value, str) else "a list or a mapping"


def _raw(node: yaml.Node) -> Raw:
    """Return what a node says, as it is written: `1:30:00` is a time here, and no number of base 60."""
    if isinstance(node.value, str):
        return _word(node)
    if node.tag == _MAPPING:
        return Odd("a mapping", lines=_lines(node))
    items = [_word(item) if isinstance(item.value, str) else Odd("a list of lists or mappings") for item in node.value]
    odd = [item for item in items if isinstance(item, Odd) and not item.text]
    return odd[0] if odd else tuple(item.text if isinstance(item, Odd) else item for item in items)


def _lines(node: yaml.Node) -> tuple[str, ...]:
    """Return `{a: {b: 1, c: 2}, d: e=3}` as the lines `a:b=1,c=2` and `d:e=3`; none where it says anything else."""
    found = []
    for key, value in node.value:
        pairs = value.value if value.tag == _MAPPING else ()
        words = [(name.value, said.value) for name, said in pairs if said.tag != _NULL]
        said = value.value if isinstance(value.value, str) else ",".join(f"{name}={word}" for name, word in words)
        are_words = all(isinstance(word, str) for pair in words for word in pair)
        if not (isinstance(key.value, str) and "=" in said and are_words):
            return ()
        found.append(f"{key.value}:{said}")
    return tuple(found)


def _word(node: yaml.Node) -> str | Odd:
    if node.tag == _NULL:
        return Odd("null")
    text = str(node.value)
    return Odd(f"the switch {text}", text) if node.tag == "tag:yaml.org,2002:bool" else text


def _read(path: Path) -> str | None:
    """Return the text of a file, None if there is none. Raises SettingError."""
    try:
        return path.read_bytes().decode() if path.is_file() else None
    except UnicodeDecodeError as error:
        raise SettingError(f"{path} cannot be read: byte {error.start} of it is not UTF-8.") from error
    except OSError as error:
        raise SettingError(f"{path} cannot be read: {error.strerror}.") from error


def _is_there(path: Path) -> bool:
    with suppress(OSError):  # a folder that we may not look into is no place of ours
        return path.exists()
    return False


def _in_a_line(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    words = getattr(error, "problem", None) or " ".join(str(error).split())
    return f"{words}, in line {mark.line + 1}" if mark else words
