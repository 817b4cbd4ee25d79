"""`jughpc doctor`: does this place keep what jughpc relies on?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jughpc.cli import common
from jughpc.fs import OsClock, environment

if TYPE_CHECKING:
    from jughpc.app.doctor.examine import Subject
    from jughpc.app.doctor.finding import Finding
    from jughpc.app.doctor.probe_array import Wish
    from jughpc.config import Settings


@click.command()
@click.option("--jugdir", metavar="DIR", default=".", help="The folder of results, there yet or not.  [this one]")
@click.option("--array", "size", type=click.IntRange(min=2), metavar="N", help="Let N elements of a job meet there.")
@click.option("--patience", metavar="TIME", default="5m", help="How long to wait for these to run.  [5m]")
@click.option("--scheduler", metavar="NAME", help="slurm, pbs or local.  [what is there]")
@click.option("--partition", "--queue", metavar="NAME", help="Partition (SLURM) or queue (PBS) of the job.")
@click.option("--account", metavar="NAME", help="Account to charge.")
@click.option("--json", "as_json", is_flag=True, help="All of it as JSON.")
@click.option("--meet", type=click.Path(path_type=Path), hidden=True)
@click.pass_context
def doctor(ctx: click.Context, /, patience: str, as_json: bool, meet: Path | None, **given: Any) -> int:
    """Tell whether this file system and this cluster keep what jughpc relies on.

    Each line is ok, a warning or a failure, with what to do about it. Nothing is left behind. With
    --array, options of the scheduler's own may stand behind `--`. Exit code: 1 if there is a failure.
    """
    from jughpc import units

    if meet is not None:
        return _attend(meet, units.seconds(patience))
    found = []
    for finding in _examine(given, ctx.obj, units.seconds(patience)):
        found.append(finding)
        if not as_json:
            click.echo(_line(finding))
    if as_json:
        click.echo(json.dumps([asdict(finding) | {"verdict": finding.verdict.value} for finding in found], indent=1))
    return int(any(finding.verdict.value == "failure" for finding in found))


def _examine(given: dict[str, Any], extra: tuple[str, ...], patience: float) -> Iterator[Finding]:
    from jughpc.app.doctor.examine import examine
    from jughpc.app.doctor.probe_array import summon

    settings = common.settings()
    subject = _subject(given, settings)
    yield from examine(subject, OsClock())
    if given["size"]:
        yield from summon(subject, _wish(given, extra, settings, patience), OsClock())


def _attend(folder: Path, patience: float) -> int:
    from jughpc.app.doctor.probe_array import take_part
    from jughpc.app.run.execute import place

    take_part(folder, place(environment()), OsClock(), patience)
    return 0


def _subject(given: dict[str, Any], settings: Settings) -> Subject:
    from jughpc.app.doctor.examine import Subject

    templates = settings["templates"].value
    return Subject(
        jugdir=Path(given["jugdir"]).absolute(),
        pace=common.pace(settings),
        scheduler=given["scheduler"] or settings["scheduler"].value,
        templates=Path(templates).absolute() if templates else None,
    )


def _wish(given: dict[str, Any], extra: tuple[str, ...], settings: Settings, patience: float) -> Wish:
    from jughpc.app.doctor.probe_array import Wish
    from jughpc.batch.scheduler import Resources
    from jughpc.batch.submissions import Options

    named = {key: given.get(key) or settings[key].value for key in ("partition", "account", "qos")}
    templates = settings["templates"].value
    options = Options(
        workdir=Path.cwd(),
        resources=Resources(walltime=patience + 60, **named),  # many sites refuse a job without a time
        setup=tuple(settings["setup"].value),
        extra=extra,
        templates=Path(templates).absolute() if templates else None,
    )
    return Wish(given["size"], options, patience)


def _line(finding: Finding) -> str:
    head = f"{finding.verdict.value:<8} {finding.topic:<15} {finding.fact}"
    return f"{head}\n{'':<8} {'':<15} -> {finding.advice}" if finding.advice else head
