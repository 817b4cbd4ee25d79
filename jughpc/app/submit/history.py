"""All submissions of a jugdir, and how to make one as an earlier one was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from jughpc.app.context.site import Site
from jughpc.app.status import elements as submitted
from jughpc.app.status import followers
from jughpc.app.status.broken import keep_off
from jughpc.app.status.lives import lives
from jughpc.app.status.served import shares
from jughpc.app.submit import classes, live, needy, sizing
from jughpc.app.submit.dependents import WORKERS
from jughpc.app.submit.request import SAVE_TIME, START, SubmitRequest, read_kept, read_said, rounds_of
from jughpc.batch import avoided, journal, submissions
from jughpc.batch.clusters import Clusters
from jughpc.batch.scheduler import JobId
from jughpc.batch.submissions import ElementOptions, Submission
from jughpc.config.kinds import AUTO, COUNT
from jughpc.config.settings import named
from jughpc.errors import UsageError
from jughpc.fs import Files

_RETRIES, _CRASHES = "--retries=", "--max-crashes="


@dataclass(frozen=True)
class Entry:
    """One submission.

    Attributes:
        jobs: The ids of its jobs.
        done: Tasks that its elements finished, as they counted them.
        state: In words.
    """

    submission: Submission
    jobs: tuple[str, ...]
    elements: int
    done: int
    state: str


def history(site: Site, clusters: Clusters) -> list[Entry]:
    """Return all submissions, ascending; the scheduler is asked after those that may go on, once each."""
    return list(_entries(site, clusters))


def as_before(
    site: Site, clusters: Clusters, number: int | None, size: int | None, after: Sequence[JobId] = ()
) -> SubmitRequest:
    """Return the request for a submission as `number`, by default the latest, was asked for.

    It keeps off the nodes that were broken then. What that one waited for has ended: this one waits for `after` alone.

    Raises:
        UsageError: There is none.
    """
    files = site.files
    folder = site.location.folder()
    found = files and (submissions.latest(files, folder) if number is None else submissions.load(files, folder, number))
    if not found or found.damage:
        raise UsageError(f"no submission of {site.location} can be repeated: none was made, or its record is damaged.")
    within = None if size else sizing.within_of(found)
    settings = site.settings
    return SubmitRequest(
        size=size or (AUTO if within else max(found.workload.size, 1)),
        within=within,
        options=replace(_options(site, clusters, found), after=tuple(after)),
        scheduler=found.scheduler,
        name=found.workload.name,
        reduce=followers.reduce_of(found),
        retries=read_said(found, _RETRIES, named()["retries"].kind, settings.retries),
        max_crashes=read_said(found, _CRASHES, named()["max_crashes"].kind, settings.max_crashes),
        workers=read_said(found, WORKERS, COUNT, 1),
        start=read_said(found, START, named()["start"].kind, ""),
        save_time=read_said(found, SAVE_TIME, named()["save_time"].kind, None),
        stage=found.options.stage is not None,
        rounds=rounds_of(found, settings.rounds),
        notify=found.meta.get("notify"),
        reduce_on=read_kept(found, "reduce_on", found.meta.get("reduce_on"), named()["reduce_on"].kind, "done"),
        share=shares(found),
        rules=classes.rules_in(found),
        retry=needy.retry_in(found),
    )


def _options(site: Site, clusters: Clusters, found: Submission) -> ElementOptions:
    """Return the options that a submission was made with, and that keep its elements off nodes broken for it."""
    files, store, jobs = site.files, site.store(), submitted.find(site, clusters, found.number)
    if files is None or store is None or jobs is None:
        return found.options
    hosts = keep_off(jobs, files, store)
    for host, words in hosts.items():
        site.say(f"it keeps off {host}: {words}")
    return avoided.keeping_off(found, hosts).options


def _entries(site: Site, clusters: Clusters) -> Iterator[Entry]:
    files, done = site.files, Counter[str]()
    for life in lives(site):
        done[life.submission] += life.done
    for one in submissions.every(files, site.location.folder()) if files else ():
        accepted = journal.accepted(files, one) if files else []
        jobs = tuple(job.id for job in accepted)
        state = _state(site, clusters, files, one) if files else ""
        yield Entry(one, jobs, journal.elements(accepted), done[one.token], state)


def _state(site: Site, clusters: Clusters, files: Files, one: Submission) -> str:
    if one.damage:
        return "its record is damaged"
    if submissions.is_live(files, one) and (jobs := submitted.find(site, clusters, one.number)):
        return live.in_words(jobs)
    if submissions.is_cancelled(files, one):
        return "cancelled"
    return "ended" + (", and its reduce ended well" if followers.is_reduced(files, one) else "")
