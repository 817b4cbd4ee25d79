"""What a Python imports from, as it tells itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jughpc.batch import shell
from jughpc.errors import SettingError

_PATIENCE = 300.0  # [s] a cold environment on a busy file server takes a while to start

_TELL = """
import sys
path = sys.path[:] = [path for path in sys.path if path]
import json, sysconfig
finders = (vars(module) for name, module in list(sys.modules.items()) if name.startswith("__editable__"))
mapping = {}
for names in finders:
    mapping.update(names.get("MAPPING", {}))
print(json.dumps({"path": path, "prefixes": [sys.prefix, sys.base_prefix],
    "library": sysconfig.get_path("stdlib"), "editable": {
        str(name): where for name, where in mapping.items() if isinstance(where, str)}}))
"""
"""Import hooks that the setuptools write for editable installs have a MAPPING. An empty path is the folder of `-c`,
where a user's json.py may lie."""


@dataclass(frozen=True)
class Interpreter:
    """A Python, and what it imports from.

    Attributes:
        path: Of its imports, in their order: folders and archives.
        prefixes: Of its environment, and of what that was made from.
        library: Where the standard library lies.
        editable: Folders or modules that an import hook finds, by name.
    """

    path: tuple[Path, ...]
    prefixes: tuple[Path, ...] = ()
    library: Path = Path("/usr/lib/python3")
    editable: Mapping[str, Path] = field(default_factory=dict)


def ask(python: str) -> Interpreter:
    """Return what the interpreter at that path tells. Raises SettingError if it does not start, or says nothing."""
    reply = shell.run([python, "-c", _TELL], _PATIENCE)
    try:
        return _read(json.loads(reply.stdout.splitlines()[-1]))
    except (ValueError, IndexError, KeyError, TypeError) as error:
        raise SettingError(f"{python} does not tell what it imports from: {reply.stderr.strip() or error}") from error


def _read(told: dict[str, Any]) -> Interpreter:
    return Interpreter(
        path=tuple(dict.fromkeys(map(Path, told["path"]))),
        prefixes=tuple(dict.fromkeys(map(Path, told["prefixes"]))),
        library=Path(told["library"]),
        editable={str(name): Path(where) for name, where in told["editable"].items()},
    )
