"""`jughpc submit` and `jughpc cancel`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jughpc.app.context.site import Site
from jughpc.app.context.target import remembering
from jughpc.cli import common, elements
from jughpc.cli.output.terminal import echo
from jughpc.cli.wait import wait_until_the_end
from jughpc.config.asks import RULES
from jughpc.config.fit import fitted, own_options
from jughpc.config.kinds import AUTO, ELEMENTS, WALLTIME
from jughpc.config.settings import NAME, named
from jughpc.errors import SettingError
from jughpc.exitcode import ExitCode

if TYPE_CHECKING:
    from jughpc.app.submit.request import SubmitRequest
    from jughpc.batch.clusters import Clusters
    from jughpc.config.settings import Settings


@click.command()
@click.argument("jugfile", required=False)
@click.argument("args", nargs=-1)
@common.takes_jugdir
@click.option(
    "--array", "size", type=common.Takes(ELEMENTS), default=1, metavar="N",
    help="Elements of the array: workers; or auto, for as many as it takes.  [1]",
)  # fmt: skip
@click.option(
    "--within", type=common.Takes(WALLTIME), metavar="TIME", help="By when --array auto is to be through.  [1h]"
)
@common.takes_settings
@click.option("--name", type=common.Takes(NAME), help="Of the jobs.  [the jugfile's]")
@click.option("--reduce", "script", metavar="SCRIPT", help="A Python script to run once all tasks are done.")
@click.option("--more", type=click.IntRange(min=1), metavar="N", help="Add N elements to the submission that goes on.")
@click.option("--again", is_flag=True, help="Make a second submission, though one goes on.")
@click.option("--after", metavar="JOBID", multiple=True, help="Start the array once this job ended well: repeatable.")
@click.option("--dry-run", is_flag=True, help="Print scripts and commands; touch nothing.")
@click.option("--wait", is_flag=True, help="Wait until all of it has ended.")
@click.option("--json", "as_json", is_flag=True, help="What was queued as a line of JSON; all else on standard error.")
@click.pass_context
def submit(
    ctx: click.Context, /, jugfile: str | None, args: tuple[str, ...], size: int, within: float | None,
    name: str | None, script: str | None, more: int | None, again: bool, after: tuple[str, ...], dry_run: bool,
    wait: bool, as_json: bool,
) -> int:  # fmt: skip
    """Submit JUGFILE as an array job of workers, with a collector, and a reduce if asked for.

    Options of the scheduler's own may stand behind `--`. Where there is no scheduler, this machine
    runs the elements, as many at once as there are cores.

    Exit code: 0 once it is queued; with --wait 0 if all tasks are done and the reduce ended well, else 3.
    """
    from jughpc.app.submit.submit import plan_submission
    from jughpc.app.submit.submit import submit as queue
    from jughpc.batch.shell import heeding_signals
    from jughpc.cli.output import submit as output

    _refuse_bare_number(ctx, args)
    if more is not None:
        _refuse_beside_more(ctx)
    if within is not None and size != AUTO:
        raise SettingError("--within sizes an array that is left to jughpc: say --array auto, or leave it out.")
    if dry_run and as_json:
        raise SettingError("--json tells of what was queued, and --dry-run queues nothing: leave one of them out.")
    site, clusters = common.find_site(jugfile, args), common.clusters()
    values = fitted(site.settings, more or (None if size == AUTO else size))
    if more is not None:
        return _add(site, clusters, more, values, tuple(ctx.obj), as_json)
    request = _request(
        values, size=size, options=elements.options(values, (*own_options(values), *ctx.obj), after), name=name,
        reduce=Path(script) if script else None, again=again, within=within,
    )  # fmt: skip
    planned = plan_submission(site, clusters, request)
    common.show(output.planned(planned), err=as_json)
    if not planned.jobs:
        if as_json:
            echo(output.as_json(site, None, ()))
        return ExitCode.DONE
    if dry_run:
        common.show(output.rehearsed(planned))
        return ExitCode.DONE
    with heeding_signals(), remembering(site.folder, site.target, site.say):
        done = queue(planned)
    if as_json:
        echo(output.as_json(site, done.submission.number, done.accepted))
    common.show(output.queued(done), err=as_json)
    return wait_until_the_end(site, clusters, done.submission, err=as_json) if wait else ExitCode.DONE


def _request(values: Settings, **said: Any) -> SubmitRequest:
    """Return what is asked for: by settings, and in `said` what the command line alone can say."""
    from jughpc.app.submit.request import Retry, SubmitRequest

    return SubmitRequest(
        scheduler=values.scheduler,
        retries=values.retries,
        max_crashes=values.max_crashes,
        workers=values.workers,
        start="" if values.start == named()["start"].default else values.start,
        save_time=None if values.save_time == named()["save_time"].default else values.save_time,
        stage=values.stage,
        rounds=values.rounds,
        reduce_on=values.reduce_on,
        notify=values.notify,
        retry=Retry(values.mem_retry, values.mem_max, values.time_retry, values.time_max),
        rules=values.resources,
        share=values.share,
        wanted=RULES.read(common.given("resources") or ""),
        **said,
    )


def _refuse_bare_number(ctx: click.Context, args: tuple[str, ...]) -> None:
    """Raise SettingError where a number stands alone that is probably how many elements there are to be."""
    given = ctx.get_parameter_source("size") is click.core.ParameterSource.COMMANDLINE
    if len(args) == 1 and args[0].isdecimal() and not given:
        raise SettingError(
            f"{args[0]} is taken for an argument of the jugfile. For that many elements: --array {args[0]}; if the "
            f"jugfile is to have it, say how many elements besides: --array 1"
        )


_BESIDE_MORE = {"more", "jugdir", "as_json", *elements.OF_FURTHER}


def _refuse_beside_more(ctx: click.Context) -> None:
    """Raise SettingError for what is said beside --more that is the whole submission's: it only adds elements."""
    line = click.core.ParameterSource.COMMANDLINE
    options = [param for param in ctx.command.params if isinstance(param, click.Option)]
    given = [
        param.opts[0] for param in options
        if param.name and param.name not in _BESIDE_MORE and ctx.get_parameter_source(param.name) is line
    ]  # fmt: skip
    if given:
        raise SettingError(
            f"--more adds elements to a submission, so {' '.join(given)} says nothing to it. Leave it out, or make a "
            "second submission with --again. Where elements run, and what each asks for, may be said."
        )


def _add(site: Site, clusters: Clusters, more: int, values: Settings, extra: tuple[str, ...], as_json: bool) -> int:
    from jughpc.app.submit.more import add
    from jughpc.batch.shell import heeding_signals
    from jughpc.cli.output import submit as output

    wish = elements.further(values, extra)
    with heeding_signals():
        added = add(site, clusters, more, wish)
    if as_json:
        echo(output.as_json(site, added.number, added.accepted))
    common.show(output.added(added), err=as_json)
    return ExitCode.DONE


@click.command()
@common.takes_jugfile
@click.option("--submission", "number", type=int, metavar="N", help="Which one.  [all that go on]")
def cancel(site: Site, number: int | None) -> int:
    """End the array, collector and reduce of what was submitted; results stay."""
    from jughpc.app.submit.cancel import cancel as end
    from jughpc.batch.shell import heeding_signals

    with heeding_signals():
        ended = end(site, common.clusters(), number)
    for job in ended:
        echo(f"cancelled {job.role.value} {job.id}")
    if not ended:
        echo("nothing was running")
    return ExitCode.DONE
