"""How a site profile looks that was made of what the batch system told: YAML, each line with its reason."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from math import inf

from jughpc.app.doctor.survey import Survey
from jughpc.batch.accounts import Account
from jughpc.batch.partitions import Partition
from jughpc.units import show_seconds

_HOUR = 3600.0
_WIDTH = 30  # of a line, before its reason
_MOST = 8  # accounts, and QOS, that are named


def text(told: Survey, name: str) -> Iterator[str]:
    """Yield the lines of a profile."""
    yield f"# What {told.scheduler} told `jughpc profile init` on {told.host}."
    yield "# For ~/.config/jughpc.yaml, or as an administrator /etc/jughpc.yaml."
    yield "# Change what you know better, then: jughpc profile check"
    yield "profiles:"
    yield f"  {name or _name(told.host)}:"
    yield _line(f'hosts: "{pattern(told.host)}"', "hosts like this one; add compute nodes")
    yield _line(f"scheduler: {told.scheduler}", "the one that answers here")
    if told.trouble:
        yield f"    # {' '.join(told.trouble.split())}"
    usable = ordered([one for one in told.partitions if one.is_open])
    yield from _partitions(usable, [one.name for one in told.partitions if not one.is_open])
    yield from _times(usable) if usable else ()
    if told.limits.array_size is not None:
        yield _line(f"# limit_array: {told.limits.array_size}", "larger ones go there in pieces")
    if usable and all(one.has_whole_nodes for one in usable):
        yield _line("workers: auto", "jobs get whole nodes: one for each core")
    yield from _accounts(told.accounts)
    yield _line("# setup: [module load ...]", "lines of shell before a worker starts")


def ordered(partitions: Sequence[Partition]) -> list[Partition]:
    """Return partitions so that the first that fits is to be taken: special ones have bounds, large ones are last."""
    return sorted(
        partitions, key=lambda one: (not one.has_gpus, one.has_whole_nodes, one.longest or inf, not one.is_default)
    )


def pattern(host: str) -> str:
    """Return what names hosts like this one: `login12` becomes `login*`."""
    return re.sub(r"\d+", "*", host)


def _name(host: str) -> str:
    return re.sub(r"[\d.-]+$", "", host.partition(".")[0]) or "here"


def _partitions(usable: Sequence[Partition], closed: Sequence[str]) -> Iterator[str]:
    if usable:
        yield _line("partitions:", "the first whose bounds hold is taken")
    for one in usable:
        yield _line(f"  - {one.name}{_bounds(one)}", _reason(one))
    if closed:
        yield f"    # closed, or not for everybody: {', '.join(closed)}"


def _bounds(one: Partition) -> str:
    bounds = ["gpus>=1"] if one.has_gpus else []
    bounds += [f"time<={show_seconds(one.longest)}"] if one.longest is not None else []
    bounds += [f"array<={one.array_size}"] if one.array_size is not None else []
    return ":" + ",".join(bounds) if bounds else ""


def _reason(one: Partition) -> str:
    words = ["of jobs that name none"] if one.is_default else []
    words += ["whole nodes"] if one.has_whole_nodes else []
    words += ["no limit of time"] if one.longest is None else []
    return ", ".join(words)


def _times(usable: Sequence[Partition]) -> Iterator[str]:
    default = next((one for one in usable if one.is_default), None)
    longest = max((one.longest or inf for one in usable), default=inf)
    if default is None or default.usual is None:
        yield _line(f"time: {show_seconds(min(_HOUR, longest))}", "nobody says what jobs get that ask for none")
    else:
        yield _line(f"# time: {show_seconds(default.usual)}", f"what jobs get in {default.name} that ask for none")
    if longest < inf:
        yield _line(f"limit_time: {show_seconds(longest)}", "no partition gives more")


def _accounts(found: Sequence[Account]) -> Iterator[str]:
    """Yield whom to charge, and with which QOS; what holds by itself is a comment, and so the site's to say."""
    if not found:
        yield _line("# account: ...", "whom to charge, if jobs must say so")
    names = list(dict.fromkeys(one.name for one in sorted(found, key=lambda one: not one.is_default)))
    has_default = any(one.is_default for one in found)
    for place, name in enumerate(names[:_MOST]):
        if place:
            yield _line(f"# account: {name}", "may be charged, too")
        elif has_default:
            yield _line(f"# account: {name}", "charged where none is named")
        else:
            yield _line(f"account: {name}", "none is charged by itself")
    known = _qos(found)
    for qos, why in list(known.items())[:_MOST]:
        yield _line(f"# qos: {qos}", why)
    if left := len(names[_MOST:]) + len(list(known)[_MOST:]):
        yield f"    # and {left} more accounts and QOS"


def _qos(found: Sequence[Account]) -> dict[str, str]:
    """Return each QOS with the reason to name it."""
    askers: dict[str, dict[str, None]] = {}
    for one in found:
        for qos in one.qos:
            askers.setdefault(qos, {})[one.name] = None
    usual = {one.usual_qos: f"what jobs of {one.name} get that name none" for one in found if one.usual_qos}
    return {**{qos: f"{', '.join(names)} may ask for it" for qos, names in askers.items()}, **usual}


def _line(said: str, why: str) -> str:
    return f"    {said:<{_WIDTH}}# {why}" if why else f"    {said}"
