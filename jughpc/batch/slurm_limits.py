"""How many jobs Slurm lets a user queue, as its controller tells it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from jughpc.batch import slurm_partitions
from jughpc.batch.scheduler import Bound, Limits, Reply, Resources

_WORD = re.compile(r"([A-Za-z]+)=(\S*)")
_BOUND = re.compile(r"(\d+)(?:\((\d+)\))?")  # "N" is none
_BLOCK = re.compile(r"([^\s{}=]+)=\{([^{}]*)\}")

_OF_USER = ("MaxSubmitJobs", "GrpSubmitJobs")
_OF_EACH = {"MaxSubmitJobsPU": "MaxSubmitJobsPerUser", "MaxSubmitJobsPA": "MaxSubmitJobsPerAccount"}
"""What a QOS lets each user and each account submit, by the controller's words, in those of sacctmgr."""

ACCOUNTS = (
    "sacctmgr", "-nP", "show", "user", "%u", "withassoc", "format=DefaultAccount,Account,Partition,QOS,DefaultQOS"
)  # fmt: skip


def commands(user: str, qos: str | None) -> Sequence[list[str]]:
    """Return the commands that tell what holds for `user`, how long jobs may run, and what holds in a QOS.

    The controller tells what a QOS lets a user submit only once he has used it.
    """
    of_user = ["scontrol", "-o", "show", "assoc_mgr", f"users={user}", "flags=assoc,qos"]
    of_qos = ["sacctmgr", "-nP", "show", "qos", f"name={qos}", f"format={','.join(_OF_EACH.values())}"]
    return of_user, list(slurm_partitions.COMMAND), *([of_qos] if qos else [])


def walltime(reply: Reply, partition: str | None) -> float | None:
    """Return how long a job may run there [s], by default in the default partition; None for no limit known.

    Of several partitions the one that lets jobs run longest is heeded: they start where they can.
    """
    named = partition.split(",") if partition else []
    chosen = [one for one in slurm_partitions.read(reply) if (one.name in named if named else one.is_default)]
    limits = [one.longest for one in chosen]
    return max(filter(None, limits), default=None) if all(limits) else None


def bounds(reply: Reply, of_qos: Sequence[Reply], user: str, resources: Resources) -> Iterator[Bound]:
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
            accounts = {one.words.get("Account", "") for one in mine}
            told = _blocks(record.text, _names(user, own), accounts)
            yield from _of_each(told, _row(of_qos), f"of QOS {resources.qos}")


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


def _of_each(own: Mapping[str, str], row: Mapping[str, str], whose: str) -> Iterator[Bound]:
    """Yield what a QOS lets each user, and each account, submit; what is told of this one says how much is used."""
    for word in _OF_EACH:
        yield from _told(own if word in own else row, (word,), whose)


def _blocks(text: str, users: Set[str], accounts: Set[str]) -> dict[str, str]:
    """Return the words about a user, and his account, of all that stand behind a QOS."""
    head, _, of_users = text.partition("User Limits")
    of_accounts = head.partition("Account Limits")[2]
    found = [words for who, words in _BLOCK.findall(of_users) if who in users]
    found += [words for who, words in _BLOCK.findall(of_accounts) if who in accounts]
    return dict(_WORD.findall(" ".join(found)))


def _row(replies: Sequence[Reply]) -> dict[str, str]:
    """Return what sacctmgr tells of a QOS, by the controller's words."""
    values = [line.split("|") for reply in replies if reply.code == 0 for line in reply.stdout.splitlines()]
    return dict(zip(_OF_EACH, values[0], strict=False)) if len(values) == 1 else {}


def _records(text: str) -> Iterator[_Record]:
    """Yield each record; it begins with the cluster's name, or with that of a QOS."""
    for part in re.split(r"(?m)^\s*(?=ClusterName=|QOS=)", text):
        if found := _WORD.findall(part):
            yield _Record(dict(reversed(found)), part)


def _told(record: Mapping[str, str], names: Sequence[str], whose: str) -> Iterator[Bound]:
    for name in names:
        if match := _BOUND.fullmatch(record.get(name, "")):
            yield Bound(f"{name} {whose}", int(match[1]), int(match[2] or 0))
