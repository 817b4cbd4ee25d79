"""Tell whether a folder and a cluster keep what jughpc relies on."""

from __future__ import annotations

import platform
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex

from jughpc import host
from jughpc._version import __version__
from jughpc.app.doctor import ageing, mounts, neighbours
from jughpc.app.doctor import filesystem as promises
from jughpc.app.doctor.finding import Finding, failure, fine, warning
from jughpc.batch import script
from jughpc.batch.cluster import Cluster
from jughpc.batch.clusters import Clusters
from jughpc.batch.scheduler import Job, Role, Scheduler
from jughpc.config.trust import Trust
from jughpc.errors import JugdirError, TemplateError
from jughpc.fs import Clock, OsFiles
from jughpc.store.base import Pace
from jughpc.store.files.charter import STORE
from jughpc.store.files.opening import open_store

PATIENCE = 20.0  # [s] with a scheduler that does not answer
_TRIES = 5  # of removing what another client may hold open


@dataclass(frozen=True)
class Subject:
    """What to examine.

    Attributes:
        jugdir: The folder of results (absolute); it need not be there yet.
        pace: That of a store that would be made now.
        scheduler: Its name, None to look what is there.
        templates: A site's folder of templates, None for those shipped.
        trust: Who is trusted here.
        is_project: Nobody named the folder: it may hold a project, in which jugdirs are made.
    """

    jugdir: Path
    pace: Pace
    scheduler: str | None = None
    templates: Path | None = None
    trust: Trust = field(default_factory=lambda: Trust(frozenset({host.user_id(), 0})))
    is_project: bool = False


def examine(subject: Subject, clusters: Clusters, clock: Clock) -> Iterator[Finding]:
    """Yield what is found of Python, scheduler, templates, store and folder; leave nothing behind."""
    cluster = clusters.hasty(PATIENCE).here(subject.scheduler)
    alone = cluster.runs_here
    yield _python(alone)
    yield _scheduler(cluster)
    yield _templates(cluster.scheduler, subject.templates)
    store, pace = _store(subject)
    yield store
    yield from neighbours.examine(subject.jugdir, subject.trust)
    yield from ageing.examine(subject.jugdir)
    yield from on_scratch(subject.jugdir, lambda scratch: _folder(scratch, clock, pace.lag, alone))


def on_scratch(jugdir: Path, look: Callable[[Path], Iterator[Finding]]) -> Iterator[Finding]:
    """Yield what `look` finds in an empty folder that is made for it, in `jugdir` or where that would be made."""
    place = next(folder for folder in (jugdir, *jugdir.parents) if folder.is_dir())
    try:
        with _scratch(place) as scratch:
            yield from look(scratch)
    except OSError as error:
        advice = "Workers must be able to write there. Name another folder: --jugdir DIR."
        yield failure("folder", f"{place} cannot be used: {error.strerror or error}", advice)
        return
    if scratch.exists():
        yield warning("folder", f"{scratch} could not be removed", f"Remove it: rm -r {shlex.quote(str(scratch))}")


def pace_of(subject: Subject) -> Pace:
    """Return the pace of the store in the jugdir, else that of one that would be made now."""
    return _store(subject)[1]


@contextmanager
def _scratch(place: Path) -> Iterator[Path]:
    scratch = place / f".jughpc-doctor-{token_hex(4)}"  # names with a dot are no business of a store's
    scratch.mkdir()
    try:
        yield scratch
    finally:
        for _ in range(_TRIES):
            shutil.rmtree(scratch, ignore_errors=True)


def _folder(scratch: Path, clock: Clock, lag: float, alone: bool) -> Iterator[Finding]:
    yield from mounts.examine(scratch, clock, lag, alone)
    trial = scratch / "trial"
    trial.mkdir()
    yield from promises.examine(OsFiles(trial), clock)


def _python(alone: bool) -> Finding:
    home = Path(__file__).parents[2]
    fact = f"{platform.python_version()} at {sys.executable}, jughpc {__version__} at {home}"
    mount = mounts.find_mount(home)
    if alone or mount is None or mount.kind not in mounts.LOCAL:
        return fine("python", fact)
    advice = "It must be at the same path on every node; see it proven: jughpc doctor --array 2."
    return warning("python", f"{fact}, which lies on this host's own {mount.kind}", advice)


def _scheduler(cluster: Cluster) -> Finding:
    topic = "scheduler"
    if cluster.limits.settings:
        settings = ", ".join(f"{key} {value}" for key, value in cluster.limits.settings.items())
        return fine(topic, f"{cluster.name}: {settings}")
    fact = f"{cluster.name} does not tell its limits"
    return warning(
        topic,
        fact,
        f"Arrays cannot be split to fit. What does this say? {shlex.join(cluster.scheduler.limits_command())}",
    )


def _templates(scheduler: Scheduler, folder: Path | None) -> Finding:
    topic, shipped = "templates", f"{script.shipped_folder(scheduler)}"
    try:
        for role in Role:
            script.render(_sample(role), scheduler, folder)
    except TemplateError as error:
        return failure(topic, str(error), "Mend the template, or name another folder with `templates:` in jughpc.yaml.")
    return fine(topic, f"array, collect and reduce render from {f'{folder}, then ' if folder else ''}{shipped}")


def _sample(role: Role) -> Job:
    """Return a job that is never submitted."""
    size = 2 if role is Role.ARRAY else 1
    return Job(role, "sample", ("true",), size, 0, size, None, Path("/sample.sh"), "/sample.log", Path("/"))


def _store(subject: Subject) -> tuple[Finding, Pace]:
    """Return what the jugdir holds, and how patient those who work there are."""
    topic = "jugdir"
    try:
        store = open_store(subject.jugdir)
    except JugdirError as error:
        if subject.is_project and STORE not in OsFiles(subject.jugdir).names(""):
            fact = f"{subject.jugdir} holds no store, but other files: jugdirs are made in it"
            return fine(topic, fact), subject.pace
        return failure(topic, str(error), ""), subject.pace  # its text says what to do
    if store is None:
        return fine(topic, f"{subject.jugdir} holds no store yet; {_patience(subject.pace)}"), subject.pace
    return fine(topic, f"{subject.jugdir} holds a store of {store.shards} shards; {_patience(store.pace)}"), store.pace


def _patience(pace: Pace) -> str:
    return f"workers beat each {pace.beat:g} s, die after {pace.ttl:g} s without, reckon with caches of {pace.lag:g} s"
