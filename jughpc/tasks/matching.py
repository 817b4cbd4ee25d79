"""Select tasks by name."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from fnmatch import translate

from jughpc.errors import PatternError

Matcher = Callable[[str], bool]


def by_name(name: str) -> Matcher:
    """Return what tells whether a task's name, or any part of it after a dot, matches a shell wildcard.

    Case counts, and `*` also spans dots: `f` matches `m.f` and `p.m.f`, not `m.f_other`.
    """
    match = re.compile(rf"(?:.*\.)?(?:{translate(name)})", re.DOTALL).fullmatch
    return lambda text: match(text) is not None


def by_pattern(pattern: str) -> Matcher:
    """Return what tells whether a task's name contains `pattern`, or matches it if it is written `/pattern/`.

    Raises PatternError.
    """
    if pattern in ("", "//"):
        raise PatternError("an empty pattern matches every task; to select all of them give /.*/")
    if len(pattern) < 2 or not pattern.startswith("/") or not pattern.endswith("/"):
        return lambda text: pattern in text
    try:
        search = re.compile(pattern[1:-1]).search
    except re.error as error:
        raise PatternError(f"the pattern {pattern} is no regular expression: {error}") from error
    return lambda text: search(text) is not None


def by_both(name: str | None = None, pattern: str | None = None) -> Matcher | None:
    """Return what tells whether a task's name matches whichever is given; None if nothing is.

    Warns if both are given, of which one may come from a file of settings. Raises PatternError.
    """
    if name and pattern is not None:
        warnings.warn(f"of the name {name} and the pattern {pattern} both must match", stacklevel=2)
    matchers = [by_name(name)] if name else []
    if pattern is not None:
        matchers.append(by_pattern(pattern))
    return (lambda text: all(matches(text) for matches in matchers)) if matchers else None
