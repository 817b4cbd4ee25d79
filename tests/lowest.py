"""Print the lowest versions that pyproject.toml allows, as constraints of pip: python -m tests.lowest [EXTRA ..]."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from packaging.requirements import Requirement

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"
OURS = "jughpc"


def requirements(extras: Sequence[str]) -> Iterator[Requirement]:
    """Yield what the package needs, with `extras` and those that these name."""
    project = tomllib.loads(PROJECT.read_text())["project"]
    texts = [*project["dependencies"], *(text for extra in extras for text in project["optional-dependencies"][extra])]
    for needed in map(Requirement, texts):
        if needed.name == OURS:
            yield from requirements(sorted(needed.extras))
        else:
            yield needed


def lowest(needed: Requirement) -> str:
    """Return the bound of a requirement as a pin. Raises ValueError if it has none, or more than one."""
    (bound,) = [clause.version for clause in needed.specifier if clause.operator == ">="]
    return f"{needed.name}=={bound}"


if __name__ == "__main__":
    print("\n".join(dict.fromkeys(map(lowest, requirements(sys.argv[1:])))))
