"""Systems that further elements of a submission were given to, besides its own.

submissions/<number>/joined-<system>   what it allowed, and where its commands lay; before a job is queued there
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field

from jughpc.batch import journal
from jughpc.batch.scheduler import Limits
from jughpc.batch.submissions import Submission, to_json
from jughpc.batch.typed import checked
from jughpc.fs import Files
from jughpc.jsonfile import read_json

_NAME = re.compile(r"joined-([A-Za-z][A-Za-z0-9_-]{0,63})")


@dataclass(frozen=True)
class Joined:
    """A system as it was known where elements were first given to it.

    Attributes:
        limits, commands: As of `Submission`.
    """

    limits: Limits = field(default_factory=Limits)
    commands: Mapping[str, str] = field(default_factory=dict)


def recorded(files: Files, submission: Submission) -> dict[str, Joined]:
    """Return the systems besides its own that jobs of a submission may have been given to, by name."""
    matches = (match for name in files.names(submission.path) if (match := _NAME.fullmatch(name)))
    return {match[1]: _read(files, f"{submission.path}/{match[0]}") for match in matches}


def record(files: Files, submission: Submission, name: str, joined: Joined) -> None:
    """Record that jobs are about to be given to the system called `name`; a second time changes nothing."""
    with suppress(FileExistsError):
        journal.publish(files, f"{submission.path}/joined-{name}", to_json(asdict(joined)))


def _read(files: Files, path: str) -> Joined:
    """Return what the file at `path` tells; of a damaged one that the system is there."""
    try:
        fields = read_json(files, path)
        return checked(Joined(Limits(**fields["limits"]), fields["commands"]))
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        return Joined()
