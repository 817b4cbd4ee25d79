"""`jughpc doctor`: does this place keep what jughpc relies on?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from jughpc import host
from jughpc.cli import common, elements
from jughpc.cli.output.terminal import echo
from jughpc.config.kinds import WALLTIME
from jughpc.exitcode import ExitCode
from jughpc.fs import OsClock, environment

if TYPE_CHECKING:
    from jughpc.app.doctor.examine import Subject
    from jughpc.app.doctor.finding import Finding
    from jughpc.app.doctor.probe_array import ProbeRequest
    from jughpc.config.settings import Settings


@click.command()
@click.option("--jugdir", metavar="DIR", help="The folder of results, there yet or not.  [this one]")
@click.option("--array", "size", type=click.IntRange(min=2), metavar="N", help="Let N elements of a job meet there.")
@click.option("--patience", type=common.Takes(WALLTIME), default="5m", help="How long to wait for these to run.  [5m]")
@common.takes_settings
@click.option("--json", "as_json", is_flag=True, help="All of it as JSON.")
@click.option("--meet", type=click.Path(path_type=Path), hidden=True)
@click.pass_context
def doctor(
    ctx: click.Context, /, jugdir: str | None, size: int | None, patience: float, as_json: bool, meet: Path | None
) -> int:
    """Tell whether this file system and this cluster keep what jughpc relies on.

    Each line is ok, a warning or a failure, with what to do about it. Nothing is left behind. With
    --array, options of the scheduler's own may stand behind `--`. Exit code: 1 if there is a failure.
    """
    if meet is not None:
        return _attend(meet, patience)
    found = []
    for finding in findings(common.settings(), size, ctx.obj, patience, jugdir):
        found.append(finding)
        if not as_json:
            echo(line(finding))
    if as_json:
        echo(json.dumps([asdict(finding) | {"verdict": finding.verdict.value} for finding in found], indent=1))
    return ExitCode.FAILED if any(finding.verdict.value == "failure" for finding in found) else ExitCode.DONE


def findings(
    settings: Settings, size: int | None, extra: tuple[str, ...], patience: float, jugdir: str | None = None
) -> Iterator[Finding]:
    """Yield what a look at this place tells, and `size` elements of a job if there are to be any."""
    from jughpc.app.doctor.examine import examine
    from jughpc.app.doctor.probe_array import summon

    clusters = common.clusters()
    subject = _subject(jugdir, settings)
    yield from examine(subject, clusters, OsClock())
    if size:
        yield from summon(subject, clusters, _request(size, extra, settings, patience), OsClock())


def _attend(folder: Path, patience: float) -> int:
    from jughpc.app.doctor.probe_array import take_part
    from jughpc.worker.element import place

    take_part(folder, place(environment()), OsClock(), patience)
    return ExitCode.DONE


def _subject(jugdir: str | None, settings: Settings) -> Subject:
    from jughpc.app.doctor.examine import Subject
    from jughpc.store.base import Pace
    from jughpc.store.location import parse

    return Subject(
        jugdir=parse(jugdir or ".").folder(),
        pace=Pace(settings.beat, settings.lag, settings.ttl),
        scheduler=settings.scheduler,
        templates=settings.templates,
        trust=common.trust(),
        is_project=jugdir is None,
    )


def _request(size: int, extra: tuple[str, ...], settings: Settings, patience: float) -> ProbeRequest:
    from jughpc.app.doctor.probe_array import ProbeRequest
    from jughpc.batch.submissions import ElementOptions
    from jughpc.config.fit import own_options

    options = ElementOptions(
        workdir=elements.workdir(),
        resources=replace(elements.charged(settings), walltime=patience + 60),  # many sites refuse a job without a time
        setup=settings.setup,
        extra=(*own_options(settings), *extra),
        templates=settings.templates,
        umask=host.umask(),
        exclude=settings.exclude,
        container=elements.container(settings),
    )
    return ProbeRequest(size, options, patience)


def line(finding: Finding) -> str:
    """Return what is shown of one."""
    head = f"{finding.verdict.value:<8} {finding.topic:<15} {finding.fact}"
    return f"{head}\n{'':<8} {'':<15} -> {finding.advice}" if finding.advice else head
