"""What changes a store by hand: garbage, leftovers, results that are not to stay, small files."""

from __future__ import annotations

import numpy as np
import pytest

from jughpc.app.context import kept
from jughpc.app.status import followers
from jughpc.app.submit.cancel import cancel
from jughpc.app.upkeep.exclusive import holding
from jughpc.app.upkeep.garbage import forget_failures, remove_garbage
from jughpc.app.upkeep.invalidate import invalidate
from jughpc.app.upkeep.leftovers import Tidied
from jughpc.app.upkeep.pack import Packed, pack
from jughpc.errors import BusyError, JugdirError, UsageError
from jughpc.store.base import SHARD
from jughpc.store.files.layout import Layout, marker_name, set_name

STRANGE = b"x" * 16
NOTHING = Tidied(0, 0, 0, 0, 0)


def is_single(name):
    return name.endswith(".single")


# garbage


def test_results_and_failures_of_no_task_are_removed_and_all_others_stay(lab):
    lab.begin().all_done().done(STRANGE).failed(b"y" * 16)
    assert remove_garbage(lab.site, lab.clusters, 0).results == 1
    assert lab.store.missing([STRANGE, *lab.all()]) == {STRANGE}
    assert lab.store.failure(b"y" * 16) is None


def test_without_a_store_nothing_is_removed_and_none_is_made(lab):
    removed = remove_garbage(lab.site, lab.clusters, 0)
    assert (removed.results, removed.leftovers) == (0, None)
    assert lab.disk.paths() == []


def test_where_a_barrier_hides_tasks_nothing_is_taken_for_garbage(labs):
    lab = labs(text="from jug import TaskGenerator, barrier\nf = TaskGenerator(abs)\nx = f(1)\nbarrier()\n").begin()
    lab.done(STRANGE)
    with pytest.raises(UsageError, match="barrier"):
        remove_garbage(lab.site, lab.clusters, 0)
    assert not lab.store.missing([STRANGE])


def test_a_jugfile_without_tasks_makes_nothing_garbage(lab):
    lab.begin().all_done().jugfile.write_text("x = 1\n")
    with pytest.raises(UsageError, match="no task"):
        remove_garbage(lab.site, lab.clusters, 0)


def test_garbage_that_the_living_hold_is_left_and_nothing_is_removed(lab):
    lab.begin().done(STRANGE).life().claim(SHARD)
    with pytest.raises(BusyError):
        remove_garbage(lab.site, lab.clusters, 0)
    assert not lab.store.missing([STRANGE])


def test_a_cleanup_leaves_no_claim_and_no_life_behind(lab):
    lab.begin().done(STRANGE)
    remove_garbage(lab.site, lab.clusters, 0)
    assert lab.store.look(0).claims == {}
    assert lab.store.records() == []


def test_all_failures_are_forgotten_of_whatever_task(lab):
    assert forget_failures(lab.site) == 0
    lab.begin().failed(lab.digests("single")[0]).failed(STRANGE)
    assert forget_failures(lab.site) == 2
    assert lab.store.failure(STRANGE) is None


# leftovers


def tidied(lab):
    return remove_garbage(lab.site, lab.clusters, 0).leftovers


def test_a_tidy_store_loses_nothing_but_the_record_of_cleanups(lab):
    lab.begin().all_done()
    assert tidied(lab) == NOTHING


def test_what_the_dead_were_writing_is_removed_and_what_the_living_write_stays(lab):
    lab.begin()
    dead, alive = lab.life("node1").dies(), lab.life("node2")
    for life in (dead, alive):
        lab.files.write(f"shards/0/{life.record.life}-00c0ffee-1.tmp", [b"half"])
        lab.files.write(f"manifest/{'0' * 32}.5.npz.{life.record.life}.tmp", [b"half"])
    found = tidied(lab)
    assert found.temporary == 2
    left = [path for path in lab.disk.paths() if path.endswith(".tmp")]
    assert len(left) == 2
    assert all(alive.record.life in path for path in left)


def test_damaged_files_that_were_set_aside_are_removed(lab):
    lab.begin().files.write(f"shards/0/{STRANGE.hex()}.corrupt", [b"bad"])
    assert tidied(lab).damaged == 1


def test_manifests_of_other_texts_are_removed_and_the_one_that_holds_stays(lab):
    lab.begin().jugfile.write_text(f"{lab.text}\nmore = single(4)\n")
    lab.begin()
    assert len(lab.files.names("manifest")) == 2
    assert tidied(lab).manifests == 1
    assert len(kept.latest(lab.files, kept.key_of(lab.site.target, lab.jugfile.read_bytes()))) == 10


def test_records_of_workers_that_ended_well_go_but_for_those_that_status_shows(lab):
    token = lab.submit(size=1).submission.token
    shown, old = lab.life("node1", 0, token=token).ends(), lab.life("node2").ends()
    assert tidied(lab).records == 1
    assert shown.record.life in lab.store.ended()
    assert old.record.life not in lab.store.ended()


def test_without_a_submission_all_records_of_workers_that_ended_well_go(lab):
    lab.begin().life("node1").ends()
    assert tidied(lab).records == 1


def test_what_was_measured_of_tasks_that_are_gone_goes_and_what_may_be_wanted_stays(lab):
    first, second, third, fourth = lab.begin().digests("single")
    lab.done(first, second).failed(third)
    living = lab.life("node1")
    lab.measured("of-a-result", 1.0, [first]).measured("of-one-of-two", 2.0, [second, fourth])
    lab.measured("of-a-failure", 3.0, [third]).measured("later", 9.0, [second])
    lab.measured("of-what-was-invalidated", 4.0, [fourth]).measured("of-no-task", 5.0, [STRANGE])
    lab.measured(living.record.life, 6.0, [fourth])
    lab.store.keep_measures("damaged", b"no measures\n")
    stay = {"of-a-result", "of-a-failure", "later", living.record.life}
    assert tidied(lab).measures == 4
    assert set(lab.store.measured()) == stay


def test_where_not_all_was_told_one_by_one_the_functions_that_there_are_tell_whether_it_is_wanted(lab):
    lab.begin().measured("life", 1.0, [STRANGE, STRANGE])
    assert tidied(lab).measures == 0
    lab.jugfile.write_text(lab.text.replace("single", "other"))
    lab.begin()
    assert tidied(lab).measures == 1


def mark(lab, tasks):
    """Leave a mark, whether it is true or not."""
    lab.files.save(f"complete/{marker_name(Layout(0), 0, set_name(tasks))}", [])


def test_a_mark_that_says_more_than_is_true_is_taken_back(lab):
    lab.begin().done(*lab.digests("single"))
    mark(lab, lab.all())
    assert tidied(lab).marks == 1
    assert lab.store.complete() == set()


def test_a_mark_that_was_true_of_other_tasks_is_taken_back(lab):
    lab.begin().all_done()
    mark(lab, lab.digests("single"))
    assert tidied(lab).marks == 1
    assert lab.store.complete() == set()


def test_a_mark_that_is_true_stays_beside_one_that_is_not(lab):
    lab.begin().all_done()
    lab.store.mark_complete(0, lab.all())
    (true,) = lab.store.complete()
    mark(lab, {STRANGE})
    assert tidied(lab).marks == 1
    assert lab.store.complete() == {true}


# results that are not to stay


def test_chosen_results_go_with_all_that_depends_on_them(lab):
    lab.begin().all_done()
    done = invalidate(lab.site, lambda name: name == "sums.double", 0)
    assert (done.chosen, done.removed) == (4, {"sums.double": 4, "sums.total": 1})
    assert lab.store.missing(lab.all()) == lab.all() - set(lab.digests("single"))


def test_only_results_that_were_there_are_counted(lab):
    lab.begin().done(lab.digests("single")[1])
    assert invalidate(lab.site, is_single, 0).removed == {"sums.single": 1}


def test_failures_go_with_the_results(lab):
    lab.begin().failed(lab.digests("double")[0], "sums.double")
    invalidate(lab.site, is_single, 0)
    assert lab.store.failure(lab.digests("double")[0]) is None


def test_where_nothing_is_chosen_nobody_is_asked_for_anything(lab):
    lab.begin().all_done().life().claim(SHARD)
    with pytest.raises(UsageError, match="there are sums"):
        invalidate(lab.site, lambda name: False, 0)


def test_without_a_store_chosen_tasks_are_counted_and_none_is_made(lab):
    assert invalidate(lab.site, is_single, 0).chosen == 4
    assert lab.disk.paths() == []


def test_a_task_that_the_living_run_is_not_invalidated_and_the_worker_is_named(lab):
    digest = lab.begin().all_done().digests("single")[0]
    lab.store.remove([digest])
    lab.life().claim(digest).runs(digest, "sums.single")
    with pytest.raises(BusyError, match=r"sums\.single on node1 \(pid 7\)"):
        invalidate(lab.site, is_single, 0)
    assert lab.store.missing(lab.all()) == {digest}


def test_what_was_reduced_is_forgotten_with_results_that_it_was_made_of(lab):
    submission = lab.submit(reduce=lab.reduce_script()).submission
    followers.mark_reduced(lab.files, submission)
    lab.begin().all_done()
    invalidate(lab.site, is_single, 0)
    assert not followers.is_reduced(lab.files, submission)


def test_a_claim_of_the_dead_does_not_protect_results(lab):
    digest = lab.begin().digests("single")[0]
    lab.life().claim(digest).dies()
    lab.done(lab.digests("single")[1])
    assert invalidate(lab.site, is_single, 0).removed == {"sums.single": 1}


# holding


@pytest.fixture
def mine(lab):
    return lab.begin().life("login1").record.life


def test_what_is_held_nobody_else_claims_until_the_block_ends(lab, mine):
    digest = lab.digests("single")[0]
    other = lab.life("node1")
    with holding(lab.store, mine, [digest], lab.clock, 0):
        view = lab.store.look(0)
        assert other.claims.take(0, SHARD, view)[0] is None
    assert other.claims.take(0, SHARD, lab.store.look(0))[0]


def test_all_is_let_go_when_the_block_fails(lab, mine):
    with pytest.raises(ZeroDivisionError), holding(lab.store, mine, lab.digests("single"), lab.clock, 0):
        raise ZeroDivisionError
    assert lab.store.look(0).claims == {}


def test_a_task_that_the_dead_claimed_singly_is_held_singly_too(lab, mine):
    digest, other = lab.digests("single")[:2]
    lab.life("node1").claim(digest).dies()
    with holding(lab.store, mine, [digest], lab.clock, 0):
        late = lab.life("node2")
        assert late.claims.take(0, digest, lab.store.look(0))[0] is None
        assert lab.store.look(0).top(digest) == 2
        assert lab.store.look(0).top(other) == 0


def test_the_living_are_waited_for_as_long_as_patience_lasts(lab, mine):
    digest = lab.digests("single")[0]
    holder = lab.life("node1").claim(digest)
    (claim,) = (claim for claim, _ in lab.store.inspect(digest).claims)
    lab.stage.at(3.0, lambda: holder.claims.release(claim))
    with holding(lab.store, mine, [digest], lab.clock, 10):
        assert 3 <= lab.clock.now() < 4


def test_who_is_still_there_when_patience_ends_keeps_it_and_nothing_is_held(lab, mine):
    digest = lab.digests("single")[0]
    lab.life("node1").claim(digest)
    with pytest.raises(BusyError, match="others hold"), holding(lab.store, mine, [digest], lab.clock, 10):
        raise AssertionError("the block ran")
    assert 10 <= lab.clock.now() < 11
    assert lab.store.look(0).claims.keys() == {digest}


def test_nothing_is_waited_for_without_patience(lab, mine):
    lab.life("node1").claim(lab.digests("single")[0])
    with pytest.raises(BusyError), holding(lab.store, mine, lab.digests("single"), lab.clock, 0):
        raise AssertionError("the block ran")
    assert lab.clock.now() == 0


# small files


def test_small_files_are_merged_and_every_result_is_still_there(lab):
    lab.begin()
    for number, digest in enumerate(sorted(lab.all())):
        lab.done(digest, value=np.arange(number))
    assert pack(lab.site) == Packed(results=9, busy=0)
    assert [name for name in lab.files.names("shards/0") if len(name) == 32] == []
    assert [len(lab.store.get(digest)) for digest in sorted(lab.all())] == list(range(9))


def test_a_shard_that_somebody_holds_stays_as_it_is(lab):
    lab.begin().all_done().life().claim(SHARD)
    before = sorted(lab.files.names("shards/0"))
    assert pack(lab.site) == Packed(results=0, busy=1)
    assert sorted(lab.files.names("shards/0")) == before


def test_packing_leaves_no_claim_and_no_life_behind(lab):
    lab.begin().all_done()
    pack(lab.site)
    assert lab.store.look(0).claims == {}
    assert lab.store.records() == []


def test_a_shard_without_results_is_not_held(lab):
    lab.begin().life().claim(lab.digests("single")[0])
    assert pack(lab.site) == Packed(results=0, busy=0)


def test_without_a_store_there_is_nothing_to_pack(lab):
    with pytest.raises(JugdirError, match="nothing to pack"):
        pack(lab.site)


# texts


def texts(lab):
    return {name for key in lab.files.names("jugfiles") for name in lab.files.names(f"jugfiles/{key}")}


def test_what_a_submission_that_is_not_over_runs_stays(lab):
    lab.submit(reduce=lab.reduce_script())
    remove_garbage(lab.site, lab.clusters, 0)
    assert texts(lab) == {"sums.py", "sums_reduce.py"}


def test_what_no_submission_runs_any_more_is_removed_and_counted(lab):
    lab.submit(reduce=lab.reduce_script())
    cancel(lab.site, lab.clusters, 1)
    lab.files.save("jugfiles/notes", [b"somebody's own"])
    assert remove_garbage(lab.site, lab.clusters, 0).leftovers.texts == 2
    assert texts(lab) == set()
    assert "notes" in lab.files.names("jugfiles")


def test_as_long_as_a_record_that_may_name_one_is_damaged_all_texts_stay(lab):
    lab.submit(reduce=lab.reduce_script())
    lab.files.save("submissions/1/record.json", [b"{"])
    assert remove_garbage(lab.site, lab.clusters, 0).leftovers.texts == 0
    assert texts(lab) == {"sums.py", "sums_reduce.py"}
