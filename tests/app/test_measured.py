"""What tasks took, as a store tells it after workers of any kind."""

from __future__ import annotations

import pytest

from jughpc.app.context.site import Site
from jughpc.app.context.target import Target
from jughpc.app.run.execute import execute
from jughpc.app.status import measured
from jughpc.config.settings import Settings
from jughpc.fs import OsClock
from jughpc.store.location import Folder
from jughpc.testing.simlocation import still_lease
from jughpc.worker.element import Place
from jughpc.worker.tally import Options

JUGFILE = """
from jug import TaskGenerator

@TaskGenerator
def same(x):
    return x

@TaskGenerator
def fail():
    raise ValueError

tasks = [same(i) for i in range(50)] + [fail()]
"""


@pytest.fixture
def site(tmp_path):
    (tmp_path / "jugfile.py").write_text(JUGFILE)
    site = Site(
        Target(tmp_path / "jugfile.py", Folder(tmp_path / "jugfile.jugdata")), Settings(), OsClock(), lambda line: None,
        tmp_path, still_lease,
    )  # fmt: skip
    execute(site, Place(), Options(keep_going=True))
    return site


def test_a_worker_that_ended_has_told_of_all_its_tasks(site):
    found = measured.by_function(site.store())
    assert {name: (sums.count, sums.failed) for name, sums in found.items()} == {
        "jugfile.same": (50, 0), "jugfile.fail": (1, 1),
    }  # fmt: skip
    assert 0 < found["jugfile.same"].mean < 1
    assert found["jugfile.same"].peak > 1 << 20


def test_workers_of_a_submission_are_told_from_those_by_hand(site):
    (found,) = measured.every(site.store())
    assert found.slots[2].sum() == 51
    assert measured.every(site.store(), "0badcafe") == []


def test_what_is_damaged_is_passed_over(site):
    store = site.store()
    for life, data in (("life-a", b"no measures"), ("../../etc/passwd", b""), ("life-b", b"")):
        store.keep_measures(life.replace("/", "-"), data)
    assert len(measured.every(store)) == len(measured.summaries(store, store.measured())) == 1
