"""What a user asks for, checked against what is here before anything is planned."""

from __future__ import annotations

from dataclasses import replace

from jughpc.app.context.site import Site
from jughpc.app.submit.notify import MAIL
from jughpc.app.submit.request import SubmitRequest, check_time
from jughpc.batch import room
from jughpc.batch.cluster import Cluster
from jughpc.batch.clusters import Clusters
from jughpc.errors import TemplateError, UsageError


def checked(site: Site, clusters: Clusters, request: SubmitRequest) -> tuple[Cluster, SubmitRequest]:
    """Return where the jobs go, and what they ask for as it holds there. Raises UsageError if they cannot go there."""
    _check(site, request)
    cluster = _cluster(clusters, request)
    return cluster, _contained(_within(request, cluster, site), site)


def _check(site: Site, request: SubmitRequest) -> None:
    site.location.folder()  # scripts and logs lie beside the results
    if request.reduce is not None and not request.reduce.is_file():
        raise UsageError(f"there is no reduce script {request.reduce}; give its path with --reduce.")
    if (templates := request.options.templates) and not templates.is_dir():
        raise TemplateError(f"there is no folder {templates}; name one that holds templates with --templates.")
    check_time(request.options.resources.walltime)


def _cluster(clusters: Clusters, request: SubmitRequest) -> Cluster:
    cluster = clusters.here(request.scheduler, request.options.resources)
    cluster.check(request.options)
    if request.notify == MAIL and not cluster.scheduler.capabilities.mails:
        raise UsageError(
            f"{cluster.name} sends no mail. Name a command that does: --notify 'mail -s \"$JUGHPC_NOTICE_EVENT\" you'."
        )
    return cluster


def _contained(request: SubmitRequest, site: Site) -> SubmitRequest:
    """Return `request` with all that elements and the reduce use bound in what they run in, if that is a container."""
    if (inside := request.options.container) is None:
        return request
    used = [site.target.jugfile.parent, site.location.folder(), request.options.workdir]
    inside = inside.with_folders(*used, *([request.reduce.parent] if request.reduce else []))
    return replace(request, options=replace(request.options, container=inside))


def _within(request: SubmitRequest, cluster: Cluster, site: Site) -> SubmitRequest:
    """Return `request` with a collector that may start."""
    collect = room.within(request.options.collect, cluster.longest, site.say)
    return replace(request, options=replace(request.options, collect=collect))
