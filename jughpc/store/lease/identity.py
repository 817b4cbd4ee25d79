"""Who a life is: this process, on this host; and whether the process behind a record is gone from here."""

from __future__ import annotations

import re

from jughpc import host
from jughpc.host import Process, Sight
from jughpc.inode import new_token
from jughpc.store.record import ElementRef, Record


def is_gone(record: Record) -> bool:
    """Return whether the record's process ran on this host, in this boot and PID namespace, and is gone for certain."""
    now = host.here()
    if (record.host, record.space) != (now.host, now.space):
        return False
    return host.sight(Process(record.pid, record.started), record.user) is Sight.GONE


def new_record(now: float, ref: ElementRef | None = None, owner: str = "", worker: int = 0) -> Record:
    """Return the record of a new life of this process; its name is unique and safe as a file name."""
    machine, process = host.here(), host.myself()
    return Record(
        life=f"{ref or 'hand'}-{_slug(machine.host)[:32]}-{process.pid}-{new_token()}",
        host=machine.host,
        space=machine.space,
        pid=process.pid,
        started=process.start,
        user=host.user(),
        owner=owner,
        submission=ref.submission if ref else "",
        element=ref.element if ref else -1,
        run=ref.run if ref else 0,
        worker=worker,
        begun=now,
        beaten=now,
    )


def _slug(text: str) -> str:
    """Return `text` as it begins the name of a life: letters, digits, `_` and `-`."""
    return re.sub(r"[^A-Za-z0-9_]+", "-", text)[:48].strip("-")
