"""How many jobs Slurm lets a user queue, as its controller tells it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace

from jughpc import units
from jughpc.batch.scheduler import Bound, Limits, Reply, Resources
from jughpc.errors import SettingError

_WORD = re.compile(r"([A-Za-z]+)=(\S*)")
_BOUND = re.compile(r"(\d+)(?:\((\d+)\))?")  # "N" is none
_BLOCK = re.compile(r"([^\s{}=]+)=\{([^{}]*)\}")

_OF_USER = ("MaxSubmitJobs", "GrpSubmitJobs")


def commands(user: str) -> Sequence[list[str]]:
    """Return the commands that tell what holds for `user`, and how long jobs may run."""
    of_user = ["scontrol", "-o", "show", "assoc_mgr", f"users={user}", "flags=assoc,qos"]
    return of_user, ["scontrol", "-o", "show", "partition"]


def walltime(reply: Reply, partition: str | None) -> float | None:
    """Return how long a job may run there [s], by default in the default partition; None for no limit known.

    Of several partitions the one that lets jobs run longest is heeded: they start where they can.
    """
    records = [dict(_WORD.findall(line)) for line in reply.stdout.splitlines()] if reply.code == 0 else []
    named = partition.split(",") if partition else []
    chosen = [one for one in records if (one.get("PartitionName") in named if named else one.get("Default") == "YES")]
    limits = [_seconds(one.get("MaxTime", "")) for one in chosen]
    return max(filter(None, limits), default=None) if all(limits) else None


def _seconds(text: str) -> float | None:
    try:
        return units.seconds(text)
    except SettingError:  # UNLIMITED
        return None


def bounds(reply: Reply, user: str, resources: Resources) -> Iterator[Bound]:
    """Yield what holds for jobs of `user` that ask for `resources`, as far as it can be told for certain.

    Of an account, or a QOS, that the user did not choose, only the one that is taken then is heeded.
    """
    records = list(_records(reply.stdout)) if reply.code == 0 else []
    own = [record for record in records if record.words.get("UserName", "").partition("(")[0] == user]
    mine = [record for record in own if _applies(record.words, own, resources)]
    for record in mine:
        yield from _told(record.words, _OF_USER, f"of account {record.words.get('Account', '')}")
    for record in records:
        if record.words.get("QOS", "").partition("(")[0] == resources.qos:
            yield from _told(record.words, ("GrpSubmitJobs",), f"of QOS {resources.qos}")
            yield from _of_each(
                record.text, _names(user, own), {one.words.get("Account", "") for one in mine}, resources
            )


def of_all(limits: Limits) -> Iterator[Bound]:
    """Yield what holds for the jobs of all users together.

    Source: 22.05 refuses a job that would bring their number to MaxJobCount, not only beyond it.
    """
    most = limits.settings.get("MaxJobCount", "")
    if most.isdigit() and int(most):
        yield Bound(f"what MaxJobCount={most} of the system lets in", int(most) - 1)


@dataclass(frozen=True)
class _Record:
    """What is told of one association or QOS.

    Attributes:
        words: Its own; of words that stand there twice the first.
    """

    words: Mapping[str, str]
    text: str


def _applies(record: Mapping[str, str], own: Sequence[_Record], resources: Resources) -> bool:
    account, partition = record.get("Account", ""), record.get("Partition", "")
    chosen = account == resources.account if resources.account else record.get("DefAssoc") == "Yes" or len(own) == 1
    return chosen and partition.partition("(")[0] in ("", resources.partition)


def _names(user: str, own: Sequence[_Record]) -> set[str]:
    """Return what a user may be called: behind QOS, 22.05 tells of each by the number alone."""
    return {user, *(re.sub(r".*\((\d+)\)", r"\1", record.words["UserName"]) for record in own)}


def _of_each(text: str, users: Set[str], accounts: Set[str], resources: Resources) -> Iterator[Bound]:
    """Yield what a QOS lets each user, and each account, submit; it tells that only once somebody has used it.

    What is told of others is as much as this one may have, too, but for what they have used.
    """
    head, _, of_users = text.partition("User Limits")
    for word, part, names in (
        ("MaxSubmitJobsPU", of_users, users),
        ("MaxSubmitJobsPA", head.partition("Account Limits")[2], accounts),
    ):
        blocks = {who: dict(_WORD.findall(words)) for who, words in _BLOCK.findall(part)}
        own = next((blocks[name] for name in names if name in blocks), None)
        for bound in _told(own or next(iter(blocks.values()), {}), (word,), f"of QOS {resources.qos}"):
            yield bound if own else replace(bound, used=0)


def _records(text: str) -> Iterator[_Record]:
    """Yield each record; it begins with the cluster's name, or with that of a QOS."""
    for part in re.split(r"(?m)^\s*(?=ClusterName=|QOS=)", text):
        if found := _WORD.findall(part):
            yield _Record(dict(reversed(found)), part)


def _told(record: Mapping[str, str], names: Sequence[str], whose: str) -> Iterator[Bound]:
    for name in names:
        if match := _BOUND.fullmatch(record.get(name, "")):
            yield Bound(f"{name} {whose}", int(match[1]), int(match[2] or 0))
