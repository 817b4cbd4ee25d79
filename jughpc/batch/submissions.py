"""Submissions as they are recorded in a jugdir, in files that are written once.

submissions/<number>/record.json       what was chosen; written before the scheduler is asked
submissions/<number>/<k>-<role>.*      its jobs, see journal.py
submissions/<number>/ends/             how these ended, see ends.py
submissions/<number>/setup             lines of setup, and who is told at the end, for their owner alone: a password may
                                       be among them
submissions/<number>/logs/             one log an element, beside it which part of it is which task's
submissions/<number>/cancelled         it is to end; nothing more may be submitted for it
submissions/<number>/over              nothing of it is left in the queue
submissions/<number>/avoided-<host>    its further arrays keep off that host, see avoided.py
submissions/<token>.withdrawn          its elements that have not started need not, see withdraw.py
submissions/<token>-<k>-array.withdrawn  the same of one array
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from jughpc import host
from jughpc.batch.bundle import Bundle
from jughpc.batch.container import Container
from jughpc.batch.scheduler import Limits, Resources, Role, Workload
from jughpc.batch.submission import ROOT as ROOT
from jughpc.batch.submission import Accepted as Accepted
from jughpc.batch.submission import ElementOptions as ElementOptions
from jughpc.batch.submission import Submission as Submission
from jughpc.batch.typed import checked, texts
from jughpc.errors import JugdirError
from jughpc.fs import Clock, Files
from jughpc.inode import OddFileError, new_token
from jughpc.jsonfile import read_json

RECORD = "record.json"
CANCELLED, OVER = "cancelled", "over"
SETUP = "setup"
_OWN = ("notify",)  # of the meta: what may hold a password, too


def draft(
    files: Files,
    clock: Clock,
    jugdir: Path,
    *,
    scheduler: str,
    workload: Workload,
    options: ElementOptions,
    limits: Limits = Limits(),  # noqa: B008  # frozen
    commands: Mapping[str, str] | None = None,
    meta: Mapping[str, str] | None = None,
) -> Submission:
    """Return the next submission, for a look at what it would be; nothing is written."""
    return Submission(
        jugdir=jugdir.absolute(),
        number=_next_number(files),
        token=new_token(),
        user=host.user(),
        host=host.hostname(),
        created=clock.wall(),
        scheduler=scheduler,
        workload=workload,
        options=options,
        limits=limits,
        commands=commands or {},
        meta=meta or {},
    )


def prepare(files: Files, submission: Submission) -> Submission:
    """Record `submission` and return it, under the next number if another took its own meanwhile."""
    while not _took_number(files, submission):
        submission = replace(submission, number=submission.number + 1)
    _keep_own(files, submission)
    files.make_folder(f"{submission.path}/logs")  # Slurm ends a job whose log it cannot open
    return submission


def discard(files: Files, submission: Submission) -> None:
    """Remove all of a submission of which nothing was queued."""
    for name in sorted(files.names(submission.path), key=lambda name: name == RECORD):  # else it would look damaged
        if name != "logs":
            files.remove(f"{submission.path}/{name}")
    for folder in (submission.folder / "logs", submission.folder):
        with suppress(OSError):  # what others put there stays
            folder.rmdir()


def numbers(files: Files) -> list[int]:
    """Return the numbers of all recorded submissions, ascending; also of those that lost the record, but not jobs."""
    return [number for number in _folders(files) if any(map(_tells, files.names(f"{ROOT}/{number}")))]


def load(files: Files, jugdir: Path, number: int) -> Submission:
    """Return submission `number` of the jugdir; one whose record is damaged tells so, if its jobs are known.

    Raises:
        JugdirError: There is none of that number, or neither its record nor those of its jobs can be read.
    """
    path = f"{ROOT}/{number}/{RECORD}"
    try:
        return _from_record(jugdir.absolute(), number, read_json(files, path), *_kept_own(files, number))
    except (OddFileError, ValueError, KeyError, TypeError, AttributeError) as error:
        damage = f"{jugdir / path} is no record of a submission ({error}). Was it cut off?"
        if rescued := _from_intents(files, jugdir.absolute(), number, damage):
            return rescued
        raise JugdirError(f"{damage} No job of it is on record either. Remove its folder.") from error
    except FileNotFoundError:
        if rescued := _from_intents(files, jugdir.absolute(), number, f"{jugdir / path} is not there any more."):
            return rescued
        known = ", ".join(map(str, numbers(files))) or "none"
        raise JugdirError(f"There is no submission {number} in {jugdir}. Recorded: {known}.") from None


def is_own(submission: Submission) -> bool:
    """Return whether this user made a submission, or may have: a host may not know his name."""
    names = {submission.user, host.user()}
    return len(names) == 1 or any(not name or name.isdecimal() for name in names)


def every(files: Files, jugdir: Path) -> list[Submission]:
    """Return all submissions of the jugdir of which anything can be read, ascending."""
    found = []
    for number in numbers(files):
        with suppress(JugdirError):
            found.append(load(files, jugdir, number))
    return found


def latest(files: Files, jugdir: Path) -> Submission | None:
    """Return the latest submission that is live; else the latest that queued anything; else the latest.

    None if there is none. By the records alone: one that has ended, and of which nobody saw it, counts as live.
    """
    found = every(files, jugdir)
    ranked = sorted(found, key=lambda one: (_liveness(files, one), one.number))
    return ranked[-1] if ranked else None


def is_live(files: Files, submission: Submission) -> bool:
    """Return whether jobs of `submission` may still be queued or run, by the records."""
    return _liveness(files, submission) == 2


def mark_cancelled(files: Files, submission: Submission) -> None:
    """Record that `submission` is to end; a second time changes nothing."""
    with suppress(FileExistsError):
        files.write(f"{submission.path}/{CANCELLED}", [])


def is_cancelled(files: Files, submission: Submission) -> bool:
    """Return whether `submission` is to end."""
    return CANCELLED in files.names(submission.path)


def mark_over(files: Files, submission: Submission) -> None:
    """Record that nothing of `submission` is left in the queue; a second time changes nothing."""
    with suppress(FileExistsError):
        files.write(f"{submission.path}/{OVER}", [])


def unmark_over(files: Files, submission: Submission) -> None:
    """Take back that nothing is left in the queue: more is about to be queued."""
    files.remove(f"{submission.path}/{OVER}")


def is_over(files: Files, submission: Submission) -> bool:
    """Return whether it is on record that nothing of `submission` is left in the queue."""
    return OVER in files.names(submission.path)


def to_json(fields: Mapping[str, Any]) -> bytes:
    """Return the text of a record, for programs and for people."""
    return json.dumps(fields, indent=1, default=_plain).encode()


def _tells(name: str) -> bool:
    return name == RECORD or name.endswith(".intent")


def _took_number(files: Files, submission: Submission) -> bool:
    try:
        files.write(f"{submission.path}/{RECORD}", [to_json(_recorded(submission))])
    except FileExistsError:
        return False
    return True


def _folders(files: Files) -> list[int]:
    return sorted(int(name) for name in files.names(ROOT) if re.fullmatch("[0-9]{1,9}", name))


def _next_number(files: Files) -> int:
    return max(_folders(files), default=0) + 1


def _liveness(files: Files, submission: Submission) -> int:
    """Return 2 for one whose jobs may go on, 1 for one that queued some, else 0."""
    names = files.names(submission.path)
    if not any(name.endswith((".intent", ".json")) for name in names if name != RECORD):
        return 0
    return 1 if OVER in names else 2


def _keep_own(files: Files, submission: Submission) -> None:
    """Write what may hold a password where only its owner reads it; the record is for all who see the jugdir."""
    own = {key: submission.meta[key] for key in _OWN if key in submission.meta}
    if submission.options.setup or own:
        fields = {"setup": submission.options.setup, **own}
        files.write(f"{submission.path}/{SETUP}", [to_json(fields)], mode=0o600)


def _kept_own(files: Files, number: int) -> tuple[tuple[str, ...], dict[str, str]]:
    """Return the lines of setup and the private part of the meta; nothing for another user, who submits none of it."""
    try:
        found = read_json(files, f"{ROOT}/{number}/{SETUP}")
        return texts(found["setup"]), {key: found[key] for key in _OWN if key in found}
    except (FileNotFoundError, PermissionError):
        return (), {}


def _recorded(submission: Submission) -> dict[str, Any]:
    fields = asdict(submission)
    fields["options"]["setup"] = ()
    fields["meta"] = {key: value for key, value in fields["meta"].items() if key not in _OWN}
    del fields["workload"]["parts"]  # further arrays have others: by what can be run then
    return {key: fields[key] for key in fields if key not in ("jugdir", "number", "damage")}


def _plain(value: object) -> str:
    return value.value if isinstance(value, Role) else str(value)


def _from_intents(files: Files, jugdir: Path, number: int, damage: str) -> Submission | None:
    """Return what the intents of its jobs tell of a submission, None if there is none."""
    folder = f"{ROOT}/{number}"
    for name in sorted(files.names(folder)):
        if name.endswith(".intent"):
            with suppress(ValueError, KeyError, TypeError):
                fields = read_json(files, f"{folder}/{name}")
                begin, token, _ = str(fields["name"]).rsplit("-", 2)
                workload = Workload((), 0, begin)
                return checked(Submission(
                    jugdir, number, token, "", "", fields["began"], fields["scheduler"], workload,
                    ElementOptions(jugdir), damage=damage,
                ))  # fmt: skip
    return None


def _from_record(
    jugdir: Path, number: int, fields: dict[str, Any], setup: tuple[str, ...], own: Mapping[str, str]
) -> Submission:
    workload, limits, meta = fields.pop("workload"), fields.pop("limits"), fields.pop("meta")
    options = _options(fields.pop("options"))
    return checked(
        Submission(
            jugdir=jugdir,
            number=number,
            workload=Workload(texts(workload["argv"]), workload["size"], workload["name"]),
            options=replace(options, setup=setup or options.setup),
            limits=Limits(**limits),
            meta={**meta, **own},
            **fields,
        )
    )


def _options(fields: dict[str, Any]) -> ElementOptions:
    """Return the options as they were recorded; those that are younger than the record are as they are by default."""
    templates, stage, container = fields.pop("templates"), fields.pop("stage", None), fields.pop("container", None)
    wanted: dict[str, Any] = {
        name: Resources(**fields.pop(name)) for name in ("resources", "collect", "reduce") if name in fields
    }
    listed = {name: tuple(value) for name, value in fields.items() if isinstance(value, list)}
    return ElementOptions(
        **{**fields, **wanted, **listed, "workdir": Path(fields["workdir"])},
        templates=None if templates is None else Path(templates),
        stage=None if stage is None else Bundle(**{**stage, "tar": Path(stage["tar"])}),
        container=None if container is None else Container.from_record(container),
    )
