from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jughpc.store.base import SHARD, Claim, View
from jughpc.store.files.layout import (
    MOST_BITS,
    TASKS_A_SHARD,
    Layout,
    bits_for,
    claim_name,
    failure_name,
    marker_name,
    read_listing,
    read_marker,
    result_name,
    set_name,
)

DIGEST = bytes.fromhex("00ff" * 8)
bits = st.integers(0, MOST_BITS)
digests = st.binary(min_size=16, max_size=16)


@given(bits, digests)
def test_every_digest_lies_in_one_of_the_shards(bits, digest):
    assert 0 <= Layout(bits).shard_of(digest) < Layout(bits).shards


@given(bits)
def test_the_shards_share_the_digests_evenly(bits):
    layout = Layout(bits)
    firsts = [(shard << (16 - bits)).to_bytes(2, "big") + bytes(14) for shard in range(layout.shards)]
    assert [layout.shard_of(first) for first in firsts] == list(range(layout.shards))


@pytest.mark.parametrize(
    ("bits", "shard", "folder"),
    [(0, 0, "shards/0"), (1, 1, "shards/1"), (4, 15, "shards/f"), (5, 3, "shards/03"), (14, 16383, "shards/3fff")],
)
def test_a_shards_folder_is_its_number_in_hexadecimal_all_of_one_length(bits, shard, folder):
    assert Layout(bits).folder(shard) == folder


@pytest.mark.parametrize(("tasks", "shards"), [(0, 1), (1, 1), (512, 1), (513, 2), (100_000, 256), (10**9, 16384)])
def test_shards_follow_the_number_of_tasks(tasks, shards):
    assert Layout(bits_for(tasks)).shards == shards


@given(st.integers(TASKS_A_SHARD, TASKS_A_SHARD << MOST_BITS))
def test_a_shard_gets_between_half_and_all_of_its_measure(tasks):
    assert TASKS_A_SHARD / 2 <= tasks / Layout(bits_for(tasks)).shards <= TASKS_A_SHARD


def test_a_listing_tells_results_packs_claims_and_failures():
    names = [
        result_name(DIGEST),
        "life-0a-1.pack",
        claim_name(DIGEST, 2),
        claim_name(DIGEST, 1),
        claim_name(SHARD, 3),
        failure_name(DIGEST),
    ]
    listing = read_listing(names)
    assert listing.view == View({DIGEST}, {DIGEST}, {DIGEST: [1, 2], SHARD: [3]})
    assert listing.packs == ["life-0a-1.pack"]


@pytest.mark.parametrize("length", range(6, 70))
def test_a_pack_is_found_however_long_the_name_of_its_maker_is(length):
    name = f"{'hand-vm-611-04704439-1-2-3-4-5-6-7-8-9'.ljust(70, '0')[: length - 5]}.pack"
    assert read_listing([name]).packs == [name]


def test_generations_are_ordered_as_numbers():
    view = read_listing([claim_name(DIGEST, generation) for generation in (10, 9, 2)]).view
    assert view.claims[DIGEST] == [2, 9, 10]
    assert view.top(DIGEST) == 10


FOREIGN = [
    ".nfs000000000001a2b300000001", "life-0a-1.tmp", f"{DIGEST.hex()}.corrupt", "life-0a-1.pack.corrupt",
    DIGEST.hex().upper(), f"{DIGEST.hex()[:-1]}g", f"{DIGEST.hex()}.claim.0", f"{DIGEST.hex()}.claim.x",
    f"{DIGEST.hex()}.claim.1.tmp", "shard.claim.", "shard.claim.-1", "notes.failure", "core.12", "",
    f"{DIGEST.hex()}.failure.0a-1.tmp",
]  # fmt: skip


@pytest.mark.parametrize("name", FOREIGN)
def test_a_foreign_name_is_passed_over(name):
    assert read_listing([name]) == read_listing([])


@given(st.text())
def test_any_name_at_all_can_be_listed(name):
    read_listing([name])


@given(st.lists(digests, unique=True), st.randoms())
def test_the_name_of_a_set_does_not_depend_on_order(members, random):
    shuffled = random.sample(members, len(members))
    assert set_name(members) == set_name(shuffled)


@given(st.sets(digests, min_size=1), digests)
def test_another_set_has_another_name(members, other):
    assert set_name(members) != set_name(members ^ {other})


@given(bits.flatmap(lambda b: st.tuples(st.just(b), st.integers(0, (1 << b) - 1))), st.sets(digests))
def test_a_marker_can_be_read_back(place, members):
    bits, shard = place
    assert read_marker(marker_name(Layout(bits), shard, set_name(members))) == (shard, set_name(members))


@pytest.mark.parametrize("name", ["", "00", "00.short", ".nfs0000000000000001", "00.0123456789abcdef.tmp"])
def test_a_foreign_name_is_no_marker(name):
    assert read_marker(name) is None


def test_who_was_superseded_has_a_generation_before_ones_own():
    view = View(claims={DIGEST: [1, 3, 4, 5]})
    assert view.superseded(Claim(0, DIGEST, 4, "life")) == [1, 3]
    assert view.top(bytes(16)) == 0
