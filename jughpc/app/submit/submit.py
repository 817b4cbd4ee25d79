"""Submit a jugfile: an array of workers, the collector that waits for them, the reduce that ends it."""

from __future__ import annotations

import math
import secrets
from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from jughpc.app.context import pinned as texts
from jughpc.app.context import session as sessions
from jughpc.app.context.kept import keep, load_of
from jughpc.app.context.manifest import of_graph
from jughpc.app.context.session import Session
from jughpc.app.context.site import Site
from jughpc.app.context.target import Target
from jughpc.app.status import elements as submitted
from jughpc.app.status import followers
from jughpc.app.status.changes import Changes, changes
from jughpc.app.status.tasks import Standing, stand, sure, tell_loss
from jughpc.app.submit import dependents, live, stage
from jughpc.app.submit.given_up import given_up, runnable
from jughpc.app.submit.notify import MAIL
from jughpc.app.submit.progress import Progress
from jughpc.app.submit.stage import Staging
from jughpc.batch import room, script, settling, submissions
from jughpc.batch.cluster import Cluster
from jughpc.batch.clusters import Clusters
from jughpc.batch.plan import plan
from jughpc.batch.scheduler import Job, Workload
from jughpc.batch.submissions import Accepted, ElementOptions, Submission
from jughpc.batch.submitter import Submitter
from jughpc.config.kinds import COUNT
from jughpc.errors import TemplateError, UsageError
from jughpc.fs import Files
from jughpc.store.files.opening import unmake_store
from jughpc.tasks.graph import Graph
from jughpc.units import show_seconds
from jughpc.worker.deadline import LEAST, MARGIN

WORKERS, START = "--workers=", "--start="  # how the command line of an element says that it has several


@dataclass(frozen=True)
class SubmitRequest:
    """What the user asked for.

    Attributes:
        size: Elements of the array.
        scheduler: Its name, None to look what is there.
        name: Of the jobs, None for the jugfile's.
        reduce: The script that runs when all is done, None for none.
        retries: How often a task that fails is tried again.
        max_crashes: How many workers a task may kill before it fails.
        workers: In each element, AUTO for as many as it gets cores or GPUs.
        start: How these come about, "" as by default.
        stage: Whether what they import is unpacked on their node's own disk.
        rounds: Further arrays in a row that may follow ones which brought nothing; 0 for none at all.
        again: Whether another submission that goes on is no hindrance.
        reduce_on: "done" if the reduce is for all results alone, "any" if it takes what is there in the end.
        notify: The command that is told how all of it ended, or MAIL; None for nobody.
    """

    size: int
    options: ElementOptions
    scheduler: str | None = None
    name: str | None = None
    reduce: Path | None = None
    retries: int = 0
    max_crashes: int = 3
    workers: int = 1
    start: str = ""
    stage: bool = False
    rounds: int = 2
    again: bool = False
    reduce_on: str = "done"
    notify: str | None = None


@dataclass(frozen=True)
class Planned:
    """All that a submission is to be: what `submit` queues, and what `--dry-run` shows.

    Attributes:
        session: The jugfile as loaded.
        standing: How its tasks stand.
        clusters: Where earlier submissions went.
        cluster: Where the jobs go.
        submission: As it will be recorded.
        jobs: In the order of their submission; none if there is nothing to do.
        reduce_text: Of the reduce, None for none.
        changes: What is not what computed results in use, or what an earlier submission still runs.
        staging: What is to be packed for the nodes, None for nothing.
        given_up: Tasks that killed too many workers: they stay failed.
    """

    request: SubmitRequest
    session: Session
    standing: Standing
    clusters: Clusters
    cluster: Cluster
    submission: Submission
    jobs: Sequence[Job]
    reduce_text: bytes | None = None
    changes: Changes = field(default_factory=Changes)
    staging: Staging | None = None
    given_up: Set[bytes] = frozenset()

    @property
    def site(self) -> Site:
        """Where it was asked for."""
        return self.session.site

    @property
    def tried_again(self) -> list[bytes]:
        """The tasks that failed before and are run again."""
        return [digest for digest in self.standing.failed() if digest not in self.given_up]

    def script(self, job: Job) -> str:
        """Return the text of a job's script."""
        return script.render(job, self.cluster.scheduler, self.request.options.templates)

    def command(self, job: Job) -> list[str]:
        """Return the command that submits a job."""
        return self.cluster.scheduler.submit_command(job)


@dataclass(frozen=True)
class Submitted:
    """A submission that was queued.

    Attributes:
        packing: How long it took to pack what nodes unpack [s].
    """

    submission: Submission
    accepted: Sequence[Accepted]
    packing: float = 0.0


def plan_submission(site: Site, clusters: Clusters, request: SubmitRequest) -> Planned:
    """Return what `submit` would queue; touch nothing. Raises UsageError if it cannot be queued."""
    _check(site, request)
    cluster = _cluster(clusters, request)
    request = _within(request, cluster, site)
    live.refuse_a_second(site, clusters, request.again)
    session = sessions.peek(site)
    if not session.jugfile.tasks and not session.jugfile.barrier:
        raise UsageError(f"{site.target.jugfile} defines no task, so there is nothing to submit.")
    target = texts.pinned(site.target, texts.key_of(session.jugfile.text))
    standing = _standing(session)
    reduce_text = request.reduce.read_bytes() if request.reduce else None
    hopeless = given_up(standing, None if session.is_new else session.store, request.max_crashes)
    fitting = _fitting(request, standing, runnable(standing, hopeless))
    submission = _draft(site, target, fitting, cluster, reduce_text)
    staging = stage.look(site, submission) if request.stage and submission.workload.size else None
    submission = staging.of(submission) if staging else submission
    jobs = _jobs(site, target, request, submission, cluster, standing)
    changed = changes(site, standing, submitted.find(site, clusters, ask=False))
    planned = Planned(
        request, session, standing, clusters, cluster, submission, jobs, reduce_text, changed, staging, hopeless
    )
    for job in planned.jobs:
        planned.script(job)  # what cannot be rendered, or said to the system, leaves nothing behind
        planned.command(job)
    cluster.check_room(jobs, site.say)
    return planned


def submit(planned: Planned) -> Submitted:
    """Queue what was planned: array, collector and reduce. Raises UsageError if any of it is refused."""
    site, cluster = planned.site, planned.cluster
    with _nothing_left_on_error(planned.session):
        files = _files(site)
        settling.settle_all(
            files,
            site.location.folder(),
            lambda one: planned.clusters.recorded(one.scheduler, one.limits, one.commands),
        )
        _prepare_store(sessions.settle(planned.session), planned, files)
        drafted, packing = _packed(planned)
        submission = submissions.prepare(files, drafted)  # first: what a record names, no cleanup removes
        target = texts.pinned(site.target, texts.key_of(planned.session.jugfile.text))
        jobs = _jobs(site, target, planned.request, submission, cluster, planned.standing)
        with _discarded_on_error(files, submission):
            _pin(files, planned)
        accepted = Submitter(cluster, files, site.say).submit(submission, jobs)
        _pin(files, planned)  # again: a cleanup that had looked before may just have removed them
        return Submitted(submission, accepted, packing)


def _packed(planned: Planned) -> tuple[Submission, float]:
    """Return the submission with what is packed for the nodes, and how long that took [s]."""
    if planned.staging is None or planned.staging.is_there:
        return planned.submission, 0.0
    began = planned.site.clock.now()
    packed = stage.pack(planned.site, planned.staging, planned.submission)
    return packed, planned.site.clock.now() - began


def _check(site: Site, request: SubmitRequest) -> None:
    site.location.folder()  # scripts and logs lie beside the results
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
    if request.notify == MAIL and not cluster.scheduler.capabilities.mails:
        raise UsageError(
            f"{cluster.name} sends no mail. Name a command that does: --notify 'mail -s \"$JUGHPC_NOTICE_EVENT\" you'."
        )
    return cluster


def _within(request: SubmitRequest, cluster: Cluster, site: Site) -> SubmitRequest:
    """Return `request` with a collector that may start."""
    collect = room.within(request.options.collect, cluster.longest, site.say)
    return replace(request, options=replace(request.options, collect=collect))


@contextmanager
def _nothing_left_on_error(session: Session) -> Iterator[None]:
    """Remove the jugdir again if it was made inside the block, the block failed, and nobody uses it yet."""
    try:
        yield
    except UsageError:
        if session.is_new:
            unmake_store(session.site.location.folder())
        raise


@contextmanager
def _discarded_on_error(files: Files, submission: Submission) -> Iterator[None]:
    try:
        yield
    except BaseException:
        submissions.discard(files, submission)
        raise


def _pin(files: Files, planned: Planned) -> None:
    """Keep the texts that the jobs run."""
    texts.pin(files, planned.site.target.jugfile.name, planned.session.jugfile.text)
    if planned.request.reduce and planned.reduce_text is not None:
        texts.pin(files, planned.request.reduce.name, planned.reduce_text)


def _files(site: Site) -> Files:
    files = site.files
    if files is None:
        raise RuntimeError("a submission was planned for a store that is no folder")
    return files


def _standing(session: Session) -> Standing:
    """Return how the tasks stand; that none is left to run is looked at in all shards."""
    manifest = of_graph(Graph(session.jugfile.tasks), session.jugfile.barrier)
    if session.is_new:
        return stand(manifest, None, {})
    return sure(session.site, tell_loss(session.site, stand(manifest, session.store, {})))


def _prepare_store(session: Session, planned: Planned, files: Files) -> None:
    """Keep the manifest for those who look without loading; make tasks that failed before ready again."""
    manifest = planned.standing.manifest
    if len(manifest):
        load, token = load_of(session, manifest.digests.tobytes()), f"submit-{secrets.token_hex(4)}"
        keep(files, load, manifest.columns, token)
    session.store.forget_failures(planned.tried_again)


def _draft(
    site: Site, target: Target, request: SubmitRequest, cluster: Cluster, reduce_text: bytes | None
) -> Submission:
    how = (f"--retries={request.retries}", f"--max-crashes={request.max_crashes}", *_of_several(request))
    argv = dependents.argv(request.options.python, "execute", target, *how, "--keep-going")
    meta = {"jugfile": str(target.jugfile), "reduce": str(request.reduce or ""), "rounds": str(request.rounds)}
    meta |= {"notify": request.notify} if request.notify else {}
    meta |= {"text": target.source.parent.name if target.source else ""}
    meta |= {} if reduce_text is None else {"reduce_text": texts.key_of(reduce_text), "reduce_on": request.reduce_on}
    return submissions.draft(
        _files(site),
        site.clock,
        site.location.folder(),
        scheduler=cluster.name,
        workload=Workload(argv, request.size, request.name or target.jugfile.stem),
        options=request.options,
        limits=cluster.limits,
        commands=cluster.commands,
        meta=meta,
    )


def _fitting(request: SubmitRequest, standing: Standing, runnable: int) -> SubmitRequest:
    """Return `request` with as many elements as have a task to run for each of their workers, if it has more."""
    if standing.manifest.barrier:  # how many follow nobody knows
        return request
    return replace(request, size=min(request.size, math.ceil(runnable / (request.workers or 1))))


def said(argv: Sequence[str], option: str) -> str:
    """Return what an element's command line says by `option`, "" if nothing."""
    return next((word.removeprefix(option) for word in argv if word.startswith(option)), "")


def _of_several(request: SubmitRequest) -> tuple[str, ...]:
    """Return the options that have an element consist of several workers, none for one."""
    count = () if request.workers == 1 else (f"{WORKERS}{COUNT.show(request.workers)}",)
    return (*count, f"{START}{request.start}") if request.start else count


def _jobs(
    site: Site, target: Target, request: SubmitRequest, submission: Submission, cluster: Cluster, standing: Standing
) -> list[Job]:
    after = dependents.of_array(target, submission, request.rounds, Progress.of(standing, site.store()))
    if submission.workload.size:
        return plan(submission, cluster.scheduler, after)
    missing = request.reduce is not None and (request.again or not _is_reduced(site, request.reduce, submission))
    return plan(submission, cluster.scheduler, after[1:]) if missing else []


def _is_reduced(site: Site, script: Path, submission: Submission) -> bool:
    """Return whether this reduce, with the text that `submission` is to run, ended well for any submission here."""
    files, key = _files(site), submission.meta.get("reduce_text")
    return any(
        followers.reduce_of(one) == script
        and one.meta.get("reduce_text", key) == key
        and followers.is_reduced(files, one)
        for one in submissions.every(files, site.location.folder())
    )
