"""The queues of PBS, as its server tells of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from jughpc.batch import pbs_answers, pbs_limits
from jughpc.batch.partitions import Partition
from jughpc.batch.scheduler import Limits, Reply
from jughpc.errors import SchedulerError

_CLOSED_BY = ("acl_user_enable", "acl_group_enable", "acl_host_enable", "from_route_only")


def read(reply: Reply, limits: Limits) -> Iterator[Partition]:
    """Yield what is told of each queue that runs jobs, or passes them on; what cannot be read is left out."""
    try:
        found = dict(pbs_answers.objects(pbs_answers.as_json(reply), "Queue"))
    except SchedulerError:
        return
    for name, fields in found.items():
        yield _of(name, fields, limits.settings.get("default_queue", ""))


def _of(name: str, fields: Mapping[str, Any], default: str) -> Partition:
    is_routing = fields.get("queue_type") == "Route"
    is_open = str(fields.get("enabled")) == "True" and (is_routing or str(fields.get("started")) == "True")
    return Partition(
        name,
        is_default=name == default,
        is_open=is_open and not any(str(fields.get(key)) == "True" for key in _CLOSED_BY),
        longest=pbs_limits.walltime(fields),
        usual=pbs_limits.walltime(fields, "resources_default"),
        has_gpus="ngpus" in _dict(fields, "resources_available"),
        array_size=pbs_limits.array_size(fields),
    )


def _dict(fields: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = fields.get(name)
    return found if isinstance(found, Mapping) else {}
