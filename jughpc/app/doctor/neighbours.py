"""What other users of the machine may do to a folder, and what this process sees of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from jughpc import host
from jughpc.app.doctor.finding import Finding, fine, warning
from jughpc.config.trust import Trust

_NOBODY_HERE = " "  # no user has that name, so that it is a stranger to whoever asks


def examine(folder: Path, trust: Trust) -> Iterator[Finding]:
    """Yield who may write to `folder`, or where it would be made, and whether processes of others can be seen."""
    place = next(above for above in (folder, *folder.parents) if above.is_dir())
    if objection := trust.objection(place):
        fact, _, advice = objection.partition(" If you trust")
        yield warning("trust", fact, f"If you trust{advice}")
    else:
        yield fine("trust", f"what lies in {place} is used: it is yours or trusted, and not everybody may write it")
    if host.can_see(_NOBODY_HERE):
        yield fine("processes", "those of all users can be seen")
    else:
        yield fine("processes", "those of others are hidden (hidepid): whether these live, their beats alone tell")
