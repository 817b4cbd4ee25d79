"""`jughpc execute`: be a worker."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jughpc.app.context.site import Site
from jughpc.cli import common, faults
from jughpc.cli.output.terminal import echo
from jughpc.config.asks import DEFAULT, Rule
from jughpc.config.kinds import WALLTIME
from jughpc.config.settings import Settings
from jughpc.errors import JugError, JugfileError, UsageError
from jughpc.exitcode import ExitCode, after_signal
from jughpc.fs import environment
from jughpc.library.table import table

if TYPE_CHECKING:
    from jughpc.app.run.part import Outcome
    from jughpc.app.run.selection import Chosen
    from jughpc.store.failure import Failure
    from jughpc.worker.element import Place
    from jughpc.worker.placement import Share
    from jughpc.worker.seat import Report
    from jughpc.worker.spawning import Spawned
    from jughpc.worker.tally import Options

STOP_FILE = "__jug_please_stop_running.txt"  # jug's name for it


def _shares_node(command: Callable[..., int]) -> Callable[..., int]:
    """Give `command` the `shares` of its workers; that of libraries which the jugfile loads is settled before."""

    @functools.wraps(command)
    def with_shares(*args: Any, **rest: Any) -> int:
        from jughpc.worker.element import WORKER

        if WORKER in environment():
            return _spawned(functools.partial(command, *args, shares=(), **rest))
        workers = common.settings().workers
        return command(*args, shares=() if workers == 1 else _shared_out(workers), me=None, **rest)

    return with_shares


def _spawned(command: Callable[..., int]) -> int:
    """Be one of several workers that load the jugfile by themselves: who looks after them tells how it ended."""
    from jughpc.worker.seat import Report
    from jughpc.worker.spawning import spawned

    me = spawned(environment())
    try:
        return command(me=me)
    except JugError as error:
        if me is None:
            raise
        me.tell(Report(ExitCode.FAILED, trouble=error))
        return ExitCode.DONE


def _shared_out(workers: int) -> Sequence[Share]:
    """Return what each of so many workers gets of what there is here, and have libraries start threads to match."""
    from jughpc.worker import placement

    found = placement.found_here()
    shares = placement.shares(found, workers or placement.workers_for(found))
    if len(shares) > 1:
        placement.limit_threads(shares[0].threads)
    return shares


@click.command()
@_shares_node
@common.takes_jugfile
@common.selects_tasks
@common.takes_settings
@click.option("--only", metavar="CLASS", help="Tasks of functions that ask for this, as `submit` names it; or default.")
@click.option("--and-then", "share", multiple=True, hidden=True)  # as elements are told by `submit --share`
@click.option("--digests", hidden=True)  # as elements are told for which tasks they have more than others do
@click.option("--measure", type=common.Takes(WALLTIME), hidden=True)  # as elements do whose times size the next array
@click.option("--keep-failed", is_flag=True, help="Do not run again what failed before.  [in arrays: yes]")
@click.option("--debug", is_flag=True, help="Fail tasks that change their arguments or make tasks.")
@click.option("--pdb", is_flag=True, help="Start the debugger where a task or the jugfile raises; implies --debug.")
@click.option("--no-check-environment", is_flag=True, help=f"Heed no JUG_MAX_* variables, nor {STOP_FILE}.")
@common.needless("--wait-cycle-time", "--nr-wait-cycles")
def execute(
    site: Site, name: str | None, pattern: str | None, only: str | None, share: tuple[str, ...], digests: str | None,
    measure: float | None, no_check_environment: bool, shares: Sequence[Share], me: Spawned | None, **how: bool,
) -> int:  # fmt: skip
    """Work on JUGFILE until all its tasks are done; any number of workers may do so at once.

    Exit code: 0 all done, 1 some failed, 2 a mistake, 3 stopped with work left, 128 + n if signal n broke it off.
    """
    from jughpc.app.run import children
    from jughpc.app.run.selection import Chosen
    from jughpc.library import exit_checks
    from jughpc.tasks import hooks
    from jughpc.worker.element import place
    from jughpc.worker.forks import alone
    from jughpc.worker.surroundings import end_in_spite_of_threads

    values, where = site.settings, place(environment())
    where = replace(where, worker=me.number, workers=me.count) if me else where
    if not no_check_environment:
        exit_checks.exit_env_vars(environment())
    options = _options(where, values, **how, stop_file=None if no_check_environment else Path(STOP_FILE))
    if measure is not None:
        options = replace(options, until=site.clock.wall() + measure)
    if digests:
        chosen = Chosen(digests=frozenset(digests.split(",")))
        options = replace(options, leaves=frozenset())
    else:
        only, rules = _class(where, only, values)
        chosen = Chosen(common.matcher(name, pattern), only, share, rules)
    children.serve(site.target)
    with _examined(options.examine), _told(site, where):
        outcome = _work(site, where, options, shares, chosen)
    if me:
        me.tell(_report(outcome))
    elif outcome.code > after_signal(0) and where.ref:
        _tell_broken_off(site, outcome.code)
    if not me and (outcome.nothing_left or outcome.class_over) and where.ref and where.elements > 1:
        _withdraw_others(site, where.ref.submission, is_all=outcome.nothing_left)
    if not me and outcome.tally.failures:
        _tell_failures(outcome.tally.failures)
    with alone():
        hooks.tell(hooks.FINISHED_PRE_STATUS)
    if not me:
        _tell(_summary(outcome, values.short))
    with alone():
        hooks.tell(hooks.FINISHED_POST_STATUS)
    end_in_spite_of_threads(outcome.code, common.say)
    return outcome.code


def _tell_failures(failures: Sequence[Failure]) -> None:
    from jughpc.cli.output.failures import at_the_end  # only now: mostly nothing fails

    for words in at_the_end(failures):
        _tell(words, to_stderr=True)


def _class(where: Place, only: str | None, values: Settings) -> tuple[str | None, Sequence[Rule]]:
    """Return the class that is kept to, None for none, and what functions ask for.

    An element heeds no file: it was submitted by what files said then. Nor does one that was told no class take others:
    there was one class alone, and behind a barrier there may be more.
    """
    if where.ref is None:
        return only, values.resources
    return only or DEFAULT, values.resources if values.is_given("resources") else ()


def _report(outcome: Outcome) -> Report:
    from jughpc.worker.seat import Report

    is_done, nothing_left = outcome.code == ExitCode.DONE, outcome.nothing_left
    is_over = is_done or nothing_left
    return Report(outcome.code, outcome.tally, nothing_left, outcome.class_over, is_over, is_done, outcome.done)


def _work(site: Site, where: Place, options: Options, shares: Sequence[Share], chosen: Chosen) -> Outcome:
    from jughpc.app.run.execute import execute as work

    if len(shares) < 2:
        return work(site, where, options, chosen)
    if options.debug:
        raise UsageError("--debug and --pdb watch one worker: leave --workers out, or give --workers 1.")
    from jughpc.app.run.together import execute_together

    return execute_together(site, where, options, shares, chosen)


def _tell_broken_off(site: Site, code: int) -> None:
    """Record that this element was broken off; its life ended in order all the same."""
    from jughpc.app.submit import own_end  # only now: no worker that works knows of jobs

    own_end.broken_off(site, code, environment())


def _withdraw_others(site: Site, token: str, *, is_all: bool) -> None:
    """Have the elements of this one's submission that are still queued withdrawn, unless another did; they may run.

    Args:
        is_all: Whether those of all arrays are meant, and not of its own alone.
    """
    from jughpc.app.submit import own_end  # only now: no worker that works knows of jobs
    from jughpc.batch import shell, withdraw

    own = "" if is_all else own_end.array_of(site, environment())
    try:
        if (files := site.files) is None or not (is_all or own) or not withdraw.mark(files, token, own):
            return
        reply = shell.run(withdraw.command(site.location.folder(), token, own), timeout=3 * withdraw.PATIENCE)
        words = reply.stderr.strip() if reply.code else ""
    except (JugError, OSError) as error:
        words = str(error)
    if words:
        common.say(f"elements that are still queued have nothing to do, but could not be withdrawn: {words}")


def _tell(text: str, to_stderr: bool = False) -> None:
    """Say what was done, to who still reads it: the exit code tells the rest."""
    with suppress(OSError, ValueError):
        echo(text, err=to_stderr)
    faults.let_go()


@contextmanager
def _told(site: Site, where: Place) -> Iterator[None]:
    """Record with the submission what ends an element before it works: the jugfile, or this host, may be the reason."""
    try:
        yield
    except Exception as error:
        if where.ref is not None:
            from jughpc.app.submit import own_end  # only now: no worker that works knows of jobs

            own_end.tell_start_failed(site, environment(), error)
        raise


@contextmanager
def _examined(examine: Callable[[BaseException], None] | None) -> Iterator[None]:
    """Show `examine` what the jugfile itself raised, too, before that ends the command."""
    try:
        yield
    except JugfileError as error:
        if examine and error.__cause__:
            examine(error.__cause__)
        raise


def _options(
    where: Place, values: Settings, *, keep_failed: bool, debug: bool, pdb: bool, stop_file: Path | None
) -> Options:
    from jughpc.worker.tally import Options

    return Options(
        keep_going=where.ref is not None if values.keep_going is None else values.keep_going,
        retry_failed=where.ref is None and not keep_failed,
        retries=values.retries,
        max_crashes=values.max_crashes,
        leaves=_left_to_others(values) if where.ref else frozenset(),
        is_thorough=where.ref is None,  # behind an array its collector is
        patience=values.patience,
        save_time=values.save_time,
        scratch=values.scratch,
        start=where.start,
        deadline=where.deadline,
        debug=debug or pdb,
        examine=_debugger() if pdb else None,
        stop_file=stop_file,
    )


def _debugger() -> Callable[[BaseException], None]:
    from jughpc.cli.debugger import debugger

    return debugger()


def _left_to_others(values: Settings) -> frozenset[str]:
    """Return of what deaths a task is for elements that have more, as whoever submitted this one was told."""
    from jughpc.store.record import MEMORY, TIME

    settings = {MEMORY: "mem_retry", TIME: "time_retry"}
    return frozenset(how for how, name in settings.items() if values.is_given(name))


def _summary(outcome: Outcome, short: bool) -> str:
    executed, loaded = outcome.tally.executed, outcome.tally.loaded
    if short:
        total = executed.total() + loaded.total()
        return f"Executed:  {executed.total()} tasks\nLoaded:  {loaded.total()} tasks\n** Total: {total} tasks."
    rows = {name: (executed[name], loaded[name]) for name in executed | loaded}
    return table(("Executed", "Loaded"), rows, common.width())
