"""Files that workers left behind which nobody reads any more, told by their names."""

from __future__ import annotations

import re
from collections.abc import Iterable

_LIFE = r"[A-Za-z0-9_-]+-[0-9]+-[0-9a-f]{8}"
_UNIQUE = r"[0-9a-f]{8}-[0-9]+"
_TEMPORARY = re.compile(
    rf"({_LIFE}|put|kept|rescued|imported)-{_UNIQUE}\.tmp"  # results
    rf"|{_LIFE}-merged\.tmp"
    rf"|[0-9a-f]{{32}}\.failure\.{_UNIQUE}\.tmp"
    rf"|[0-9a-f]{{32}}\.death\.[A-Za-z0-9_-]+\.{_UNIQUE}\.tmp"
    rf"|[0-9a-f]{{1,4}}\.[0-9a-f]{{16}}\.{_UNIQUE}\.tmp"  # marks
    rf"|[0-9a-f]{{32}}(?:\.[0-9a-f]+){{1,3}}\.npz\.({_LIFE}|(submit|look)(-[0-9a-f]{{8}})?)\.tmp"
    r"|store\.yaml\.[0-9a-f]{8}\.tmp"
)
_OF_LIFE = re.compile(rf"(?:.*\.npz\.)?({_LIFE})(?:-{_UNIQUE}|-merged|)\.tmp")
_DAMAGED = re.compile(rf"([0-9a-f]{{32}}|({_LIFE}|put|kept|rescued|imported)-({_UNIQUE}|merged)\.pack)\.corrupt")


def abandoned(names: Iterable[str], living: Iterable[str]) -> list[str]:
    """Return the files on their way to a name that nobody will give them any more.

    Args:
        living: The lives that may go on. While there is one, only what another life wrote is known to be abandoned;
            some names do not tell whose they are.
    """
    living = set(living)
    return [name for name in names if _TEMPORARY.fullmatch(name) and not _may_be_of(living, name)]


def set_aside(names: Iterable[str]) -> list[str]:
    """Return the damaged result files that were set aside: what was whole in them was saved then."""
    return [name for name in names if _DAMAGED.fullmatch(name)]


def _may_be_of(living: set[str], name: str) -> bool:
    match = _OF_LIFE.fullmatch(name)
    return match[1] in living if match else bool(living)
