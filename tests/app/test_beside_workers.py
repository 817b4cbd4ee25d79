"""What changes a store by hand respects the claims of live workers."""

from __future__ import annotations

import pytest

from jughpc.app.upkeep.garbage import remove_garbage
from jughpc.app.upkeep.invalidate import invalidate
from jughpc.app.upkeep.pack import pack
from jughpc.batch.clusters import Clusters
from jughpc.errors import BusyError, UsageError
from jughpc.fs import OsClock

CLOCK = OsClock()


def claims(target):
    return {path.name for path in target.location.folder().glob("shards/*/*.claim.*")}


def results(target):
    return {path.name for path in target.location.folder().glob("shards/*/*") if len(path.name) == 32}


def test_a_task_that_a_live_worker_runs_is_not_invalidated_and_the_worker_is_named(napping, worker):
    before = claims(napping), results(napping)
    with pytest.raises(BusyError, match=rf"napping.nap on .* \(pid {worker.pid}\)"):
        invalidate(napping, lambda name: name == "napping.quick", patience=0)
    assert (claims(napping), results(napping)) == before


def test_once_that_worker_is_dead_its_task_can_be_invalidated(napping, worker):
    worker.kill()
    worker.wait()
    done = invalidate(napping, lambda name: name == "napping.quick", patience=10)
    assert done.removed == {"napping.quick": 1}
    assert not results(napping)


def test_what_no_live_worker_holds_is_invalidated_beside_it(napping, worker):
    napping.target.jugfile.write_text(napping.target.jugfile.read_text() + "three = quick(3)\nthree.run()\n")
    with pytest.raises(UsageError, match="no task of napping"):
        invalidate(napping, lambda name: name == "nosuch", patience=0)
    assert len(claims(napping)) == 1


def test_cleanup_removes_no_claim_of_a_live_worker_with_the_garbage(napping, worker):
    napping.target.jugfile.write_text(napping.target.jugfile.read_text().replace("quick(1)", "quick(2)"))
    assert remove_garbage(napping, Clusters(CLOCK), patience=0).results == 1
    assert len(claims(napping)) == 1
    assert worker.poll() is None


def test_cleanup_leaves_what_a_live_worker_may_be_writing(napping, worker):
    (record,) = (path.name for path in napping.location.folder().glob("workers/*") if not path.name.endswith(".ended"))
    shard = napping.location.folder() / "shards" / "0"
    (shard / f"{record}-00c0ffee-1.tmp").touch()
    (shard / "hand-node1-42-0badcafe-00c0ffee-1.tmp").touch()
    assert remove_garbage(napping, Clusters(CLOCK), patience=0).leftovers.temporary == 1
    assert [path.name for path in shard.glob("*.tmp")] == [f"{record}-00c0ffee-1.tmp"]


def test_pack_beside_a_live_worker_loses_nothing(napping, worker):
    pack(napping)
    assert len(claims(napping)) == 1
    with pytest.raises(UsageError, match="no task of napping"):
        invalidate(napping, lambda name: name == "nosuch", patience=0)


def test_pack_leaves_a_shard_alone_that_somebody_holds(napping, worker):
    from jughpc.app.upkeep.exclusive import holding

    with napping.leasing() as lease:
        store = napping.location.find()
        lease.begin(store)
        with holding(store, lease.record.life, store.look(0).done, CLOCK, patience=0):
            assert pack(napping).busy == 1
        assert pack(napping).busy == 0
