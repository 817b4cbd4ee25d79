"""What one batch system can do, and how it is recognised."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jughpc.batch.causes import LastWords


class Condition(enum.Enum):
    """When a dependent job may start."""

    AFTER_ANY = "afterany"  # the other has ended in any way
    AFTER_OK = "afterok"  # the other has ended with exit code 0


@dataclass(frozen=True)
class Capabilities:
    """What one batch system declares of itself.

    Attributes:
        job_id: What all of its ids match in full: nothing else reaches a command line as one.
        commands: All of these are on PATH where the system may be; () for one that is everywhere.
        further: Others that are asked of it, which may be absent.
        most_elements: Of one array, whatever the system tells; 1 where it has none: each element is a job of its own.
        first_index: Of an array's first element, in the system's own count; a plain job's element is 0 always.
        conditions: Those that it can hold a job back by; AFTER_ANY is one of them.
        runs_here: Its elements run on this very machine.
        reuses_ids: An id may become another job's: it is believed only with the job's name.
        cancels_by_name: What ends a job spares one that has its id and another name.
        drops_late: What is queued to wait for a job that it has forgotten by then is deleted, though it was accepted.
        mails: It can mail its user how a job ended.
        lookup: A command that, with an id added, is refused if there is no such job; () where the system itself refuses
            what is to wait for one that is not there.
        bounds_arrays: An array without a throttle is bounded all the same, by less than there is room for.
        accounts: A command that tells which accounts the user `%u` has, a line each: the default one, this one, the
            partition where alone it holds, what QOS jobs may ask for, what those get that ask for none; parted by `|`.
        last_words: What it writes at the end of logs, None where that is nothing, or nothing that its states lack.
        scrubbed: How variables begin that would change what its commands mean, or reach its jobs from an outer one.
        kept: Variables that stay although they begin like that: where the system is, and a user's standing choices.
        templates: The folder that holds its folder of templates, None for those shipped here.
    """

    job_id: re.Pattern[str]
    commands: tuple[str, ...] = ()
    further: tuple[str, ...] = ()
    most_elements: int | None = None
    first_index: int = 0
    conditions: frozenset[Condition] = frozenset(Condition)
    runs_here: bool = False
    reuses_ids: bool = True
    cancels_by_name: bool = False
    drops_late: bool = False
    mails: bool = False
    lookup: tuple[str, ...] = ()
    bounds_arrays: bool = False
    accounts: tuple[str, ...] = ()
    last_words: LastWords | None = None
    scrubbed: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    templates: Path | None = None

    def indices(self, size: int) -> range:
        """Return the indices of a job of `size` elements, in the system's own count."""
        first = self.first_index if size > 1 else 0
        return range(first, first + size)

    def at_most(self, array_size: int | None) -> int | None:
        """Return how many elements an array may have where the system tells `array_size`, None for any number."""
        return min((size for size in (array_size, self.most_elements) if size is not None), default=None)

    def is_id(self, text: str) -> bool:
        """Return whether `text` may be handed to the system's commands as the id of a job."""
        return bool(self.job_id.fullmatch(text))

    def scrub(self, environ: Mapping[str, str]) -> dict[str, str]:
        """Return `environ` without what its commands, and its jobs, are not to see."""
        return {key: value for key, value in environ.items() if key in self.kept or not key.startswith(self.scrubbed)}
