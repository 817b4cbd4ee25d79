"""Check a bill of materials: python -m tests.materials FILE, CycloneDX in JSON; exit code 1 if it lacks anything."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .lowest import OURS, requirements

EXTRAS = ["redis", "shell"]


def faults(bill: dict[str, Any]) -> Iterator[str]:
    """Yield a line for each thing that is wrong with a bill of what runs where jughpc is installed alone."""
    if bill.get("bomFormat") != "CycloneDX":
        yield "it is no CycloneDX file"
    if bill.get("metadata", {}).get("component", {}).get("name") != OURS:
        yield f"it is not about {OURS}"
    versions = {_plain(part["name"]): part.get("version", "") for part in bill.get("components", ())}
    for needed in requirements(EXTRAS):
        if not needed.specifier.contains(versions.get(_plain(needed.name), "0")):
            yield f"it lacks {needed}"
    if pins := [part["name"] for part in bill.get("components", ()) if not part.get("version")]:
        yield f"it has no version of {', '.join(pins)}"


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    found = json.loads(Path(sys.argv[1]).read_text())
    wrong = list(faults(found))
    print("\n".join(wrong) or f"{len(found['components'])} components, each with its version")
    sys.exit(bool(wrong))
