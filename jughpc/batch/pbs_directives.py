"""What a job asks of PBS, in the options of qsub."""

from __future__ import annotations

from collections.abc import Iterator

from jughpc import units
from jughpc.batch import pbs_options
from jughpc.batch.directives import Directive, given
from jughpc.batch.options import refuse_resources
from jughpc.batch.scheduler import Job, Resources


def directives(job: Job) -> list[Directive]:
    """Return all but for what it waits for."""
    return [*_own(job), *_resources(job.resources)]


def _own(job: Job) -> Iterator[Directive]:
    yield Directive("-N", job.name)
    yield Directive("-S", "/bin/bash")
    # PBS copies output only at the end, and over what an earlier run left: the script writes the log itself.
    yield Directive("-j", "oe")
    yield Directive("-o", "/dev/null")
    yield Directive("-m", "ae" if job.is_told else "n")
    yield Directive("-r", "y")
    if job.size > 1:  # -J refuses a single element
        yield Directive("-J", f"0-{job.size - 1}" + (f"%{job.throttle}" if job.throttle else ""))


def attributes(job: Job) -> tuple[list[Directive], list[str]]:
    """Return the one -W that says all attributes, [] for none, and the raw options but for theirs."""
    conditions = ",".join(":".join([after.condition.value, *after.jobs]) for after in job.waits)
    values, rest = pbs_options.attributes_apart(job.extra)
    told = ",".join([*([f"depend={conditions}"] if conditions else []), *values])
    return given([("-W", told or None)]), rest


def _resources(resources: Resources) -> list[Directive]:
    refuse_resources("PBS", resources, "qos", "constraint")
    chunk = _chunk(resources)
    return given(
        (
            ("-l", None if resources.walltime is None else f"walltime={units.walltime(resources.walltime)}"),
            ("-l", f"select={chunk}" if chunk else None),
            ("-l", f"place={resources.place}" if resources.place else None),
            ("-P", resources.project),
            ("-q", resources.partition),
            ("-A", resources.account),
        )
    )


def _chunk(resources: Resources) -> str:
    """Return what is selected, "" for nothing. There are cores in any chunk: many sites refuse one without."""
    if resources.select is not None:
        return resources.select
    memory = None if resources.memory is None else f"{units.mebibytes(resources.memory)}mb"
    asked = {"mem": memory, "ngpus": resources.gpus or None}
    others = [f"{key}={value}" for key, value in asked.items() if value is not None]
    if not (resources.cpus or resources.tasks or others):
        return ""
    ranks = ["mpiprocs=1"] if resources.tasks else []
    return ":".join([str(resources.tasks or 1), f"ncpus={resources.cpus or 1}", *ranks, *others])
