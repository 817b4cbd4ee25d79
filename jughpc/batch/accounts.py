"""Whom a user may charge, and with which quality of service, as a system with accounts tells it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from jughpc.batch.scheduler import Reply, Scheduler

_FIELDS = 5
_MOST = 255  # letters of a name


@dataclass(frozen=True)
class Account:
    """One account that a user's jobs may name.

    Attributes:
        is_default: Whether jobs are charged to it that name none.
        partition: The only one where what follows holds, "" for all.
        qos: What jobs may ask for there.
        usual_qos: What those get that ask for none, "" where that is not told.
    """

    name: str
    is_default: bool = False
    partition: str = ""
    qos: tuple[str, ...] = ()
    usual_qos: str = ""


def command(scheduler: Scheduler, user: str) -> list[str]:
    """Return the command that tells which accounts `user` has, [] where there is none."""
    return [word.replace("%u", user) for word in scheduler.capabilities.accounts]


def read(reply: Reply) -> Iterator[Account]:
    """Yield what each line tells; what cannot be read is left out."""
    for line in reply.stdout.splitlines() if reply.code == 0 else ():
        words = line.split("|")
        if len(words) == _FIELDS and words[1] and len(line) <= _FIELDS * _MOST and line.isprintable():
            default, name, partition, qos, usual = words
            yield Account(name, name == default, partition, tuple(filter(None, qos.split(","))), usual)
