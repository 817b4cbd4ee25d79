"""Ids of jobs and elements as PBS reads and writes them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from jughpc.testing.cluster.engine import Engine
from jughpc.testing.cluster.model import Element, SimJob

SERVER = "pbs01"

_ID = re.compile(r"(\d+)(?:(\[)([\d,-]*)\])?(?:\.[\w.-]+)?")


@dataclass(frozen=True)
class Named:
    """What an id names.

    Attributes:
        whole: Whether it names the job as a whole.
    """

    job: SimJob
    elements: tuple[Element, ...]
    whole: bool


def job_id(job: SimJob) -> str:
    """Return a job's full id."""
    return f"{job.number}[].{SERVER}" if job.ask.array else f"{job.number}.{SERVER}"


def element_id(job: SimJob, element: Element) -> str:
    """Return an element's full id."""
    return f"{job.number}[{element.index}].{SERVER}" if job.ask.array else job_id(job)


def full(word: str) -> str:
    """Return an id with its server."""
    return word if "." in word else f"{word}.{SERVER}"


def well_formed(word: str) -> bool:
    """Return whether `word` can be an id."""
    return _ID.fullmatch(word) is not None


def find(engine: Engine, word: str) -> Named | None:
    """Return what an id names, None if the server knows none such; the brackets may not be left out."""
    match = _ID.fullmatch(word)
    job = engine.jobs.get(int(match[1])) if match else None
    if match is None or job is None or job.ask.array != bool(match[2]):
        return None
    if not match[3]:
        return Named(job, tuple(job.elements.values()), whole=True)
    first, _, last = match[3].partition("-")
    wanted = range(int(first), int(last or first) + 1)
    found = tuple(job.elements[index] for index in wanted if index in job.elements)
    return Named(job, found, whole=False) if found else None
