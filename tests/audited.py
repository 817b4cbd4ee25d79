"""Judge what pip-audit found: pip-audit --format json ... | python -m tests.audited; exit code 1 for a known hole."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

Package = dict[str, Any]


def holes(packages: list[Package]) -> Iterator[str]:
    """Yield a line for each known vulnerability: package, version, its name, and where it is mended."""
    for package in packages:
        for hole in package.get("vulns", ()):
            mended = ", ".join(hole.get("fix_versions", ())) or "no release yet"
            yield f"{package['name']} {package['version']}: {hole['id']}, mended in {mended}"


def verdict(text: str) -> tuple[int, list[str]]:
    """Return an exit code and lines. Where pip-audit could not reach its data nothing is known, and that is said."""
    try:
        packages: list[Package] = json.loads(text)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return 0, ["pip-audit could not reach its data: nothing is known of holes"]
    if found := list(holes(packages)):
        return 1, found
    known = [package for package in packages if "skip_reason" not in package]
    words = f"no hole is known in {len(known)} of {len(packages)} packages"
    return 0, [words if known else f"{words}: pip-audit could not reach its data"]


if __name__ == "__main__":
    code, lines = verdict(sys.stdin.read())
    print("\n".join(lines))
    sys.exit(code)
