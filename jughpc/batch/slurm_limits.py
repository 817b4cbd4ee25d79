"""How many jobs Slurm lets a user queue, as its controller tells it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from jughpc.batch.scheduler import Bound, Limits, Reply, Resources

_WORD = re.compile(r"([A-Za-z]+)=(\S*)")
_BOUND = re.compile(r"(\d+)(?:\((\d+)\))?")  # "N" is none

_OF_USER = ("MaxSubmitJobs", "GrpSubmitJobs")
_OF_QOS = ("MaxSubmitJobsPU", "MaxSubmitJobsPA", "MaxSubmitPU", "MaxSubmitPA", "GrpSubmitJobs")


def command(user: str) -> list[str]:
    """Return the command that tells what holds for `user`."""
    return ["scontrol", "-o", "show", "assoc_mgr", f"users={user}", "flags=assoc,qos"]


def bounds(reply: Reply, user: str, resources: Resources) -> Iterator[Bound]:
    """Yield what holds for jobs of `user` that ask for `resources`, as far as it can be told for certain.

    Of an account, or a QOS, that the user did not choose, only the one that is taken then is heeded.
    """
    records = list(_records(reply.stdout)) if reply.code == 0 else []
    own = [record for record in records if record.get("UserName", "").partition("(")[0] == user]
    for record in own:
        if _applies(record, own, resources):
            yield from _told(record, _OF_USER, f"of account {record.get('Account', '')}")
    for record in records:
        if "QOS" in record and record["QOS"].partition("(")[0] == resources.qos:
            yield from _told(record, _OF_QOS, f"of QOS {resources.qos}")


def of_all(limits: Limits) -> Iterator[Bound]:
    """Yield what holds for the jobs of all users together.

    Source: 22.05 refuses a job that would bring their number to MaxJobCount, not only beyond it.
    """
    most = limits.settings.get("MaxJobCount", "")
    if most.isdigit() and int(most):
        yield Bound(f"what MaxJobCount={most} of the system lets in", int(most) - 1)


def _applies(record: Mapping[str, str], own: Sequence[Mapping[str, str]], resources: Resources) -> bool:
    account, partition = record.get("Account", ""), record.get("Partition", "")
    chosen = account == resources.account if resources.account else record.get("DefAssoc") == "Yes" or len(own) == 1
    return chosen and partition.partition("(")[0] in ("", resources.partition)


def _records(text: str) -> Iterator[dict[str, str]]:
    """Yield the words of each record; it begins with the cluster's name, or with that of a QOS."""
    for part in re.split(r"(?m)^\s*(?=ClusterName=|QOS=)", text):
        if found := _WORD.findall(part):
            yield dict(reversed(found))  # of words that stand there twice the first is the record's own


def _told(record: Mapping[str, str], names: Sequence[str], whose: str) -> Iterator[Bound]:
    for name in names:
        if match := _BOUND.fullmatch(record.get(name, "")):
            yield Bound(f"{name} {whose}", int(match[1]), int(match[2] or 0))
