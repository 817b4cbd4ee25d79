"""The names of jug.options: options as scripts take them from jug, without its command line."""

from __future__ import annotations

import argparse
import configparser
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, TextIO

from jughpc.jug.jug import set_jugdir

__all__ = ["Options", "default_options", "parse", "read_configuration_file", "set_jugdir"]

_MAIN: Mapping[str, Any] = {
    "jugdir": "%(jugfile)s.jugdata",
    "jugfile": "jugfile.py",
    "subcommand": None,
    "user_args": (),
    "aggressive_unload": False,
    "print_out": print,
    "short": False,
    "pdb": False,
    "verbose": "quiet",
    "debug": False,
    "will_cite": False,
}
_OF_COMMANDS: Mapping[str, Any] = {
    "cleanup_keep_locks": False,
    "cleanup_failed_only": False,
    "cleanup_locks_only": False,
    "execute_keep_going": False,
    "execute_keep_failed": False,
    "execute_name": None,
    "execute_pattern": None,
    "execute_wait_cycle_time": 12.0,
    "execute_nr_wait_cycles": 150,
    "execute_no_check_environment": False,
    "graph_no_status": False,
    "graph_format": "png",
    "invalid_name": None,
    "invalid_pattern": None,
    "status_cache": False,
    "status_cache_clear": False,
    "status_cache_file": ".jugstatus.sqlite3",
    "webstatus_port": "8080",
    "webstatus_ip": "localhost",
}
_NO_OPTIONS = frozenset({"jugfile", "subcommand", "user_args", "print_out"})
_PREFIXES = {"invalidate": "invalid"}
_SPELT = {"graph_format": "file-format"}  # on the command line
_NO = frozenset({"", "0", "false", "off", "no", "n"})


class Options:
    """Values by attribute; what is not set here is asked of `next`."""

    def __init__(self, next: Options | None = None, **values: Any) -> None:  # noqa: A002  # jug's name
        self.next = next
        self.update(values)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or self.__dict__.get("next") is None:
            raise AttributeError(f"there is no option {name!r}")
        return getattr(self.next, name)

    def update(self, values: Mapping[str, Any]) -> None:
        """Set many."""
        self.__dict__.update(values)

    def copy(self) -> Options:
        """Return options that can be changed without changing these."""
        return Options(self)


default_options = Options(**_MAIN, **_OF_COMMANDS)


def parse(args: Sequence[str] | None = None, optionsfile: TextIO | None = None) -> Options:
    """Return the options of a command line of jug's, and set `sys.argv` to what the jugfile sees.

    Args:
        args: From the command on; default `sys.argv[1:]`.
        optionsfile: Settings, in place of those in jug's files.
    """
    words = list(sys.argv[1:] if args is None else args)
    head, behind = _split(words)
    given = vars(_parser(head).parse_intermixed_args(head))
    options = Options(read_configuration_file(optionsfile, default_options), **given)
    stem = options.jugfile.removesuffix(".py")
    jugdir = options.jugdir.replace("%(jugfile)s", stem).replace("%(date)s", str(date.today()))
    options.update(
        {"user_args": [*options.user_args, *behind], "jugdir": jugdir, "debug": options.debug or options.pdb}
    )
    sys.argv = [options.jugfile, *options.user_args]
    return options


def read_configuration_file(fp: TextIO | None = None, default_options: Options | None = None) -> Options:
    """Return what an ini file of jug's says.

    Args:
        fp: The open file; default the files that jug reads, the nearest going first.
        default_options: Asked for all that it does not say.
    """
    ini = configparser.ConfigParser(interpolation=None)
    if fp is not None:
        ini.read_file(fp)
    else:
        ini.read(list(_usual_files()), encoding="utf-8")
    return Options(default_options, **dict(_values(ini)))


def _values(ini: configparser.ConfigParser) -> Iterator[tuple[str, Any]]:
    known = {**_MAIN, **_OF_COMMANDS}
    for section in ini.sections():
        for key, text in ini.items(section):
            name = key.replace("-", "_") if section == "main" else f"{section}_{key.replace('-', '_')}"
            yield name, _typed(text, known.get(name))


def _typed(text: str, default: Any) -> Any:
    if isinstance(default, bool):
        return text.lower() not in _NO
    return type(default)(text) if isinstance(default, int | float) else text


def _usual_files() -> Iterable[Path]:
    """Return the files that jug reads, the nearest last."""
    home, folder = Path.home(), Path.cwd()
    at_home = [home / ".config/jug/jugrc", home / ".config/jugrc", home / ".jug/configrc"]
    yield from [path for path in at_home if path.is_file()][:1]
    above = [folder, *folder.parents]
    root = next((i for i, place in enumerate(above) if (place / ".git").exists()), 0)
    yield from (place / name for name in ("jugrc", ".jugrc") for place in reversed(above[: root + 1]))


def _split(words: list[str]) -> tuple[list[str], list[str]]:
    cut = words.index("--") if "--" in words else len(words)
    return words[:cut], words[cut + 1 :]


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    """Return a parser that sets only what is given."""
    parser = argparse.ArgumentParser("jug", argument_default=argparse.SUPPRESS)
    parser.add_argument("subcommand")
    parser.add_argument("jugfile", nargs="?")
    parser.add_argument("user_args", nargs="*")
    command = next((word for word in words if not word.startswith("-")), "")
    prefix = _PREFIXES.get(command, command) + "_"
    for name, default in _MAIN.items():
        if name not in _NO_OPTIONS:
            _add(parser, name, name, default)
    for name, default in _OF_COMMANDS.items():
        if name.startswith(prefix):
            _add(parser, _SPELT.get(name, name.removeprefix(prefix)), name, default)
    return parser


def _add(parser: argparse.ArgumentParser, option: str, name: str, default: Any) -> None:
    flag = "--" + option.replace("_", "-")
    if isinstance(default, bool):
        parser.add_argument(flag, dest=name, action="store_true")
    else:
        parser.add_argument(flag, dest=name, type=type(default) if isinstance(default, int | float) else str)
