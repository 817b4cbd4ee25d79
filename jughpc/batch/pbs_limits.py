"""How many jobs a PBS server, and a queue of its, let a user queue."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from jughpc import units
from jughpc.batch.scheduler import Bound
from jughpc.errors import SettingError

_ENTRY = re.compile(r"\[?([uo]):([^=\]]+)=(\d+)\]?")
_NAMES = {"max_queued": True, "queued_jobs_threshold": False}
"""Whether they count jobs that wait for others: these are not in the state Q."""


def bounds(fields: Mapping[str, Any], whose: str, user: str) -> Iterator[Bound]:
    """Yield what the attributes of a server, or of a queue, say for `user`: ``[u:PBS_GENERIC=20],[u:ada=50]``.

    Limits of groups and projects are left to the server: which of them count is not known here.
    """
    for name, followers in _NAMES.items():
        found = {(kind, who.strip()): int(most) for kind, who, most in _ENTRY.findall(str(fields.get(name, "")))}
        for kinds in ((("u", user), ("u", "PBS_GENERIC")), (("o", "PBS_ALL"),)):
            most = next((found[kind] for kind in kinds if kind in found), None)
            if most is not None:
                yield Bound(f"{name} of {whose}", most, followers=followers)


def array_size(fields: Mapping[str, Any]) -> int | None:
    """Return the most elements that one array may have there, None where that is not said."""
    text = str(fields.get("max_array_size", ""))
    return int(text) if text.isdigit() else None


def walltime(fields: Mapping[str, Any], name: str = "resources_max") -> float | None:
    """Return how long a job may run in a queue of these attributes [s], None where that is not said.

    Args:
        name: The attribute that says it: `resources_default` has what a job gets that asks for no time.
    """
    found = fields.get(name)
    try:
        return units.seconds(str(found["walltime"])) if isinstance(found, Mapping) and "walltime" in found else None
    except SettingError:
        return None
