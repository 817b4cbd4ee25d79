"""Submit a jugfile: an array of workers, the collector that waits for them, the reduce that ends it."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from jughpc.app.context import session as sessions
from jughpc.app.context.manifest import is_saved, key_of, of_graph, save
from jughpc.app.context.session import Session
from jughpc.app.context.target import Target
from jughpc.app.status.tasks import stand
from jughpc.app.submit import choices, dependents
from jughpc.batch import script, settling, submissions
from jughpc.batch.cluster import Cluster
from jughpc.batch.clusters import Clusters
from jughpc.batch.plan import plan
from jughpc.batch.scheduler import Job, Workload
from jughpc.batch.submissions import Accepted, ElementOptions, Submission
from jughpc.batch.submitter import Submitter
from jughpc.errors import TemplateError, UsageError
from jughpc.fs import Clock, OsFiles
from jughpc.store.base import Pace
from jughpc.store.files.opening import unmake_store
from jughpc.tasks.graph import Graph
from jughpc.units import show_seconds
from jughpc.worker.deadline import LEAST, MARGIN

Tell = Callable[[str], None]


@dataclass(frozen=True)
class SubmitRequest:
    """What the user asked for.

    Attributes:
        size: Elements of the array.
        scheduler: Its name, None to look what is there.
        name: Of the jobs, None for the jugfile's.
        reduce: The script that runs when all is done, None for none.
        retries: How often a task that fails is tried again.
        rounds: Further arrays that may be submitted for what one leaves.
    """

    size: int
    options: ElementOptions
    scheduler: str | None = None
    name: str | None = None
    reduce: Path | None = None
    retries: int = 0
    rounds: int = 2


@dataclass(frozen=True)
class Submitted:
    """A submission that was queued."""

    submission: Submission
    accepted: Sequence[Accepted]


def submit(
    target: Target, clusters: Clusters, request: SubmitRequest, pace: Pace, clock: Clock, tell: Tell
) -> Submitted:
    """Queue array, collector and reduce for `target`. Raises UsageError if any of it is refused."""
    _check(target, request)
    cluster = _cluster(clusters, request)
    early = sessions.peek(target)
    _tell_tasks(early, tell)
    draft = _draft(target, request, cluster, clock)
    planned = _jobs(target, request, draft, cluster)
    for job in planned:  # what cannot be rendered, or said to the system, leaves nothing behind
        script.render(job, cluster.scheduler, request.options.templates)
        cluster.scheduler.submit_command(job)
    cluster.check_room(planned, tell)
    with _nothing_left_on_error(_folder(target)):
        files = OsFiles(_folder(target))
        settling.settle_all(
            files, _folder(target), lambda one: clusters.recorded(one.scheduler, one.limits, one.commands)
        )
        _prepare_store(sessions.settle(early, pace), tell)
        submission = submissions.prepare(files, draft)
        jobs = _jobs(target, request, submission, cluster)
        choices.tell_choices(submission, cluster, jobs, tell)
        return Submitted(submission, Submitter(cluster, files, tell).submit(submission, jobs))


def rehearse(target: Target, clusters: Clusters, request: SubmitRequest, clock: Clock, tell: Tell) -> None:
    """Print what `submit` would do, scripts and commands; touch nothing."""
    _check(target, request)
    cluster = _cluster(clusters, request)
    _tell_tasks(sessions.peek(target), tell)
    submission = _draft(target, request, cluster, clock)
    jobs = _jobs(target, request, submission, cluster)
    cluster.check_room(jobs, tell)
    choices.tell_choices(submission, cluster, jobs, tell)
    for job in jobs:
        tell(f"\n--- {job.script}\n{script.render(job, cluster.scheduler, request.options.templates).rstrip()}")
        tell(f"--- would run: {shlex.join(cluster.scheduler.submit_command(job))}")


def _check(target: Target, request: SubmitRequest) -> None:
    target.location.folder()  # scripts and logs lie beside the results
    if request.reduce is not None and not request.reduce.is_file():
        raise UsageError(f"there is no reduce script {request.reduce}; give its path with --reduce.")
    if (templates := request.options.templates) and not templates.is_dir():
        raise TemplateError(f"there is no folder {templates}; name one that holds templates with --templates.")
    walltime = request.options.resources.walltime
    if walltime is not None and walltime < LEAST:
        raise UsageError(
            f"--time {show_seconds(walltime)} is less than a worker needs: some {show_seconds(LEAST - MARGIN)} to "
            f"start, and {show_seconds(MARGIN)} before the end, in which it begins nothing. "
            f"Ask for {show_seconds(LEAST)} or more."
        )


def _cluster(clusters: Clusters, request: SubmitRequest) -> Cluster:
    cluster = clusters.here(request.scheduler, request.options.resources)
    cluster.check(request.options)
    return cluster


@contextmanager
def _nothing_left_on_error(folder: Path) -> Iterator[None]:
    """Remove the jugdir again if it was made inside the block, the block failed, and nobody uses it yet."""
    was_there = folder.exists()
    try:
        yield
    except UsageError:
        if not was_there:
            unmake_store(folder)
        raise


def _folder(target: Target) -> Path:
    return target.location.folder()


def _tell_tasks(session: Session, tell: Tell) -> None:
    count = len(session.jugfile.tasks)
    if not count and not session.jugfile.barrier:
        raise UsageError(f"{session.target.jugfile} defines no task, so there is nothing to submit.")
    more = ", and more behind a barrier" if session.jugfile.barrier else ""
    tell(f"jugfile    {session.target.jugfile}: {count} tasks{more}")
    tell(f"jugdir     {_folder(session.target)}")


def _prepare_store(session: Session, tell: Tell) -> None:
    """Keep the manifest for status; make tasks that failed before ready again."""
    graph = Graph(session.jugfile.tasks)
    manifest = of_graph(graph, session.jugfile.barrier)
    key = key_of(session.target.jugfile, session.target.args)
    files = OsFiles(_folder(session.target))
    if graph.tasks and not is_saved(files, key, len(graph.tasks)):
        save(files, key, manifest, "submit")
    standing = stand(manifest, session.store, {})
    if failed := standing.failed():
        session.store.forget_failures(failed)
        tell(f"again      {len(failed)} tasks that failed before are tried again")
    if done := len(manifest) - standing.unfinished:
        tell(f"done       {done} tasks have a result already")


def _draft(target: Target, request: SubmitRequest, cluster: Cluster, clock: Clock) -> Submission:
    name = request.name or target.jugfile.stem
    workload = Workload(
        dependents.argv(request.options.python, "execute", target, f"--retries={request.retries}", "--keep-going"),
        request.size,
        name,
    )
    folder = _folder(target)
    meta = {"jugfile": str(target.jugfile), "reduce": str(request.reduce or ""), "rounds": str(request.rounds)}
    return submissions.draft(
        OsFiles(folder), clock, folder,
        scheduler=cluster.name, workload=workload, options=request.options, limits=cluster.limits,
        commands=cluster.commands, meta=meta,
    )  # fmt: skip


def _jobs(target: Target, request: SubmitRequest, submission: Submission, cluster: Cluster) -> list[Job]:
    return plan(submission, cluster.scheduler, dependents.of_array(target, submission, request.rounds, request.reduce))
