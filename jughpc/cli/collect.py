"""`jughpc check`, `sleep-until`, `collect` and `reduce`: what follows the array."""

from __future__ import annotations

from pathlib import Path

import click

from jughpc.app.context.site import Site
from jughpc.cli import common
from jughpc.cli.output.terminal import echo
from jughpc.exitcode import ExitCode


@click.command()
@common.takes_jugfile
@common.may_be_cached
@click.option("--deep", is_flag=True, help="Look at every shard, whatever is marked as done.")
def check(site: Site, deep: bool) -> int:
    """Exit with 0 if all tasks that JUGFILE has now are done, else with 1; print nothing, unless results are gone.

    Where a purge may have removed some, --deep is sure: else of the shards that are done a few are looked at.
    """
    from jughpc.app.status.tasks import standing
    from jughpc.store.believed import LOOKS

    found = standing(site, looks=None if deep else LOOKS)
    return ExitCode.FAILED if found.unfinished or found.manifest.barrier else ExitCode.DONE


@click.command("sleep-until")
@common.takes_jugfile
def sleep_until(site: Site) -> int:
    """Wait until all tasks of JUGFILE are done, by whomever.

    Exit code: 0 all done, 1 if what is left failed or waits for what failed.
    """
    from jughpc.app.submit.collect import sleep_until as wait
    from jughpc.app.submit.outage import outlast
    from jughpc.app.submit.verdict import End, story

    verdict = outlast(site, lambda: wait(site, common.clusters()))
    for line in story(site, verdict):
        echo(line, err=True)
    return ExitCode.DONE if verdict.end is End.DONE else ExitCode.FAILED


@click.command()
@common.takes_jugfile
@click.option("--submission", "number", type=int, required=True, metavar="N", help="Whose workers are repaired.")
@common.takes_settings
@click.option("--progress", hidden=True)  # before the array began, as told by who queued it
@click.option("--tells", is_flag=True, hidden=True)  # how it ended, to whom the submission says
@click.option("--queues-reduce", "last", is_flag=True, hidden=True)  # no reduce waits for it
def collect(site: Site, number: int, progress: str | None, tells: bool, last: bool) -> int:
    """Wait for those who work, submit a further array for what they leave, and tell what is missing.

    Exit code: 0 only if all tasks are done, or the reduce takes what is there (--reduce-on any), else 3.
    """
    from jughpc.app.submit import notify as notices
    from jughpc.app.submit import own_end
    from jughpc.app.submit.collect import Charge
    from jughpc.app.submit.collect import collect as gather
    from jughpc.app.submit.progress import Progress
    from jughpc.app.submit.verdict import story
    from jughpc.batch.scheduler import Role
    from jughpc.batch.shell import heeding_signals
    from jughpc.fs import environment
    from jughpc.worker.element import place

    environ = environment()
    deadline, wanted = place(environ).deadline, site.settings.reduce_on
    with (
        heeding_signals(),
        notices.at_end(site, number if tells else None, deadline) as notice,
        own_end.recorded(site, Role.COLLECT, environ) as own,
    ):
        before, stem = Progress.read(progress) if progress else None, own_end.stem(site, Role.COLLECT, environ)
        charge = Charge(number, site.settings.rounds, before, deadline, stem, last, wanted)
        verdict = gather(site, common.clusters(), charge)
        own.lines = list(story(site, verdict))
        own.code = ExitCode.DONE if verdict.is_for_reduce(wanted) else ExitCode.LEFT
        notice.event, notice.lines, notice.standing = verdict.news(wanted), own.lines, verdict.standing
    common.show(own.lines)
    return own.code


@click.command()
@common.takes_jugfile
@click.option("--script", required=True, type=click.Path(path_type=Path), help="The script.")
@click.option("--script-text", "key", hidden=True)  # as the jobs of a submission name the text of its reduce
@click.option("--if-done", is_flag=True, help="Only if all tasks are done; else the exit code is 3.")
@click.option("--if-released", is_flag=True, hidden=True)  # with tasks left, only if its collector says so
@click.option("--submission", "number", type=int, hidden=True)  # whose last job it is
@click.option("--tells", is_flag=True, hidden=True)  # how it ended, to whom the submission says
def reduce(
    site: Site, script: Path, if_done: bool, if_released: bool, key: str | None, number: int | None, tells: bool
) -> int:
    """Run a Python script with the names of JUGFILE and `value`, as the reduce job of a submission does.

    Where tasks are left, `value(tasks, missing=None)` gives what is there, and `task.can_load()` tells what is.
    """
    from jughpc.app.context.pinned import place_of
    from jughpc.app.context.session import peek
    from jughpc.app.run.reduce import reduce as run
    from jughpc.app.status.tasks import in_words, standing_in, sure
    from jughpc.app.submit import notify as notices
    from jughpc.app.submit import own_end
    from jughpc.app.submit.released import is_released
    from jughpc.batch.scheduler import Role
    from jughpc.batch.shell import heeding_signals
    from jughpc.fs import environment
    from jughpc.worker.element import place

    environ = environment()
    with (
        heeding_signals(),
        notices.at_end(site, number if tells else None, place(environ).deadline) as notice,
        own_end.recorded(site, Role.REDUCE, environ) as own,
    ):
        session = peek(site)
        found = notice.standing = sure(site, standing_in(session))
        is_partial = bool(found.unfinished) or found.manifest.barrier
        if is_partial and (if_done or (if_released and not is_released(site, number))):
            own.code, own.lines = ExitCode.LEFT, [f"{script} was not run, for tasks are left: {in_words(found)}"]
        else:
            source = place_of(site.location.folder(), key, script.name) if key else None
            run(session, script, source, f"runs with what is there: {in_words(found)}" if is_partial else "")
            if not is_partial:
                own_end.mark_reduced(site, script)
            notice.event, notice.lines = notices.NEEDS_YOU if is_partial else notices.ALL_DONE, [in_words(found)]
    for line in own.lines:
        echo(line, err=True)
    return own.code
