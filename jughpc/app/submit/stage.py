"""Take what elements import off the file server: pack it once, beside the results, for the disks of their nodes."""

from __future__ import annotations

from dataclasses import dataclass, replace

from jughpc.app.context.site import Site
from jughpc.app.upkeep.bundles import tidy_bundles
from jughpc.batch.bundle import Bundle
from jughpc.batch.staging import archive, interpreter
from jughpc.batch.staging.survey import Survey, survey
from jughpc.batch.submissions import Submission
from jughpc.errors import SettingError
from jughpc.fs import Files


@dataclass(frozen=True)
class Staging:
    """What is to be packed for a submission.

    Attributes:
        bundle: As far as it is known before.
    """

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
    found = survey(interpreter.ask(python), beside)
    return Staging(found, archive.drafted(_files(site), site.location.folder(), found))


def pack(site: Site, staging: Staging, draft: Submission) -> Submission:
    """Return `draft` as one whose elements unpack what is packed by now. Raises UsageError if it cannot be written."""
    files, jugdir = _files(site), site.location.folder()
    tidy_bundles(files, jugdir, spared=staging.bundle.key)  # first, for each takes some hundred megabytes
    bundle = archive.packed(files, jugdir, staging.found, draft.token)
    return replace(staging, bundle=bundle).of(draft)


def _files(site: Site) -> Files:
    files = site.files
    if files is None:
        raise RuntimeError("a submission was planned for a store that is no folder")
    return files
