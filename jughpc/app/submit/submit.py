"""Submit a jugfile: an array of workers, the collector that waits for them, the reduce that ends it."""

from __future__ import annotations

import math
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
from jughpc.app.submit import classes, dependents, live, needy, sizing, stage
from jughpc.app.submit.checks import checked
from jughpc.app.submit.classes import Class
from jughpc.app.submit.given_up import given_up, runnable
from jughpc.app.submit.needy import Needy
from jughpc.app.submit.progress import Progress
from jughpc.app.submit.request import SubmitRequest as SubmitRequest
from jughpc.app.submit.request import if_said
from jughpc.app.submit.sizing import Size
from jughpc.app.submit.stage import Staging
from jughpc.batch import script, submissions
from jughpc.batch.cluster import Cluster
from jughpc.batch.clusters import Clusters
from jughpc.batch.plan import plan
from jughpc.batch.scheduler import Job, Workload
from jughpc.batch.submissions import Accepted, Submission
from jughpc.batch.submitter import Submitter
from jughpc.config.kinds import AUTO
from jughpc.errors import UsageError
from jughpc.fs import Files
from jughpc.inode import new_token
from jughpc.store.base import Store
from jughpc.store.files.opening import unmake_store
from jughpc.tasks.graph import Graph


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
        classes: Of functions that ask for the same, as far as any of their tasks are left.
        needy: Tasks that got too little before, and get more.
        sized: How it came to the number of elements, None where the user said it.
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
    classes: Sequence[Class] = ()
    sized: Size | None = None
    needy: Sequence[Needy] = ()

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
    cluster, request = checked(site, clusters, request)
    live.refuse_a_second(site, clusters, request.again)
    session = sessions.peek(site)
    if not session.jugfile.tasks and not session.jugfile.barrier:
        raise UsageError(f"{site.target.jugfile} defines no task, so there is nothing to submit.")
    target = texts.pinned(site.target, texts.key_of(session.jugfile.text))
    standing = _standing(session)
    reduce_text = request.reduce.read_bytes() if request.reduce else None
    store = None if session.is_new else session.store
    hopeless = given_up(standing, store, request.max_crashes)
    classes.refuse_vain(request.wanted, standing, target.jugfile.name)
    wanting = needy.needy(standing, request.rules, store, request.retry, request.options.resources, hopeless)
    found = classes.of_tasks(standing, request.rules, store, hopeless, needy.counts(wanting))
    sized = _sized(request, cluster, found, store) if request.size == AUTO else None
    request = replace(request, size=sized.elements) if sized else request
    fitting = _fitting(request, standing, runnable(standing, hopeless))
    drafted = _draft(site, target, fitting, cluster, reduce_text)
    submission = classes.in_parts(drafted, found, request.size, request.workers or 1)
    submission = needy.with_needy(sizing.sized(submission, sized, request.within), wanting, found)
    staging = stage.look(site, submission) if request.stages and submission.workload.size else None
    submission = staging.of(submission) if staging else submission
    jobs = _jobs(site, target, request, submission, cluster, standing)
    changed = changes(site, standing, submitted.find(site, clusters, ask=False))
    planned = Planned(
        request, session, standing, clusters, cluster, submission, jobs, reduce_text, changed, staging, hopeless, found,
        sized, wanting,
    )  # fmt: skip
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
        submitted.settle(files, site.location.folder(), planned.clusters)
        _prepare_store(sessions.settle(planned.session), planned, files)
        drafted, packing = _packed(planned)
        submission = submissions.prepare(files, drafted)  # first: what a record names, no cleanup removes
        target = texts.pinned(site.target, texts.key_of(planned.session.jugfile.text))
        jobs = _jobs(site, target, planned.request, submission, cluster, planned.standing)
        with _discarded_on_error(files, submission):
            _pin(files, planned)
            if planned.staging is not None:
                stage.keep(site, planned.staging, submission)
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


def _sized(request: SubmitRequest, cluster: Cluster, found: Sequence[Class], store: Store | None) -> Size:
    options, workers = request.options, request.workers or 1
    within = sizing.span(options, request.within or sizing.WITHIN)
    return sizing.size(found, store, within, sizing.ceilings(cluster, options, workers), workers)


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
        load, token = load_of(session, manifest.digests.tobytes()), f"submit-{new_token()}"
        keep(files, load, manifest.columns, token)
    session.store.forget_failures(planned.tried_again)


def _draft(
    site: Site, target: Target, request: SubmitRequest, cluster: Cluster, reduce_text: bytes | None
) -> Submission:
    how = (f"--retries={request.retries}", f"--max-crashes={request.max_crashes}", *if_said(request))
    how += classes.words_of(request.rules) + needy.words_of(request.retry)
    argv = dependents.argv(request.options.program, "execute", target, *how, "--keep-going")
    meta = {"jugfile": str(target.jugfile), "reduce": str(request.reduce or ""), "rounds": str(request.rounds)}
    meta |= classes.kept(request.share)
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
