"""The small parts of a worker."""

from __future__ import annotations

import pytest

from jughpc.host import measure
from jughpc.store.failure import Failure
from jughpc.worker.deadline import seconds_left
from jughpc.worker.element import Place
from jughpc.worker.policy import Policy, Times
from jughpc.worker.rotation import Rotation
from jughpc.worker.tally import Tally


def test_an_unknown_function_is_claimed_task_by_task():
    assert not Policy().is_short("f", shards=100)


def test_a_function_whose_claims_would_cost_too_much_is_claimed_by_shard():
    policy = Policy(claim_cost=0.001)
    policy.ran("f", 0.01)
    assert policy.is_short("f", shards=100)


def test_a_function_that_dwarfs_its_claims_is_claimed_task_by_task():
    policy = Policy(claim_cost=0.001)
    policy.ran("f", 0.1)
    assert not policy.is_short("f", shards=100)


def test_where_shards_are_scarce_tasks_are_shared_more_finely():
    policy = Policy(workers=64, claim_cost=0.001, means={"f": 0.01})
    assert (policy.is_short("f", shards=100), policy.is_short("f", shards=10)) == (True, False)


def test_the_mean_follows_what_is_measured_now():
    policy = Policy()
    for seconds in [10.0] + [1.0] * 50:
        policy.ran("f", seconds)
    assert abs(policy.means["f"] - 1.0) < 0.01


def test_a_stretch_of_one_name_is_told_as_its_mean():
    policy = Policy()
    times = Times(policy, 100.0)
    times.turn("f", 0, 100.0)
    times.turn("g", 4, 102.0)
    times.turn("", 5, 105.0)
    assert policy.means == {"f": 0.5, "g": 3.0}


def test_a_function_never_measured_fits_while_any_time_is_left():
    assert Policy().fits("f", 1.0)
    assert not Policy().fits("f", 0.0)


def test_a_function_fits_if_its_mean_does():
    policy = Policy(means={"f": 60.0})
    assert (policy.fits("f", 61.0), policy.fits("f", 59.0)) == (True, False)


def test_a_margin_is_kept_before_the_deadline():
    assert seconds_left(1000.0, 900.0, margin=30.0) == 70.0


def test_past_the_deadline_nothing_is_left():
    assert seconds_left(1000.0, 2000.0) == 0.0


def test_without_a_deadline_time_is_endless():
    assert seconds_left(None, 2000.0) == float("inf")


def test_a_round_yields_all_in_order_from_its_start():
    assert list(Rotation("abcdefgh", 0.5)) == list("efghabcd")


@pytest.mark.parametrize("start", [0.0, 0.999, 1.0, 1.5, 2.0, 63.0])
@pytest.mark.parametrize("count", [0, 1, 2, 7])
def test_a_rotation_has_each_thing_once_wherever_it_begins(start, count):
    assert sorted(Rotation(range(count), start)) == list(range(count))


@pytest.mark.parametrize(("element", "worker"), [(-1, 0), (0, 1), (3, 2), (4, 1), (63, 2)])
def test_an_element_that_was_added_later_begins_on_the_way_round_too(element, worker):
    assert 0 <= Place(element=element, elements=4, worker=worker, workers=2).start < 1


def test_of_very_many_a_round_takes_the_next_ones_from_its_place_on():
    plan = list(Rotation(range(10**6), 0.99))
    assert (plan[0], plan[10_000], len(set(plan)) == len(plan) < 10**5) == (990_000, 0, True)


def test_a_round_that_goes_elsewhere_still_yields_each_once():
    found = []
    plan = Rotation(range(100), 0.0)
    for number in plan:
        found.append(number)
        if number % 7 == 0:
            plan.elsewhere()
    assert sorted(found) == list(range(100))
    assert found != sorted(found)


def test_tallies_add_up():
    first, second = Tally(), Tally()
    first.executed["f"], second.executed["f"], second.loaded["g"] = 2, 3, 1
    both = first.plus(second)
    assert (both.executed["f"], both.loaded["g"]) == (5, 1)


def test_a_failure_that_several_workers_met_counts_once():
    met = [
        Failure(digest, "f", "no", "", "l", "h", "o", 0.0, tries) for digest, tries in ((b"a", 1), (b"b", 1), (b"a", 2))
    ]
    tallies = [Tally(failures=[failure]) for failure in met]
    total = tallies[0].plus(tallies[1]).plus(tallies[2])
    assert [(failure.digest, failure.tries) for failure in total.failures] == [(b"a", 2), (b"b", 1)]


def test_what_a_process_uses_that_is_gone_is_nothing():
    assert measure(1 << 22) == (0, 0.0)
