"""`jughpc submit` and `jughpc cancel`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from jughpc.app.context.target import Target, remember
from jughpc.cli import common
from jughpc.cli.progress import progress
from jughpc.config import Settings
from jughpc.errors import UsageError
from jughpc.fs import OsClock


@click.command()
@click.argument("jugfile", required=False)
@click.argument("args", nargs=-1)
@click.option("--jugdir", metavar="DIR", help=common.JUGDIR_HELP)
@click.option("--array", "size", type=click.IntRange(min=1), metavar="N", help="Elements of the array: workers.  [1]")
@click.option("--throttle", type=click.IntRange(min=1), metavar="M", help="Elements that may run at once.")
@click.option("--time", metavar="TIME", help="Of each element: 90m, 1h30m, 2-12:00:00.")
@click.option("--mem", metavar="SIZE", help="Of each element: 4G, 512M.")
@click.option("--cpus", type=click.IntRange(min=1), metavar="N", help="Cores of each element.")
@click.option("--gpus", type=click.IntRange(min=0), metavar="N", help="GPUs of each element.")
@click.option("--partition", "--queue", metavar="NAME", help="Partition (SLURM) or queue (PBS).")
@click.option("--account", metavar="NAME", help="Account to charge.")
@click.option("--qos", metavar="NAME", help="Quality of service.")
@click.option("--name", metavar="NAME", help="Of the jobs.  [the jugfile's]")
@click.option("--setup", multiple=True, metavar="LINE", help="A line of shell before the worker starts; repeatable.")
@click.option("--reduce", "script", metavar="SCRIPT", help="A Python script to run once all tasks are done.")
@click.option("--scheduler", metavar="NAME", help="slurm, pbs or local.  [what is there]")
@click.option("--templates", metavar="DIR", help="A folder whose script templates take the place of ours.")
@click.option("--retries", type=click.IntRange(min=0), metavar="N", help="Try a task that fails so often again.")
@click.option("--rounds", type=click.IntRange(min=0), metavar="N", help="Further arrays for what one leaves.")
@click.option("--dry-run", is_flag=True, help="Print scripts and commands; touch nothing.")
@click.option("--wait", is_flag=True, help="Wait until all of it has ended.")
@click.pass_context
def submit(
    ctx: click.Context, /, jugfile: str | None, args: tuple[str, ...], jugdir: str | None, dry_run: bool, wait: bool,
    **given: Any,
) -> int:  # fmt: skip
    """Submit JUGFILE as an array job of workers, with a collector, and a reduce if asked for.

    Options of the scheduler's own may stand behind `--`. Where there is no scheduler, this machine
    runs the elements, as many at once as there are cores.
    """
    from jughpc.app.submit.submit import rehearse
    from jughpc.app.submit.submit import submit as queue
    from jughpc.app.submit.wait import wait_for

    target = common.find_target(jugfile, jugdir, args)
    values = common.settings()
    wish = _wish(given, ctx.obj, values)
    if dry_run:
        rehearse(target, wish, OsClock(), click.echo)
        return 0
    done = queue(target, wish, common.pace(values), OsClock(), click.echo)
    remember(Path.cwd(), target)
    for job in done.accepted:
        click.echo(f"{job.role.value:<10} {job.id}")
    click.echo(f"\nsubmission {done.submission.number}; see `jughpc status`, end it with `jughpc cancel`")
    if not wait:
        return 0
    with progress() as show:
        return wait_for(target, done, OsClock(), click.echo, show)


def _wish(given: dict[str, Any], extra: tuple[str, ...], values: Settings) -> Any:
    from jughpc import units
    from jughpc.app.submit.submit import Wish
    from jughpc.batch.scheduler import Resources
    from jughpc.batch.submissions import Options

    def chosen(key: str) -> Any:
        return values[key].value if given[key] in (None, ()) else given[key]

    resources = Resources(
        walltime=units.seconds(str(chosen("time"))) if chosen("time") else None,
        memory=units.memory(str(chosen("mem"))) if chosen("mem") else None,
        cpus=_number(chosen("cpus"), "cpus"),
        gpus=_number(chosen("gpus"), "gpus"),
        partition=chosen("partition"),
        account=chosen("account"),
        qos=chosen("qos"),
    )
    templates = chosen("templates")
    options = Options(
        workdir=Path.cwd(),
        resources=resources,
        throttle=_number(chosen("throttle"), "throttle"),
        setup=tuple(chosen("setup")),
        extra=extra,
        templates=Path(templates).absolute() if templates else None,
    )
    return Wish(
        size=given["size"] or 1,
        options=options,
        scheduler=chosen("scheduler"),
        name=given["name"],
        reduce=Path(given["script"]) if given["script"] else None,
        retries=chosen("retries"),
        rounds=chosen("rounds"),
    )


def _number(value: Any, key: str) -> int | None:
    try:
        return None if value is None else int(value)
    except ValueError:
        raise UsageError(f"the setting {key} must be a whole number, not {value!r}.") from None


@click.command()
@common.takes_jugfile
@click.option("--submission", "number", type=int, metavar="N", help="Which one.  [the latest]")
def cancel(target: Target, number: int | None) -> int:
    """End the array, collector and reduce of a submission; results stay."""
    from jughpc.app.submit.cancel import cancel as end

    ended = end(target, number)
    for job in ended:
        click.echo(f"cancelled {job.role.value} {job.id}")
    return 0
