"""The page that shows how it goes: what it has, and that a reader can keep it."""

from __future__ import annotations

import dataclasses
import re
from http import HTTPStatus

import pytest

from jughpc.app.context.site import Site
from jughpc.app.context.target import Target
from jughpc.app.run.execute import execute
from jughpc.app.status.overview import overview
from jughpc.app.status.watch import Watch
from jughpc.batch.clusters import Clusters
from jughpc.config.settings import Settings
from jughpc.fs import OsClock
from jughpc.store.location import Folder
from jughpc.store.record import DIED, Record
from jughpc.testing.simlocation import still_lease
from jughpc.web.live import POLICY, live_page
from jughpc.web.look import losses, workers
from jughpc.web.pages import Pages
from jughpc.web.tables import prose
from jughpc.worker.element import Place
from jughpc.worker.tally import Options

from .test_account import EVIL, checked

JUGFILE = """
from jug import TaskGenerator

@TaskGenerator
def invert(x):
    return 1 / x

@TaskGenerator
def plus(x):
    return x + 1

tasks = [plus(invert(i)) for i in range(4)]
"""

RECORD = Record("life", "node1", "space", 7, 1, "ada", owner="local:1", task="mod.f", since=1e9, beaten=1e9 + 90)


@pytest.fixture
def site(tmp_path):
    (tmp_path / "jugfile.py").write_text(JUGFILE)
    target = Target(tmp_path / "jugfile.py", Folder(tmp_path / "jugfile.jugdata"))
    return Site(target, Settings(), OsClock(), lambda line: None, tmp_path, still_lease)


@pytest.fixture
def pages(site):
    execute(site, Place(), Options(keep_going=True))
    return Pages(site, Clusters(OsClock()))


def text(page):
    """Return what a reader sees of a page."""
    body = re.sub(r"<(script|style|title).*?</\1>", "", page, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def test_a_page_tells_where_it_stands_what_failed_and_what_to_type_next(pages):
    status, page = pages.answer()
    seen = text(page)
    assert status == HTTPStatus.OK
    for words in (
        "75 % done: 6 of 8",
        "1 x ZeroDivisionError",
        "jughpc failures",
        "Nobody works on it now",
        "Over time",
    ):
        assert words in seen
    assert "jugfile.invert" in seen


def test_every_part_has_an_id_by_which_it_is_renewed(pages):
    parts = re.findall(r"^<(?:section|header)([^>]*)>", pages.page(), re.MULTILINE)
    names = [part.partition('id="')[2].rstrip('"') for part in parts]
    assert len(names) >= 7
    assert len(set(names)) == len(names)
    assert all(names)


def test_only_a_page_that_renews_itself_has_a_script(pages):
    assert checked(pages.page()).tags["script"] == 1
    kept = checked(pages.page(is_live=False))
    assert (kept.tags["script"], kept.tags["noscript"]) == (0, 0)


def test_the_policy_lets_the_page_run_its_own_script_alone(pages):
    import base64
    import hashlib

    (script,) = re.findall(r"<script>(.*?)</script>", pages.page(), re.DOTALL)
    assert base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() == POLICY


def test_before_any_work_the_page_has_no_measures(site):
    page = Pages(site, Clusters(OsClock())).page()
    assert "Over time" not in page
    assert "0 % done: 0 of 8" in text(page)


def test_what_hinders_it_is_a_page_that_renews_itself(site):
    (site.folder / "jugfile.py").write_text(f"raise ValueError({EVIL!r})")
    status, page = Pages(site, Clusters(OsClock())).answer()
    assert status == HTTPStatus.SERVICE_UNAVAILABLE
    assert "alert(1)" in text(page)
    assert checked(page).tags["script"] == 1


def test_a_worker_is_shown_with_what_it_does():
    seen = text(workers([RECORD, dataclasses.replace(RECORD, host=EVIL, task=EVIL, worker=2)]))
    assert "node1 local:1 mod.f 1m30s" in seen
    assert "local:1 [2]" in seen


def test_what_was_lost_is_told(site):
    found = overview(site, Watch(site, Clusters(OsClock())).report())
    standing = dataclasses.replace(
        found.report.standing, dead=[dataclasses.replace(RECORD, state=DIED, reason="killed")], gone={0: 7}
    )
    seen = dataclasses.replace(found, report=dataclasses.replace(found.report, standing=standing), lost=90.0)
    assert losses(found) == ""
    told = text(losses(seen))
    assert "7 results are gone" in told
    assert "killed" in told
    checked(live_page(seen, None))


def test_backticks_are_code_and_nothing_else_is_taken_for_html():
    assert prose("see `jughpc <x>` & go") == "see <code>jughpc &lt;x&gt;</code> &amp; go"
