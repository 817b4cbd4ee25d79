"""What a job asks of Slurm, in the options of sbatch."""

from __future__ import annotations

from collections.abc import Iterator

from jughpc import units
from jughpc.batch.directives import Directive, given
from jughpc.batch.options import refuse_resources
from jughpc.batch.scheduler import Condition, Dependency, Job, Resources


def directives(job: Job) -> list[Directive]:
    """Return all but for what it waits for."""
    return [*_own(job), *_resources(job.resources)]


def _own(job: Job) -> Iterator[Directive]:
    yield Directive("--job-name", job.name)
    yield Directive("--output", job.log)
    yield Directive("--open-mode", "append")  # else a requeued element begins its log anew
    yield Directive("--chdir", str(job.workdir))
    if job.resources.tasks is None:
        yield Directive("--nodes", "1")
    yield Directive("--ntasks", str(job.resources.tasks or 1))
    yield Directive("--requeue")
    if job.is_told:
        yield Directive("--mail-type", "END,FAIL")
    if job.exclude:
        yield Directive("--exclude", ",".join(job.exclude))
    if job.size > 1:
        yield Directive("--array", f"0-{job.size - 1}" + (f"%{job.throttle}" if job.throttle else ""))


def _resources(resources: Resources) -> list[Directive]:
    refuse_resources("Slurm", resources, "project", "select", "place")
    return given(
        (
            ("--time", None if resources.walltime is None else units.walltime(resources.walltime)),
            *(_sized(resources) if resources.tasks is None else _of_each(resources)),
            ("--partition", resources.partition),
            ("--account", resources.account),
            ("--qos", resources.qos),
            ("--constraint", resources.constraint),
        )
    )


def _sized(resources: Resources) -> Iterator[tuple[str, object]]:
    """Yield what one process on one node gets."""
    yield "--mem", None if resources.memory is None else f"{units.mebibytes(resources.memory)}M"
    yield "--gres", f"gpu:{resources.gpus}" if resources.gpus else None
    yield "--cpus-per-task", resources.cpus


def _of_each(resources: Resources) -> Iterator[tuple[str, object]]:
    """Yield what each of several processes gets, on whatever nodes; --mem would be of a node."""
    cpus = resources.cpus or 1
    yield "--mem-per-cpu", None if resources.memory is None else f"{-(-units.mebibytes(resources.memory) // cpus)}M"
    yield "--gpus-per-task", resources.gpus or None
    yield "--cpus-per-task", cpus  # said in any case: what starts them would give each a whole node's threads


def waiting(job: Job) -> list[Directive]:
    """Return the options that say what `job` waits for; one that waits for success ends where that can never be.

    Else it would pend until somebody looks. With Slurm 22.05 it is cancelled within seconds.
    """
    conditions = ",".join(map(condition, job.waits))
    ends = any(other.condition is Condition.AFTER_OK for other in job.waits)
    return given((("--dependency", conditions or None), ("--kill-on-invalid-dep", "yes" if ends else None)))


def condition(dependency: Dependency) -> str:
    """Return it as sbatch reads it."""
    ids = (job.partition(";")[0] for job in dependency.jobs)
    return ":".join([dependency.condition.value, *ids])
