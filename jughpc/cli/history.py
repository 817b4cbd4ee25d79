"""`jughpc submissions`, `resubmit` and `nodes`: what was submitted and what ran where."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from jughpc.app.context.site import Site
from jughpc.cli import common
from jughpc.cli.output.terminal import echo
from jughpc.exitcode import ExitCode
from jughpc.units import moment


@click.command()
@common.takes_jugfile
@click.option("--json", "as_json", is_flag=True, help="All of it as JSON.")
def submissions(site: Site, as_json: bool) -> int:
    """List all submissions of JUGFILE: number, when, jobs, tasks done in it, and how each stands."""
    from jughpc.app.submit.history import history

    found = history(site, common.clusters())
    rows = [
        {"number": one.submission.number, "created": one.submission.created, "scheduler": one.submission.scheduler,
         "jobs": list(one.jobs), "elements": one.elements, "tasks_done": one.done, "state": one.state}
        for one in found
    ]  # fmt: skip
    if as_json:
        echo(json.dumps(rows, indent=1))
        return ExitCode.DONE
    for one in found:
        when = moment(one.submission.created, "%Y-%m-%d %H:%M")
        jobs = ", ".join(one.jobs) or "nothing queued"
        echo(f"{one.submission.number:>4}  {when}  {one.submission.scheduler} ({jobs}), {one.elements} elements")
        echo(f"      {one.done} tasks done in it; {one.state}")
    if not found:
        echo("nothing was submitted")
    return ExitCode.DONE


@click.command()
@common.takes_jugfile
@click.option("--submission", "number", type=int, metavar="N", help="Which one.  [the latest]")
@click.option("--array", "size", type=click.IntRange(min=1), metavar="N", help="Elements of the array.  [as before]")
@click.option("--after", metavar="JOBID", multiple=True, help="Start the array once this job ended well: repeatable.")
@click.option("--wait", is_flag=True, help="Wait until all of it has ended.")
def resubmit(site: Site, number: int | None, size: int | None, after: tuple[str, ...], wait: bool) -> int:
    """Submit JUGFILE as it was submitted before: the same options, resources and reduce, but for --after.

    A submission to this machine that nobody supervises any more, after a reboot or a kill, goes on as it is.
    """
    from jughpc.app.submit.history import as_before
    from jughpc.app.submit.revive import revive
    from jughpc.app.submit.submit import plan_submission, submit
    from jughpc.batch.shell import heeding_signals
    from jughpc.cli.output import submit as output
    from jughpc.cli.wait import wait_until_the_end

    clusters = common.clusters()
    if (revived := revive(site, clusters, number)) is not None:
        common.show(output.revived(revived))
        return ExitCode.DONE
    planned = plan_submission(site, clusters, as_before(site, clusters, number, size, after))
    common.show(output.planned(planned))
    if planned.jobs:
        with heeding_signals():
            done = submit(planned)
        common.show(output.queued(done))
        return wait_until_the_end(site, clusters, done.submission) if wait else ExitCode.DONE
    return ExitCode.DONE


@click.command()
@common.takes_jugfile
@common.may_be_cached
@click.option("--json", "as_json", is_flag=True, help="All of it as JSON.")
def nodes(site: Site, as_json: bool) -> int:
    """List what ran where: workers, tasks, deaths, failures, and what never began, by node."""
    from jughpc.app.status.nodes import nodes as tallies
    from jughpc.cli.output.nodes import lines

    found = tallies(site)
    if as_json:
        echo(json.dumps([asdict(one) for one in found], indent=1))
    else:
        echo("\n".join(lines(found)))
    return ExitCode.DONE
