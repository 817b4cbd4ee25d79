"""What was chosen for a submission, applied defaults included, in words."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from jughpc.app.submit.classes import Class
from jughpc.app.submit.dependents import WORKERS
from jughpc.app.submit.needy import Needy
from jughpc.app.submit.request import said
from jughpc.app.submit.stage import Staging
from jughpc.app.submit.submit import Planned
from jughpc.batch.cluster import Cluster
from jughpc.batch.container import Container
from jughpc.batch.images import is_here
from jughpc.batch.scheduler import Part, Resources, Role
from jughpc.batch.submissions import ElementOptions, Submission
from jughpc.units import show_memory, show_seconds

_ANY = "with what is there once nobody works on the rest"
_MOST_FUNCTIONS = 4
_LARGE = 2 * 10**9  # [bytes] NumPy, SciPy, pandas and the standard library take a fifth of that
_DEFAULTS = ("time", "memory", "cpus", "partition", "account", "qos")


def chosen(plan: Planned) -> Iterator[str]:
    """Yield everything that was chosen, and what chose it where that is no option of ours, a line each."""
    for head, words in _lines(plan, plan.submission, plan.cluster):
        yield f"{head:<10} {words}"


def _lines(plan: Planned, submission: Submission, cluster: Cluster) -> Iterator[tuple[str, str]]:
    options, arrays = submission.options, [job for job in plan.jobs if job.role is Role.ARRAY]
    limits = ", ".join(f"{key} {value}" for key, value in submission.limits.settings.items())
    yield "scheduler", submission.scheduler + (f" ({limits})" if limits else "")
    is_partial = submission.meta.get("reduce_on") == "any"
    if arrays:
        yield "array", _elements([job.size for job in arrays], options.throttle)
        for words in plan.sized.why if plan.sized else ():
            yield "auto", words
        others = submission.workload.parts[: len(submission.workload.parts) - len(plan.needy)]
        classes = [part for part in others if part.only]
        if not classes and (others or not plan.needy):
            yield "each", _resources(options.resources, cluster.chosen(options.extra), here=cluster.runs_here)
        for part in classes:
            yield from _part(part, plan, cluster.chosen(options.extra))
        for part, kind in zip(submission.workload.parts[::-1], plan.needy[::-1], strict=False):
            yield from _more(part, kind, plan, cluster.chosen(options.extra))
        for one in plan.classes if classes else ():
            if not one.can_begin:
                yield "later", f"{one.name}: {_functions(one)}, once what these wait for is done"
        if workers := said(submission.workload.argv, WORKERS):
            yield "workers", f"{workers} in each"
        if plan.request.stage and not plan.request.stages:
            yield "stage", "left out: an image holds what elements import"
        if plan.staging:
            yield from _staged(plan.staging, here=cluster.runs_here)
    else:
        yield "array", "none: all tasks are done, and the reduce is missing"
    for job in plan.jobs:
        if job.role is not Role.ARRAY:
            name = "collector" if job.role is Role.COLLECT else job.role.value
            asks = _resources(job.resources, cluster.chosen(()), here=cluster.runs_here)
            yield name, f"{asks}; {_ANY}" if job.role is Role.REDUCE and is_partial else asks
    yield "python", f"{options.python}{', of the collector' if options.container else ''}"
    if options.container:
        yield from _contained(options.container, gpus=any(job.resources.gpus for job in plan.jobs))
    yield "logs", f"{submission.folder}/logs"
    yield from _of_elements(options)


def _part(part: Part, plan: Planned, chosen: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield what elements of a class are for, and what each of them gets."""
    (one,) = (one for one in plan.classes if one.name == part.only)
    yield "class", f"{part.only}: {part.size} elements for {_functions(one)}"
    yield "  each", _resources(part.resources, chosen, here=plan.cluster.runs_here)


def _more(part: Part, kind: Needy, plan: Planned, chosen: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield which tasks need more, and what each of their elements gets."""
    seen = f", with up to {show_memory(kind.peak >> 20 << 20)} in use" if kind.peak >> 20 else ""
    yield "more", f"{part.size} elements for {_named(kind.names)}, which {kind.why}{seen}"
    yield "  each", _resources(part.resources, chosen, here=plan.cluster.runs_here)


def _functions(one: Class) -> str:
    return _named(one.functions)


def _named(functions: Mapping[str, int]) -> str:
    names = [f"{name} ({count})" for name, count in functions.items()]
    return ", ".join(names[:_MOST_FUNCTIONS] + (["..."] if len(names) > _MOST_FUNCTIONS else []))


def _staged(staging: Staging, here: bool) -> Iterator[tuple[str, str]]:
    when = "packed by an earlier submit" if staging.is_there else "packed once, beside the results"
    yield "stage", f"{staging.bundle.room / 1e6:.0f} MB in {staging.bundle.files} files, {when}"
    if staging.bundle.room > _LARGE:
        yield "", f"most of it in {staging.found.heaviest}"
    if here:
        yield "", "which helps on this machine only if python lies on a file server"


def _contained(container: Container, *, gpus: bool) -> Iterator[tuple[str, str]]:
    """Yield what elements run in, and what is not known, or not there, of that."""
    command = container.how.begin[0]
    yield "container", f"{container.image}, by {container.runtime}, with its {container.python}"
    yield "", "submit and the collector load the jugfile outside of it"
    if not is_here(container.runtime):
        yield "", f"{command} is not on PATH here: elements look for it on their nodes, behind setup"
    if gpus and not container.how.nvidia:
        yield "", f"{command} has no option for GPUs: their libraries are to be in the image"


def _of_elements(options: ElementOptions) -> Iterator[tuple[str, str]]:
    for line in options.setup:
        yield "setup", line
        if other := _activated(line, options.python):
            yield "", f"activates {other}, but {options.python} runs the tasks: is --python python what you mean?"
    if options.after:
        yield "after", f"{', '.join(options.after)} ended with exit code 0"
    if options.exclude:
        yield "not on", ", ".join(options.exclude)
    if options.extra:
        yield "extra", f"{shlex.join(options.extra)} (of the array only)"


def _activated(line: str, python: str) -> str:
    """Return the environment that a line of setup activates, "" if none, or the interpreter's own."""
    if python != sys.executable:
        return ""
    if match := re.search(r"(?:^|[;&|\s])(?:source|\.)\s+(\S+)/bin/activate\b", line):
        folder = Path(match[1])
        return "" if folder.absolute() == Path(python).parent.parent else str(folder)
    match = re.search(r"\b(?:conda|mamba|micromamba) +activate(?: +(\S+))?", line)
    if not match or (match[1] and Path(python).parent.parent.name == Path(match[1]).name):
        return ""
    return match[1] or "another environment"


def _elements(sizes: Sequence[int], throttle: int | None) -> str:
    """Return how many elements there are, in which arrays, and how many of them run at once."""
    if set(sizes) == {1} and len(sizes) > 1:  # the system has no arrays, or none so small
        return f"{len(sizes)} elements, each a job of its own, {_throttle(throttle, 1)}"
    return f"{' + '.join(map(str, sizes))} elements, {_throttle(throttle, len(sizes))}"


def _throttle(throttle: int | None, arrays: int) -> str:
    if throttle is None:
        return "as many at once as the system runs"
    turns = f", {arrays} arrays in turns" if throttle < arrays else ""
    return f"at most {throttle} at once{turns}"


def _resources(resources: Resources, chosen: Mapping[str, str], *, here: bool) -> str:
    """Return what is asked for, and what is left to the site.

    Args:
        chosen: What something else than our options says, by field.
        here: Whether this very machine runs it: there is no site then.
    """
    own: dict[str, object] = {
        "time": None if resources.walltime is None else show_seconds(resources.walltime),
        "memory": None if resources.memory is None else show_memory(resources.memory),
        "cpus": resources.cpus,
        "gpus": resources.gpus or "",  # none is what one who did not ask gets
        "partition": resources.partition,
        "account": resources.account,
        "qos": resources.qos,
        "project": resources.project,
        "select": resources.select or (None if resources.select is None else "left out"),
        "place": resources.place,
        "constraint": resources.constraint or "",
        "tasks": resources.tasks or "",
    }
    others = {"time" if name == "walltime" else name: words for name, words in chosen.items()}
    known = {**own, **{name: words for name, words in others.items() if own.get(name) in (None, "") or "--" in words}}
    said = [f"{key} {value}" for key, value in known.items() if value not in (None, "")]
    if here:
        usual = {"time": "no time limit", "cpus": "cpus 1"}
        return ", ".join([*said, *(words for key, words in usual.items() if known[key] is None)])
    left = [key for key in _DEFAULTS if known[key] is None]
    return "; ".join(filter(None, [", ".join(said), f"the site's default {', '.join(left)}" if left else ""]))
