"""What ran where: workers, their deaths and what failed, by host."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from jughpc.app.context.site import Site
from jughpc.app.status.failures import failures
from jughpc.app.status.tasks import standing


@dataclass
class NodeTally:
    """What is known of one host.

    Attributes:
        working: Workers that live there.
        died: Workers that died there, as far as their records were not cleaned up.
        done: Tasks that these workers finished.
        failed: Tasks that failed there last.
        reason: Of the last death, "" if there was none.
    """

    host: str
    working: int = 0
    died: int = 0
    done: int = 0
    failed: int = 0
    reason: str = ""


def nodes(site: Site) -> list[NodeTally]:
    """Return a tally a host, those with deaths and failures first."""
    found: dict[str, NodeTally] = defaultdict(lambda: NodeTally(""))
    now = standing(site)
    for record in now.workers:
        found[record.host].working += 1
        found[record.host].done += record.done
    for record in now.dead:
        found[record.host].died += 1
        found[record.host].done += record.done
        found[record.host].reason = record.reason or "without a word"
    for failure in failures(site, now):
        found[failure.host].failed += 1
    for host, tally in found.items():
        tally.host = host
    return sorted(found.values(), key=lambda tally: (-tally.died - tally.failed, tally.host))
