"""`jughpc submissions`, `resubmit` and `nodes`: what was submitted and what ran where."""

from __future__ import annotations

import json
from datetime import datetime

import click

from jughpc.app.context.site import Site
from jughpc.cli import common
from jughpc.cli.output.terminal import echo
from jughpc.exitcode import ExitCode


@click.command()
@common.takes_jugfile
@click.option("--json", "as_json", is_flag=True, help="All of it as JSON.")
def submissions(site: Site, as_json: bool) -> int:
    """List all submissions of JUGFILE: number, when, jobs and how each stands."""
    from jughpc.app.submit.history import history

    found = history(site, common.clusters())
    rows = [
        {"number": one.submission.number, "created": one.submission.created, "scheduler": one.submission.scheduler,
         "jobs": list(one.jobs), "elements": one.elements, "state": one.state}
        for one in found
    ]  # fmt: skip
    if as_json:
        echo(json.dumps(rows, indent=1))
        return ExitCode.DONE
    for one in found:
        when = datetime.fromtimestamp(one.submission.created).strftime("%Y-%m-%d %H:%M")
        jobs = ", ".join(one.jobs) or "nothing queued"
        echo(f"{one.submission.number:>4}  {when}  {one.submission.scheduler} ({jobs}), {one.elements} elements")
        echo(f"      {one.state}")
    if not found:
        echo("nothing was submitted")
    return ExitCode.DONE


@click.command()
@common.takes_jugfile
@click.option("--submission", "number", type=int, metavar="N", help="Which one.  [the latest]")
@click.option("--array", "size", type=click.IntRange(min=1), metavar="N", help="Elements of the array.  [as before]")
def resubmit(site: Site, number: int | None, size: int | None) -> int:
    """Submit JUGFILE as it was submitted before: the same options, resources and reduce."""
    from jughpc.app.submit.history import as_before
    from jughpc.app.submit.submit import plan_submission, submit
    from jughpc.batch.shell import heeding_signals
    from jughpc.cli.output import submit as output

    clusters = common.clusters()
    planned = plan_submission(site, clusters, as_before(site, clusters, number, size))
    common.show(output.planned(planned))
    if planned.jobs:
        with heeding_signals():
            done = submit(planned)
        common.show(output.queued(done))
    return ExitCode.DONE


@click.command()
@common.takes_jugfile
def nodes(site: Site) -> int:
    """List what ran where, with deaths and failures per node."""
    from jughpc.app.status.nodes import nodes as tallies

    found = tallies(site)
    for one in found:
        last = f", the last: {one.reason}" if one.reason else ""
        echo(
            f"{one.host}  {one.working} workers live, {one.done} tasks done, {one.failed} failed, "
            f"{one.died} workers died{last}"
        )
    if not found:
        echo("no worker of this store is known")
    return ExitCode.DONE
