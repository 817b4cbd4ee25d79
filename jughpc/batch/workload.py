"""What is to be run, and what each element of it asks for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Resources:
    """What one element asks for; None leaves it to the site's defaults.

    Attributes:
        walltime: [s].
        memory: [bytes].
        cpus: Cores of one element.
        gpus: GPUs of one element.
        project: What PBS accounts to, beside `account`.
        select: The chunk of PBS in place of one made of cores, memory and GPUs; "" for none at all.
        place: How PBS places that chunk.
        constraint: The features that a node must have.
        tasks: Processes that the command starts itself, on as many nodes as it takes; cores, memory and GPUs are of
            each then. None for a command that is one process.
    """

    walltime: float | None = None
    memory: int | None = None
    cpus: int | None = None
    gpus: int | None = None
    partition: str | None = None
    account: str | None = None
    qos: str | None = None
    project: str | None = None
    select: str | None = None
    place: str | None = None
    constraint: str | None = None
    tasks: int | None = None


@dataclass(frozen=True)
class Part:
    """Some elements of a workload, which have a command and resources of their own.

    Attributes:
        only: What tells them from others, in words.
    """

    only: str
    argv: tuple[str, ...]
    size: int
    resources: Resources


@dataclass(frozen=True)
class Workload:
    """What goes down at submit: run `argv` in `size` elements under `name`.

    Attributes:
        parts: The elements, where they are not all alike; () where they are.
    """

    argv: tuple[str, ...]
    size: int
    name: str
    parts: tuple[Part, ...] = ()

    def in_parts(self, resources: Resources) -> tuple[Part, ...]:
        """Return its parts: one of all elements, which ask for `resources`, where these are all alike."""
        return self.parts or (Part("", self.argv, self.size, resources),)
