"""Take what elements import off the file server: pack it once, beside the results, for the disks of their nodes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

from jughpc.app.context.site import Site
from jughpc.app.upkeep.bundles import tidy_bundles
from jughpc.batch.bundle import Bundle
from jughpc.batch.staging import archive, interpreter
from jughpc.batch.staging.survey import ChangedError, Survey, survey
from jughpc.batch.submissions import Submission
from jughpc.errors import SettingError, UsageError
from jughpc.fs import Files

_TRIES = 3  # surveys, before what is changed all the time is told


@dataclass(frozen=True)
class Staging:
    """What is to be packed for a submission.

    Attributes:
        look: Finds it, as it is at that moment.
        bundle: As far as it is known before.
    """

    look: Callable[[], Survey]
    found: Survey
    bundle: Bundle

    @property
    def is_there(self) -> bool:
        """Whether an earlier submission packed it, and nothing has changed since."""
        return bool(self.bundle.digest)

    def of(self, submission: Submission) -> Submission:
        """Return `submission` as one whose elements unpack this."""
        return replace(submission, options=replace(submission.options, stage=self.bundle))


def look(site: Site, submission: Submission) -> Staging:
    """Return what of the imports of a submission's interpreter is to be packed; nothing is written.

    Raises SettingError if that is no path: what a name will mean on a node is not known here.
    """
    python = submission.options.python
    if "/" not in python:
        raise SettingError(
            f"--stage packs an environment that is known now, and {python!r} is looked for on the node. "
            "Name its interpreter: --python /path/to/environment/bin/python"
        )
    beside = (site.target.jugfile.absolute().parent, submission.options.workdir)
    look = partial(survey, interpreter.ask(python), beside)
    found = look()
    return Staging(look, found, archive.drafted(_files(site), site.location.folder(), found))


def pack(site: Site, staging: Staging, draft: Submission) -> Submission:
    """Return `draft` as one whose elements unpack what is packed by now.

    Raises UsageError if it cannot be written, or is changed all the time.
    """
    files, jugdir = _files(site), site.location.folder()
    tidy_bundles(files, jugdir, spared=staging.bundle.key)  # first, for each takes some hundred megabytes
    found = staging.found
    for _ in range(_TRIES):
        try:
            return replace(staging, bundle=archive.packed(files, jugdir, found, draft.token)).of(draft)
        except ChangedError as error:  # noqa: PERF203  # mostly one try, and it takes seconds
            changed, found = error, staging.look()
    raise UsageError(
        f"what Python imports could not be packed: {changed} was changed meanwhile, as others were before. "
        "Submit again when nothing is installed or edited there, or without --stage."
    )


def keep(site: Site, staging: Staging, submission: Submission) -> None:
    """Pack once more what another submission removed just before it was on record that this one needs it.

    Where something changed since, that cannot be: elements say that they run unstaged. Raises UsageError as `pack`.
    """
    bundle, files = submission.options.stage, _files(site)
    if bundle is None or archive.is_there(files, bundle.key):
        return
    if (found := staging.look()).key == bundle.key:
        with suppress(ChangedError):
            archive.packed(files, site.location.folder(), found, submission.token)


def _files(site: Site) -> Files:
    files = site.files
    if files is None:
        raise RuntimeError("a submission was planned for a store that is no folder")
    return files
