"""What ran where: workers, their deaths, what they did, what failed, and what never began to work, by host."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from jughpc.app.context.site import Site
from jughpc.app.status.failures import failures
from jughpc.app.status.lives import lives
from jughpc.app.status.tasks import Standing, standing
from jughpc.batch import avoided, ends, journal, submissions
from jughpc.batch.ends import End
from jughpc.store.record import ENDED


@dataclass
class NodeTally:
    """What is known of one host.

    Attributes:
        working: Workers that live there.
        ended: Workers that ended in order there.
        died: Workers that died there.
        unbegun: Elements, collectors and reduces that ended there before their work began.
        done: Tasks that these workers finished.
        failed: Tasks that failed there last.
        reason: Of the last death there, or why the last element never began; "" if there was none.
        avoided: The submissions whose further arrays keep off it.
    """

    host: str
    working: int = 0
    ended: int = 0
    died: int = 0
    unbegun: int = 0
    done: int = 0
    failed: int = 0
    reason: str = ""
    avoided: list[int] = field(default_factory=list)

    @property
    def troubles(self) -> int:
        """How much went wrong there."""
        return self.died + self.unbegun + self.failed


def nodes(site: Site) -> list[NodeTally]:
    """Return a tally a host, those with deaths and failures first; the scheduler is not asked."""
    found: dict[str, NodeTally] = defaultdict(lambda: NodeTally(""))
    now = standing(site)
    _count_lives(site, now, found)
    for failure in failures(site, now):
        found[failure.host].failed += 1
    for end in _unbegun(site):
        found[end.host].unbegun += 1
        found[end.host].reason = end.reason
    for host, number in _avoided(site):
        name = next((name for name in found if avoided.short(name) == avoided.short(host)), host)
        found[name].avoided.append(number)
    for host, tally in found.items():
        tally.host = host
    return sorted(found.values(), key=lambda tally: (-tally.troubles, tally.host))


def _count_lives(site: Site, now: Standing, found: dict[str, NodeTally]) -> None:
    working, dead = ({record.life: record for record in records} for records in (now.workers, now.dead))
    for life in lives(site):
        tally = found[life.host]
        tally.done += life.done
        if life.name in working:
            tally.working += 1
        elif life.state == ENDED:
            tally.ended += 1
        else:
            record = dead.get(life.name)
            tally.died += 1
            tally.reason = life.reason or (record.reason if record else "") or "without a word"


def _unbegun(site: Site) -> Iterator[End]:
    """Yield the ends of all that never began to work, in the order of their submissions."""
    files = site.files
    for submission in submissions.every(files, site.location.folder()) if files else ():
        if files is not None:
            yield from ends.before_work(files, submission, journal.accepted(files, submission)).values()


def _avoided(site: Site) -> Iterator[tuple[str, int]]:
    files = site.files
    for submission in submissions.every(files, site.location.folder()) if files else ():
        if files is not None:
            for host in avoided.recorded(files, submission):
                yield host, submission.number
