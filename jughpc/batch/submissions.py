"""Submissions as they are recorded in a jugdir, in files that are written once.

submissions/<number>/record.json       what was chosen; written before the scheduler is asked
submissions/<number>/<k>-<role>.sh     the script of the k-th job
submissions/<number>/<k>-<role>.json   that job, once the scheduler has accepted it
submissions/<number>/setup             the lines of setup, for their owner alone: they may hold a password
submissions/<number>/logs/             one log an element
submissions/<number>/cancelled         it is to end; nothing more may be submitted for it
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from jughpc import host
from jughpc.batch.logs import log_name
from jughpc.batch.scheduler import JobId, Limits, Resources, Role, Workload
from jughpc.batch.typed import checked, texts
from jughpc.errors import JugdirError
from jughpc.fs import Clock, Files

ROOT = "submissions"
RECORD = "record.json"
CANCELLED = "cancelled"
SETUP = "setup"

_OF_JOB = re.compile(r"\d{1,9}-(array|collect|reduce)\.json")
_IS_NUMBERED = re.compile(r"\d{1,9}-")


@dataclass(frozen=True)
class ElementOptions:
    """How every element of a submission is run, as the user chose it.

    Attributes:
        workdir: Where its command starts (absolute).
        throttle: Elements that may run at once, None for no bound.
        setup: Lines of shell run before the command.
        extra: Raw scheduler options.
        templates: A site's folder of templates, None for those shipped.
    """

    workdir: Path
    resources: Resources = field(default_factory=Resources)
    throttle: int | None = None
    setup: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    templates: Path | None = None


@dataclass(frozen=True)
class Submission:
    """One submission as its record tells it.

    Attributes:
        jugdir: The folder it lies in, as this host sees it (absolute); not recorded.
        token: In the names of its jobs, so that they can be looked up.
        created: When it was drafted [Unix s, by `host`'s clock].
        scheduler: The name of the batch system.
        limits: What the system allowed then.
        meta: The caller's own, opaque here.
    """

    jugdir: Path
    number: int
    token: str
    user: str
    host: str
    created: float
    scheduler: str
    workload: Workload
    options: ElementOptions
    limits: Limits = field(default_factory=Limits)
    meta: Mapping[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """Its folder, relative to the jugdir."""
        return f"{ROOT}/{self.number}"

    @property
    def folder(self) -> Path:
        """Its folder (absolute)."""
        return self.jugdir / self.path


@dataclass(frozen=True)
class Accepted:
    """A job that the scheduler has accepted.

    Attributes:
        size: Its elements.
        offset: Number of its first element within the submission.
        script: The name of its script in the submission's folder.
    """

    role: Role
    id: JobId
    name: str
    size: int
    offset: int
    script: str


def draft(
    files: Files,
    clock: Clock,
    jugdir: Path,
    *,
    scheduler: str,
    workload: Workload,
    options: ElementOptions,
    limits: Limits = Limits(),  # noqa: B008  # frozen
    meta: Mapping[str, str] | None = None,
) -> Submission:
    """Return the next submission, for a look at what it would be; nothing is written."""
    return Submission(
        jugdir=jugdir.absolute(),
        number=_next_number(files),
        token=secrets.token_hex(4),
        user=host.user(),
        host=host.hostname(),
        created=clock.wall(),
        scheduler=scheduler,
        workload=workload,
        options=options,
        limits=limits,
        meta=meta or {},
    )


def prepare(files: Files, submission: Submission) -> Submission:
    """Record `submission` and return it, under the next number if another took its own meanwhile."""
    while not _took_number(files, submission):
        submission = replace(submission, number=submission.number + 1)
    _keep_setup(files, submission)
    files.make_folder(f"{submission.path}/logs")  # Slurm ends a job whose log it cannot open
    return submission


def discard(files: Files, submission: Submission) -> None:
    """Remove all of a submission of which nothing was queued."""
    for name in files.names(submission.path):
        if name != "logs":
            files.remove(f"{submission.path}/{name}")
    for folder in (submission.folder / "logs", submission.folder):
        with suppress(OSError):  # what others put there stays
            folder.rmdir()


def numbers(files: Files) -> list[int]:
    """Return the numbers of all recorded submissions, ascending."""
    return [number for number in _folders(files) if RECORD in files.names(f"{ROOT}/{number}")]


def load(files: Files, jugdir: Path, number: int) -> Submission:
    """Return submission `number` of the jugdir.

    Raises:
        JugdirError: There is none of that number, or its record is broken.
    """
    path = f"{ROOT}/{number}/{RECORD}"
    try:
        return _from_record(jugdir.absolute(), number, json.loads(files.read(path)), _kept_setup(files, number))
    except FileNotFoundError:
        known = ", ".join(map(str, numbers(files))) or "none"
        raise JugdirError(f"There is no submission {number} in {jugdir}. Recorded: {known}.") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        text = f"{jugdir / path} is no record of a submission ({error}). Was it cut off? Remove its folder."
        raise JugdirError(text) from error


def latest(files: Files, jugdir: Path) -> Submission | None:
    """Return the submission with the highest number whose record is whole, None if there is none."""
    for number in reversed(numbers(files)):
        with suppress(JugdirError):
            return load(files, jugdir, number)
    return None


def record_accepted(files: Files, submission: Submission, job: Accepted) -> None:
    """Record that the scheduler has accepted `job`."""
    files.write(f"{submission.path}/{Path(job.script).stem}.json", [_to_json(asdict(job))])


def accepted(files: Files, submission: Submission) -> list[Accepted]:
    """Return the jobs that the scheduler has accepted for `submission`, in the order of submission.

    One that is being recorded this moment is left out.
    """
    names = [name for name in files.names(submission.path) if _OF_JOB.fullmatch(name)]
    jobs = (_accepted(name, files.read(f"{submission.path}/{name}")) for name in sorted(names, key=_ordinal))
    return [job for job in jobs if job]


def next_ordinal(files: Files, submission: Submission) -> int:
    """Return the number of the submission's next job, whether those before it were accepted or not."""
    names = files.names(submission.path)
    return max((_ordinal(name) + 1 for name in names if _IS_NUMBERED.match(name)), default=0)


def mark_cancelled(files: Files, submission: Submission) -> None:
    """Record that `submission` is to end; a second time changes nothing."""
    with suppress(FileExistsError):
        files.write(f"{submission.path}/{CANCELLED}", [])


def is_cancelled(files: Files, submission: Submission) -> bool:
    """Return whether `submission` is to end."""
    return CANCELLED in files.names(submission.path)


def log_of(submission: Submission, job: Accepted, index: int = 0) -> Path:
    """Return where the element `index` of `job` writes its output."""
    return submission.folder / "logs" / log_name(job.role, job.size, job.offset, str(index))


def elements(jobs: Sequence[Accepted]) -> int:
    """Return how many elements the arrays among `jobs` have."""
    return sum(job.size for job in jobs if job.role is Role.ARRAY)


def _took_number(files: Files, submission: Submission) -> bool:
    try:
        files.write(f"{submission.path}/{RECORD}", [_to_json(_recorded(submission))])
    except FileExistsError:
        return False
    return True


def _folders(files: Files) -> list[int]:
    return sorted(int(name) for name in files.names(ROOT) if re.fullmatch("[0-9]{1,9}", name))


def _next_number(files: Files) -> int:
    return max(_folders(files), default=0) + 1


def _ordinal(name: str) -> int:
    return int(name.partition("-")[0])


def _keep_setup(files: Files, submission: Submission) -> None:
    """Write the lines of setup where only their owner reads them; the record is for all who see the jugdir."""
    if submission.options.setup:
        files.write(f"{submission.path}/{SETUP}", [])
        (submission.folder / SETUP).chmod(0o600)  # before it holds anything
        files.save(f"{submission.path}/{SETUP}", [_to_json({"setup": submission.options.setup})])


def _kept_setup(files: Files, number: int) -> list[str]:
    """Return the lines of setup, [] if there are none, or for another user: who resubmits them is their owner."""
    try:
        return list(texts(json.loads(files.read(f"{ROOT}/{number}/{SETUP}"))["setup"]))
    except (FileNotFoundError, PermissionError):
        return []


def _recorded(submission: Submission) -> dict[str, Any]:
    fields = asdict(submission)
    fields["options"]["setup"] = ()
    return {key: fields[key] for key in fields if key not in ("jugdir", "number")}


def _to_json(fields: Mapping[str, Any]) -> bytes:
    return json.dumps(fields, indent=1, default=_plain).encode()


def _plain(value: object) -> str:
    return value.value if isinstance(value, Role) else str(value)


def _accepted(name: str, text: bytes) -> Accepted | None:
    """Return the job that the file `name` tells of, None if that is not whole, or of another one."""
    try:
        fields = json.loads(text)
        job = checked(Accepted(**{**fields, "role": Role(fields["role"])}))
    except (ValueError, KeyError, TypeError, RecursionError):  # not whole yet; or never: then its job was cancelled
        return None
    own = f"{job.script}/{job.role.value}" == f"{name.removesuffix('.json')}.sh/{name.split('-')[1][:-5]}"
    return job if own else None


def _from_record(jugdir: Path, number: int, fields: dict[str, Any], setup: list[str]) -> Submission:
    workload, limits = fields.pop("workload"), fields.pop("limits")
    return checked(
        Submission(
            jugdir=jugdir,
            number=number,
            workload=Workload(texts(workload["argv"]), workload["size"], workload["name"]),
            options=_options(**{**fields.pop("options"), **({"setup": setup} if setup else {})}),
            limits=Limits(**limits),
            **fields,
        )
    )


def _options(
    workdir: str,
    resources: dict[str, Any],
    throttle: int | None,
    setup: list[str],
    extra: list[str],
    templates: str | None,
) -> ElementOptions:
    return ElementOptions(
        Path(workdir),
        Resources(**resources),
        throttle,
        texts(setup),
        texts(extra),
        None if templates is None else Path(templates),
    )
