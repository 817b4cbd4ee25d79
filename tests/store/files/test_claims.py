from __future__ import annotations

import errno

import pytest

from jughpc.store import record as records
from jughpc.store.base import SHARD, Claim, Pace, View
from jughpc.store.files.layout import Layout, claim_name
from jughpc.store.files.store import FileStore
from jughpc.store.resultfile import encode
from jughpc.testing.simfiles import Client, Orders, SimFiles

TASK, OTHER = b"t" * 16, b"o" * 16


def of(life, key=TASK, generation=1):
    return Claim(0, key, generation, life)


# one winner


def test_a_free_task_is_won(any_cluster):
    a = any_cluster.worker("a")
    assert a.take(TASK) == of("a")


def test_a_claim_tells_whose_it_is_to_cat(any_cluster):
    a = any_cluster.worker("a")
    a.take(TASK)
    found = records.decode(a.files.read(f"shards/0/{claim_name(TASK, 1)}"))
    assert found is not None
    assert found.life == "a"


def test_what_another_holds_is_not_won(any_cluster):
    a, b = any_cluster.worker("a"), any_cluster.worker("b")
    a.take(TASK)
    assert b.take(TASK) is None


def test_of_two_with_the_same_old_view_one_wins(any_cluster):
    a, b = any_cluster.worker("a"), any_cluster.worker("b")
    view = a.store.look(0)
    assert a.take(TASK, view) == of("a")
    assert b.take(TASK, view) is None
    assert any_cluster.names() == [claim_name(TASK, 1)]


def test_a_task_of_a_shard_that_another_holds_is_not_even_tried(any_cluster):
    a, b = any_cluster.worker("a"), any_cluster.worker("b")
    a.take(SHARD)
    view = b.store.look(0)
    b.calls()
    assert b.take(TASK, view) is None
    assert not {"link", "create"} & set(b.calls())


def test_other_tasks_stay_free(any_cluster):
    a, b = any_cluster.worker("a"), any_cluster.worker("b")
    a.take(TASK)
    assert b.take(OTHER) == of("b", OTHER)


def test_ones_own_claim_is_won_again_without_a_new_generation(any_cluster):
    a = any_cluster.worker("a")
    assert a.take(TASK) == a.take(TASK) == of("a")


def test_a_task_that_is_done_is_not_won(any_cluster):
    a, b = any_cluster.worker("a"), any_cluster.worker("b")
    b.store.put(TASK, 1)
    assert a.take(TASK) is None


def test_a_task_done_since_the_view_is_not_won_and_no_claim_is_left(any_cluster):
    a, b = any_cluster.worker("a"), any_cluster.worker("b")
    view = a.store.look(0)
    b.store.put(TASK, 1)
    assert a.take(TASK, view) is None
    assert claim_name(TASK, 1) not in any_cluster.names()


def test_a_loser_learns_what_is_true_now(any_cluster):
    a, b = any_cluster.worker("a"), any_cluster.worker("b")
    view = a.store.look(0)
    b.take(TASK)
    b.take(OTHER)
    assert a.claims.take(0, TASK, view)[1].claims == {TASK: [1], OTHER: [1]}


def test_a_claim_costs_one_link_and_one_listing(cluster):
    a = cluster.worker("a")
    view = a.store.look(0)
    a.calls()
    a.take(TASK, view)
    assert a.calls() == ["link", "names"]


# letting go


def test_a_released_task_is_free(any_cluster):
    a, b = any_cluster.worker("a"), any_cluster.worker("b")
    a.claims.release(a.take(TASK))
    assert any_cluster.names() == []
    assert b.take(TASK) == of("b")


def test_releasing_twice_takes_nothing_from_the_next(any_cluster):
    a, b = any_cluster.worker("a"), any_cluster.worker("b")
    claim = a.take(TASK)
    a.claims.release(claim)
    b.take(TASK)
    a.claims.release(claim)
    assert b.holds(of("b"))


def test_after_a_forced_cleanup_a_release_takes_nothing_from_the_next(any_cluster):
    a, b = any_cluster.worker("a"), any_cluster.worker("b")
    claim = a.take(TASK)
    a.files.remove(f"shards/0/{claim_name(TASK, 1)}")
    b.take(TASK)
    a.claims.release(claim)
    assert b.holds(of("b"))


# taking over


def test_a_life_whose_record_says_that_it_died_is_succeeded(any_cluster):
    a, b = any_cluster.worker("a"), any_cluster.worker("b")
    a.take(TASK)
    a.die()
    assert b.take(TASK) == of("b", generation=2)


def test_a_life_that_ended_is_succeeded(any_cluster):
    a, b = any_cluster.worker("a"), any_cluster.worker("b")
    a.take(TASK)
    a.store.end(a.record)
    assert b.take(TASK) == of("b", generation=2)


def test_a_process_gone_from_this_host_is_succeeded(any_cluster):
    a, b = any_cluster.worker("a"), any_cluster.worker("b")
    a.take(TASK)
    any_cluster.gone.add(a.record)
    assert b.take(TASK) == of("b", generation=2)


def test_a_life_that_stood_still_for_ttl_is_succeeded(any_cluster):
    a, b = any_cluster.worker("a"), any_cluster.worker("b")
    a.take(TASK)
    assert b.take(TASK) is None
    any_cluster.clock.sleep(b.store.pace.ttl + 1)
    assert b.take(TASK) == of("b", generation=2)


def test_a_life_that_beats_is_never_succeeded(any_cluster):
    a, b = any_cluster.worker("a"), any_cluster.worker("b")
    a.take(TASK)
    for _ in range(40):
        a.beat()
        any_cluster.clock.sleep(a.store.pace.beat)
        assert b.take(TASK) is None


def test_of_two_successors_one_wins(any_cluster):
    a, b, c = any_cluster.worker("a"), any_cluster.worker("b"), any_cluster.worker("c")
    a.take(TASK)
    a.die()
    view = b.store.look(0)
    assert b.take(TASK, view) == of("b", generation=2)
    assert c.take(TASK, view) is None


def test_each_life_that_ended_on_a_task_stays_known(any_cluster):
    for number in range(4):
        worker = any_cluster.worker(f"w{number}")
        claim, view = worker.claims.take(0, TASK, worker.store.look(0))
        assert view.superseded(claim) == list(range(1, number + 1))
        worker.die()


def test_nobody_removes_the_claim_of_the_dead(any_cluster):
    a, b = any_cluster.worker("a"), any_cluster.worker("b")
    a.take(TASK)
    a.die()
    b.claims.release(b.take(TASK))
    assert any_cluster.names() == [claim_name(TASK, 1)]


def test_a_generation_made_by_an_old_view_yields_to_the_higher(any_cluster):
    """After a cleanup of the first generation its name is free again, but not the task."""
    a, b, c = any_cluster.worker("a"), any_cluster.worker("b"), any_cluster.worker("c")
    a.take(TASK)
    a.die()
    b.take(TASK)
    b.files.remove(f"shards/0/{claim_name(TASK, 1)}")
    assert c.take(TASK, View()) is None
    assert any_cluster.names() == [claim_name(TASK, 2)]


def test_a_higher_generation_yields_to_a_living_lower_one(any_cluster):
    """A cleanup freed the name of the dead, and another took it, while a successor was on its way."""
    a, b, c = any_cluster.worker("a"), any_cluster.worker("b"), any_cluster.worker("c")
    a.take(TASK)
    a.die()
    view = c.store.look(0)
    a.files.remove(f"shards/0/{claim_name(TASK, 1)}")
    assert b.take(TASK) == of("b")
    assert c.take(TASK, view) is None
    assert b.holds(of("b"))


class Meanwhile(Orders):
    """Has something happen right before the next claim is made."""

    def __init__(self, action):
        super().__init__()
        self._action = action

    def before(self, call, path):
        super().before(call, path)
        if ".claim." in path and call in ("link", "create"):
            action, self._action = self._action, lambda: None
            action()


def test_who_takes_over_yields_to_one_who_claimed_under_the_freed_name_just_then(any_cluster):
    a, b = any_cluster.worker("a"), any_cluster.worker("b")
    a.take(TASK)
    a.die()

    def cleanup_and_claim():
        a.files.remove(f"shards/0/{claim_name(TASK, 1)}")
        assert b.take(TASK) == of("b")

    c = any_cluster.worker("c", Meanwhile(cleanup_and_claim))
    assert c.take(TASK) is None
    assert b.holds(of("b"))
    assert any_cluster.names() == [claim_name(TASK, 1)]


# shards and single tasks


def test_a_shard_is_won_beside_single_claims_and_the_view_shows_them(any_cluster):
    a, b = any_cluster.worker("a"), any_cluster.worker("b")
    a.take(TASK)
    claim, view = b.claims.take(0, SHARD, View())
    assert claim == of("b", SHARD)
    assert TASK in view.claims


def test_a_task_of_a_claimed_shard_is_not_won(any_cluster):
    a, b = any_cluster.worker("a"), any_cluster.worker("b")
    a.take(SHARD)
    assert b.take(TASK) is None


def test_a_task_whose_shard_was_claimed_since_the_view_is_given_back(any_cluster):
    a, b = any_cluster.worker("a"), any_cluster.worker("b")
    view = b.store.look(0)
    a.take(SHARD)
    assert b.take(TASK, view) is None
    assert any_cluster.names() == [claim_name(SHARD, 1)]


def test_who_holds_the_shard_wins_its_tasks(any_cluster):
    a = any_cluster.worker("a")
    a.take(SHARD)
    assert a.take(TASK) == of("a")


def test_another_process_of_the_same_life_wins_tasks_of_its_shard(any_cluster):
    a = any_cluster.worker("a")
    a.take(SHARD)
    heart = a.store.claims("a")
    assert heart.take(0, TASK, a.store.look(0))[0] == of("a")


def test_a_claim_let_go_by_another_process_of_the_life_and_made_anew_is_not_ours(any_cluster):
    a, b = any_cluster.worker("a"), any_cluster.worker("b")
    claim = a.take(SHARD)
    a.store.claims("a").release(claim)
    assert b.take(SHARD) == of("b", SHARD)
    assert a.take(SHARD) is None


def test_a_task_of_a_dead_lifes_shard_is_won(any_cluster):
    a, b = any_cluster.worker("a"), any_cluster.worker("b")
    a.take(SHARD)
    a.die()
    assert b.take(TASK) == of("b")


# requests and replies that are lost


def test_a_lost_reply_to_link_still_wins_the_claim(cluster):
    a = cluster.worker("a")
    a.orders.lose_reply("link", errno.EEXIST)
    assert a.take(TASK) == of("a")


def test_eexist_for_anothers_claim_is_a_loss(cluster):
    a, b = cluster.worker("a"), cluster.worker("b")
    view = a.store.look(0)
    b.take(TASK)
    assert a.take(TASK, view) is None


def test_a_claim_made_though_the_call_failed_is_found_again(cluster):
    a = cluster.worker("a")
    a.orders.lose_reply("link")
    with pytest.raises(OSError, match="ordered"):
        a.take(TASK)
    assert a.take(TASK) == of("a")


def test_a_claim_made_though_the_call_failed_keeps_others_out(cluster):
    a, b = cluster.worker("a"), cluster.worker("b")
    a.orders.lose_reply("link")
    with pytest.raises(OSError, match="ordered"):
        a.take(TASK)
    assert b.take(TASK) is None


def test_a_request_that_was_lost_claims_nothing(cluster):
    a = cluster.worker("a")
    a.orders.lose_request("link")
    with pytest.raises(OSError, match="ordered"):
        a.take(TASK)
    assert cluster.names() == []


def test_a_claim_whose_confirmation_failed_is_won_by_the_next_attempt(cluster):
    a = cluster.worker("a")
    view = a.store.look(0)
    a.orders.lose_request("names")
    with pytest.raises(OSError, match="ordered"):
        a.take(TASK, view)
    assert a.take(TASK) == of("a")


@pytest.mark.parametrize("number", [errno.EPERM, errno.EXDEV, errno.EMLINK, errno.ENOTSUP])
def test_where_hard_links_are_refused_the_claim_is_a_copy(cluster, number):
    a, b = cluster.worker("a"), cluster.worker("b")
    a.orders.lose_request("link", number)
    assert a.take(TASK) == of("a")
    assert b.take(TASK) is None
    a.beat()
    assert b.take(TASK) is None


def test_a_copy_that_never_became_whole_is_succeeded_after_ttl(cluster):
    a, b = cluster.worker("a"), cluster.worker("b")
    a.orders.lose_request("link", errno.EPERM)
    a.orders.lose_request("sync", errno.ENOSPC)
    with pytest.raises(OSError, match="ordered"):
        a.take(TASK)
    assert b.take(TASK) is None
    cluster.clock.sleep(b.store.pace.ttl + 1)
    assert b.take(TASK) == of("b", generation=2)


# the whole path of a shard


def test_a_shards_work_costs_few_calls(cluster):
    a = cluster.worker("a")
    tasks = {TASK: encode(1), OTHER: encode(2)}
    a.calls()
    view = a.store.look(0)
    claim, view = a.claims.take(0, SHARD, view)
    a.store.publish(0, tasks, "a")
    a.claims.hand_back(claim)
    a.store.mark_complete(0, tasks.keys())
    assert a.calls() == [
        "names", "link", "names", "create", "send", "sync", "rename", "remove", "create", "names", "rename",
    ]  # fmt: skip


def test_the_claim_of_a_former_life_is_not_released_by_the_next(any_cluster):
    """It is void: a cleanup may have removed it, and another made it anew, at any moment."""
    a, heir = any_cluster.worker("a"), any_cluster.worker("a2")
    claim = a.take(TASK)
    heir.claims.release(claim)
    assert a.holds(claim)


def test_a_copy_that_took_too_long_to_write_is_given_up(cluster):
    """Torn for ttl it looks dead, and others may have gone on: under a shard's claim nothing would show it."""
    a = cluster.worker("a")

    class Slow(Orders):
        def before(self, call, path):
            super().before(call, path)
            if call == "sync" and "claim" in path:
                cluster.clock.sleep(a.store.pace.ttl)

    claims = FileStore(
        SimFiles(Client(cluster.disk), Slow(), links=False), cluster.clock, Layout(0), Pace(), cluster.gone.__contains__
    ).claims("a")
    assert claims.take(0, SHARD, View())[0] is None
    assert cluster.names() == []


# deaths


def test_deaths_can_be_forgotten(cluster):
    a, b, c = (cluster.worker(name) for name in "abc")
    for worker in (a, b):
        worker.take(TASK)
        worker.take(OTHER)
        worker.die()
    c.store.forget_deaths([TASK])
    view = c.store.look(0)
    assert (TASK in view.claims, view.claims[OTHER]) == (False, [1, 2])


def test_a_claim_of_the_living_outlasts_the_deaths_before_it(cluster):
    a, b = cluster.worker("a"), cluster.worker("b")
    a.take(TASK)
    a.die()
    heir = b.take(TASK)
    a.store.forget_deaths([TASK])
    assert (b.holds(heir), b.store.look(0).superseded(heir)) == (True, [])


@pytest.mark.parametrize(("end", "blamed"), [("removed", True), ("ended", False)])
def test_a_claim_that_is_a_copy_tells_of_a_death_when_the_record_is_gone(cluster, end, blamed):
    a, b = cluster.worker("a"), cluster.worker("b")
    a.orders.lose_request("link", errno.EPERM)
    claim = a.take(TASK)
    if end == "removed":
        a.store.forget_life("a")
    else:
        a.store.end(a.store.records()[0])
    death = b.store.death_at(*claim[:3])
    assert (death is not None) == blamed
    assert not blamed or (death.digest, death.life) == (TASK, "a")
