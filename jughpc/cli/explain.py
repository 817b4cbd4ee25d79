"""`jughpc explain`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from jughpc.app.context.site import Site
from jughpc.cli import common
from jughpc.cli.output.bars import cut
from jughpc.cli.output.terminal import echo
from jughpc.exitcode import ExitCode
from jughpc.store.record import ElementRef
from jughpc.units import about, moment, several, show_memory

if TYPE_CHECKING:
    from jughpc.app.status.explain import Explained
    from jughpc.store.checkpoints import Saved
    from jughpc.store.record import Record

_LONGEST = 200  # [characters] of a call


@click.command()
@click.argument("task")
@common.takes_jugfile
@click.option("--json", "as_json", is_flag=True, help="All of it as JSON.")
def explain(site: Site, task: str, as_json: bool) -> int:
    """Tell why TASK is as it is: what it waits for, who runs it, what went wrong, and what happens next.

    TASK is a call such as 'is_prime(41)', the beginning of a digest, or a name, which may mean many: of a function,
    or of a variable of the jugfile ('rows', 'rows[3]').
    """
    from jughpc.app.context.target import named
    from jughpc.app.status.explain import explain as look
    from jughpc.app.status.explain import next_step

    found, at = look(site, common.clusters(), task), named(site.target)
    if as_json:
        echo(json.dumps({"count": found.count, "tasks": [_fields(one, at) for one in found.tasks]}, indent=1))
        return ExitCode.DONE
    for one in found.tasks:
        steps = (f"  next: {words}" for words in next_step(one, at))
        common.show([*_lines(one), *steps, *(f"  see: {words}" for words in _see(one, at)), ""])
    if found.count > len(found.tasks):
        echo(f"{found.count - len(found.tasks)} more are called so; say which by its arguments or its digest.")
    return ExitCode.DONE


def _see(task: Explained, at: str) -> Iterator[str]:
    """Yield which commands tell more."""
    short = task.digest[:8]
    if task.failure is not None:
        yield f"jughpc failures{at} --task {short}"
    if _is_of_an_element(task):
        yield f"jughpc logs{at} --task {short}"


def _is_of_an_element(task: Explained) -> bool:
    """Return whether a worker had it whose output is kept, as far as is known: of those by hand none is."""
    by_hand = task.failure is not None and not task.failure.submission and not task.failure.deaths
    has_begun = task.state == "done" or task.failure is not None or task.holder is not None or bool(task.deaths)
    return has_begun and not by_hand and not (task.ran and ElementRef.of_life(task.ran.life) is None)


def _fields(task: Explained, at: str) -> dict[str, Any]:
    from jughpc.app.status.explain import next_step

    fields = asdict(task) | {"next": " ".join(next_step(task, at))}
    if task.saved is not None:
        fields["saved"] = {**task.saved._asdict(), "path": str(task.saved.path), "when": task.saved.when / 1e9}
    if task.failure is not None:
        fields["failure"]["digest"] = task.digest
    return fields


def _lines(task: Explained) -> Iterator[str]:
    yield f"{cut(task.call, _LONGEST)}  {task.digest[:8]}"
    yield f"  {task.state}" + (f": {task.missing} of what it needs are not done" if task.missing else "")
    if task.hands and task.hands.asks:
        yield f"  its function asks for {task.hands.asks}"
    for needed in task.needs:
        yield f"    {cut(needed.call, _LONGEST)}  {needed.digest[:8]}: {needed.state}"
    if task.missing > len(task.needs):
        yield f"    and {task.missing - len(task.needs)} more"
    if task.ran is not None:
        memory = f", {show_memory(task.ran.peak >> 20 << 20)} at most" if task.ran.peak else ""
        yield f"  at {moment(task.ran.ended)}, on {task.ran.host}, by {task.ran.life}"
        yield f"  in {about(task.ran.wall)}, {about(task.ran.cpu)} of processor time{memory}"
    elif task.mean:
        mean = f"one of {task.name} takes {about(task.mean)} on the average"
        yield f"  when and where is kept of long tasks alone; {mean}"
    if task.holder is not None:
        yield from _of_holder(task.holder, task.proof)
    if task.failure is not None:
        where = f"on {task.failure.host} ({task.failure.owner or 'by hand'})"
        yield f"  {task.failure.exception}"
        yield f"  {where} at {moment(task.failure.when)}, tries {task.failure.tries}"
    if task.saved is not None:
        yield from _of_saved(task.saved)
    if task.deaths:
        yield f"  {several(task.deaths, 'worker')} died while it was in hand"
    if task.died:
        yield f"  died of it last: {task.died}"


def _of_saved(saved: Saved) -> Iterator[str]:
    when = f", the latest at {moment(saved.when / 1e9)}" if saved.when else ""
    size = show_memory(-(-saved.size // 1024) * 1024)  # in whole kilobytes
    yield f"  it saved {several(saved.files, 'file')} of {size} to go on from{when}:"
    yield f"    {saved.path}"


def _of_holder(holder: Record, proof: str) -> Iterator[str]:
    since = f" since {moment(holder.since)}" if holder.since else ""
    where = f"{holder.host} ({holder.owner or 'by hand'})"
    yield f"  by {holder.life} on {where}{since}, last beat {moment(holder.beaten)}"
    if proof:
        yield f"  which is dead: {proof}"
