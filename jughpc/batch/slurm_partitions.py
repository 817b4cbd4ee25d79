"""The partitions of Slurm, as its controller tells of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from jughpc.batch.partitions import Partition
from jughpc.batch.scheduler import Reply
from jughpc.errors import SettingError
from jughpc.units import seconds

COMMAND = ("scontrol", "-o", "show", "partition")

_WORD = re.compile(r"(\w+)=(\S*)")
_NONE = ("UNLIMITED", "INFINITE", "NONE")


def read(reply: Reply) -> Iterator[Partition]:
    """Yield what each line tells; what cannot be read is left out."""
    for line in reply.stdout.splitlines() if reply.code == 0 else ():
        known = dict(_WORD.findall(line))
        if known.get("PartitionName"):
            yield _of(known)


def _of(known: Mapping[str, str]) -> Partition:
    for_all = all(known.get(name, "ALL") == "ALL" for name in ("AllowGroups", "AllowAccounts", "AllowQos"))
    is_hidden = known.get("RootOnly") == "YES" or known.get("Hidden") == "YES"
    return Partition(
        known["PartitionName"],
        is_default=known.get("Default") == "YES",
        is_open=known.get("State") == "UP" and for_all and not is_hidden,
        longest=_time(known.get("MaxTime", "")),
        usual=_time(known.get("DefaultTime", "")),
        has_whole_nodes=known.get("OverSubscribe") == "EXCLUSIVE",
        has_gpus="gres/gpu" in known.get("TRES", ""),
    )


def _time(text: str) -> float | None:
    """Return [s] of ``2-00:00:00``, None for no limit and what is none."""
    try:
        return None if text in _NONE else seconds(text)
    except SettingError:
        return None
