"""An environment is packed as it is at one moment, and stays where it is needed."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from jughpc.app.context.site import Site
from jughpc.app.context.target import Target
from jughpc.app.submit import stage
from jughpc.app.submit.stage import Staging
from jughpc.batch import submissions
from jughpc.batch.staging import archive
from jughpc.batch.staging.interpreter import Interpreter
from jughpc.batch.staging.survey import survey
from jughpc.batch.submission import ElementOptions
from jughpc.batch.workload import Workload
from jughpc.config.settings import Settings
from jughpc.errors import UsageError
from jughpc.fs import OsClock
from jughpc.store.location import Folder


class Edited:
    """An environment of one module, which is edited after each look at it, so many times."""

    def __init__(self, folder: Path, times: int) -> None:
        (folder / "site-packages").mkdir()
        self.module, self.times = folder / "site-packages" / "one.py", times
        self.module.write_text("x = 0\n")

    def look(self):
        found = survey(Interpreter((self.module.parent,)), ())
        if self.times:
            self.times -= 1
            self.module.write_text(self.module.read_text() + "x += 1\n")
        return found


@pytest.fixture
def site(tmp_path):
    (tmp_path / "jugdir").mkdir()
    target = Target(tmp_path / "jugfile.py", Folder(tmp_path / "jugdir"))
    return Site(target, Settings(), OsClock(), lambda line: None, tmp_path)


@pytest.fixture
def draft(site, tmp_path):
    how = {"workload": Workload(("true",), 1, "jugfile"), "options": ElementOptions(tmp_path)}
    return submissions.draft(site.files, site.clock, site.location.folder(), scheduler="local", **how)


def staging(site, edited):
    found = edited.look()
    return Staging(edited.look, found, archive.drafted(site.files, site.location.folder(), found))


def test_what_is_edited_while_it_is_packed_is_packed_again_as_it_is_then(site, draft, tmp_path):
    edited = Edited(tmp_path, 2)
    packed = stage.pack(site, staging(site, edited), draft).options.stage
    with tarfile.open(packed.tar) as tar:
        name = str(edited.module).lstrip("/")
        assert tar.extractfile(name).read() == edited.module.read_bytes() == b"x = 0\nx += 1\nx += 1\n"


def test_what_is_edited_all_the_time_is_told(site, draft, tmp_path):
    with pytest.raises(UsageError, match=r"one\.py was changed meanwhile.*or without --stage"):
        stage.pack(site, staging(site, Edited(tmp_path, 1000)), draft)
    assert site.files.names("bundles") == []


@pytest.mark.parametrize("edits", [0, 1])
def test_what_another_removed_before_the_record_named_it_is_packed_again_unless_it_changed(
    site, draft, tmp_path, edits
):
    edited = Edited(tmp_path, 0)
    planned = staging(site, edited)
    submission = stage.pack(site, planned, draft)
    stage.tidy_bundles(site.files, site.location.folder())
    assert site.files.names("bundles") == []
    if edits:
        edited.module.write_text("x = 7\n")
    stage.keep(site, planned, submission)
    assert archive.is_there(site.files, submission.options.stage.key) == (not edits)
    assert bool(site.files.names("bundles")) == (not edits)
