"""What every `Store` must do. Subclass these in a test module and give them the fixtures they name."""

from __future__ import annotations

import dataclasses

import pytest

from jughpc.errors import ResultMissingError, UnstorableError
from jughpc.store.base import SHARD, Failure, Store
from jughpc.store.files.layout import set_name
from jughpc.store.record import Record
from jughpc.store.resultfile import encode

A, B, C = (bytes([n]) + bytes(15) for n in (1, 2, 3))  # near each other: of one shard in small stores
FAR = b"\xff" * 16

LIFE = Record(life="life-a", host="node1", space="boot-1", pid=77, started=5, user="ada")
PEER = dataclasses.replace(LIFE, life="life-b", host="node2")

FAILURE = Failure(A, "mod.f", "ValueError: no", "Traceback ...\n", "life-a", "node1", "slurm:1_2.0", 1e9, 2)


class StoreContract:
    """Tests of one process's use of a store that starts empty; fixture of the subclass: `store`."""

    def test_an_empty_store_has_no_result(self, store: Store) -> None:
        with pytest.raises(ResultMissingError, match=A.hex()):
            store.get(A)
        assert store.missing([A, FAR]) == {A, FAR}

    def test_what_was_put_is_got(self, store: Store) -> None:
        store.put(A, {"a": [1, 2.5, None]})
        assert store.get(A) == {"a": [1, 2.5, None]}

    def test_each_get_gives_a_value_of_its_own(self, store: Store) -> None:
        store.put(A, [1])
        first = store.get(A)
        assert isinstance(first, list)
        first.append(2)
        assert store.get(A) == [1]

    def test_what_cannot_be_stored_leaves_nothing(self, store: Store) -> None:
        with pytest.raises(UnstorableError):
            store.put(A, lambda: 0)
        assert store.missing([A]) == {A}

    def test_every_digest_has_a_shard(self, store: Store) -> None:
        for digest in (A, B, C, FAR):
            assert 0 <= store.shard_of(digest) < store.shards

    def test_what_was_published_together_is_got_one_by_one(self, store: Store) -> None:
        store.publish(store.shard_of(A), {A: encode("a"), B: encode("b")}, "life-a")
        assert (store.get(A), store.get(B)) == ("a", "b")

    def test_publishing_again_does_no_harm(self, store: Store) -> None:
        for _ in range(2):
            store.publish(store.shard_of(A), {A: encode("a"), B: encode("b")}, "life-a")
            store.publish(store.shard_of(A), {A: encode("a")}, "life-b")
        assert (store.get(A), store.get(B)) == ("a", "b")
        assert store.remove([A, B]) == 2

    def test_missing_tells_those_without_a_result(self, store: Store) -> None:
        store.put(A, 1)
        store.publish(store.shard_of(B), {B: encode(1), C: encode(1)}, "life-a")
        assert store.missing([A, B, C, FAR]) == {FAR}
        assert store.missing([]) == set()

    def test_a_look_shows_what_is_done_and_failed(self, store: Store) -> None:
        store.put(B, 1)
        store.fail(FAILURE)
        view = store.look(store.shard_of(A))
        assert (view.done, view.failed) == ({B}, {A})

    def test_removed_results_are_gone(self, store: Store) -> None:
        store.put(A, 1)
        assert store.remove([A]) == 1
        assert store.missing([A]) == {A}
        with pytest.raises(ResultMissingError):
            store.get(A)

    def test_removing_counts_results_only(self, store: Store) -> None:
        store.put(A, 1)
        store.put(FAR, 1)
        store.fail(FAILURE)
        assert store.remove([A, A, B, FAR]) == 2
        assert store.remove([A, B, FAR]) == 0

    def test_removing_one_of_a_pack_leaves_the_others(self, store: Store) -> None:
        store.publish(store.shard_of(A), {d: encode(d.hex()) for d in (A, B, C)}, "life-a")
        assert store.get(B) == B.hex()
        assert store.remove([B]) == 1
        assert store.missing([A, B, C]) == {B}
        assert (store.get(A), store.get(C)) == (A.hex(), C.hex())

    def test_a_result_can_be_put_again_after_it_was_removed(self, store: Store) -> None:
        store.put(A, "old")
        store.get(A)
        store.remove([A])
        store.put(A, "new")
        assert store.get(A) == "new"

    def test_removing_results_removes_failures_too(self, store: Store) -> None:
        store.fail(FAILURE)
        store.remove([A])
        assert store.failure(A) is None

    def test_a_failure_tells_what_went_wrong(self, store: Store) -> None:
        store.fail(FAILURE)
        assert store.failure(A) == FAILURE
        assert store.failure(B) is None

    def test_the_last_failure_counts(self, store: Store) -> None:
        later = dataclasses.replace(FAILURE, exception="KeyError: 'x'", tries=3)
        store.fail(FAILURE)
        store.fail(later)
        assert store.failure(A) == later

    def test_a_failure_in_any_script_comes_back_whole(self, store: Store) -> None:
        foreign = dataclasses.replace(FAILURE, exception="Fehler: größer \N{SNOWMAN} \ud800", trace='"\\\n\0')
        store.fail(foreign)
        assert store.failure(A) == foreign

    def test_failures_can_be_forgotten(self, store: Store) -> None:
        store.fail(FAILURE)
        assert store.forget_failures([A, A, B]) == 1
        assert store.failure(A) is None
        assert store.look(store.shard_of(A)).failed == set()

    def test_a_shard_whose_tasks_are_done_can_be_marked(self, store: Store) -> None:
        store.put(A, 1)
        store.put(B, 1)
        assert store.complete() == set()
        for _ in range(2):
            store.mark_complete(store.shard_of(A), {A, B})
        assert store.complete() == {(store.shard_of(A), set_name({A, B}))}

    def test_a_mark_that_is_not_true_is_taken_back(self, store: Store) -> None:
        store.put(A, 1)
        store.mark_complete(store.shard_of(A), {A, B})
        assert store.complete() == set()

    def test_removing_a_result_takes_back_every_mark_of_its_shard(self, store: Store) -> None:
        store.put(A, 1)
        store.put(B, 1)
        store.mark_complete(store.shard_of(A), {A, B})
        store.mark_complete(store.shard_of(A), {A})
        store.remove([B])
        assert store.complete() == set()

    def test_a_life_is_on_record_from_its_beginning_to_its_end(self, store: Store) -> None:
        store.begin(LIFE)
        assert store.records() == [LIFE]
        store.end(LIFE)
        assert store.records() == []

    def test_a_beat_shows_in_the_record(self, store: Store) -> None:
        store.begin(LIFE)
        later = dataclasses.replace(LIFE, beats=3, task="mod.f", memory=1 << 30)
        store.beat(later)
        assert store.records() == [later]

    def test_a_life_that_never_began_cannot_beat(self, store: Store) -> None:
        with pytest.raises(FileNotFoundError):
            store.beat(LIFE)

    def test_a_free_task_is_claimed_and_let_go(self, store: Store) -> None:
        store.begin(LIFE)
        claims, shard = store.claims(LIFE.life), store.shard_of(A)
        claim, view = claims.take(shard, A, store.look(shard))
        assert claim is not None
        assert claim[:2] == (shard, A)
        assert view.done == set()
        claims.release(claim)
        assert A not in store.look(shard).claims

    def test_a_task_that_is_done_is_not_claimed(self, store: Store) -> None:
        store.begin(LIFE)
        shard = store.shard_of(A)
        view = store.look(shard)
        store.put(A, 1)
        claim, fresh = store.claims(LIFE.life).take(shard, A, view)
        assert claim is None
        assert fresh.done == {A}


class SharedStoreContract:
    """Tests of a store that two processes share; fixtures: `store`, and `peer`, the other's.

    Both lives have begun: LIFE by `store`, PEER by `peer`.
    """

    def test_what_one_puts_the_other_gets(self, store: Store, peer: Store) -> None:
        with pytest.raises(ResultMissingError):
            peer.get(A)
        store.put(A, "news")
        assert peer.missing([A]) == set()
        assert peer.get(A) == "news"

    def test_what_one_removes_the_other_misses(self, store: Store, peer: Store) -> None:
        store.publish(store.shard_of(A), {d: encode(d.hex()) for d in (A, B, C)}, "life-a")
        assert peer.get(B) == B.hex()
        store.remove([B])
        assert peer.get(C) == C.hex()
        peer.look(peer.shard_of(B))
        with pytest.raises(ResultMissingError):
            peer.get(B)

    def test_what_one_claims_the_other_does_not_win(self, store: Store, peer: Store) -> None:
        shard = store.shard_of(A)
        view = peer.look(shard)
        claim, _ = store.claims(LIFE.life).take(shard, A, view)
        assert claim is not None
        assert peer.claims(PEER.life).take(shard, A, view)[0] is None

    def test_what_one_lets_go_the_other_wins(self, store: Store, peer: Store) -> None:
        shard, claims = store.shard_of(A), store.claims(LIFE.life)
        claim, _ = claims.take(shard, A, store.look(shard))
        assert claim is not None
        claims.release(claim)
        assert peer.claims(PEER.life).take(shard, A, peer.look(shard))[0] is not None

    def test_what_one_hands_back_the_other_wins(self, store: Store, peer: Store) -> None:
        shard, claims = store.shard_of(A), store.claims(LIFE.life)
        claim, _ = claims.take(shard, A, store.look(shard))
        assert claim is not None
        claims.hand_back(claim)
        assert peer.claims(PEER.life).take(shard, A, peer.look(shard))[0] is not None

    def test_a_claim_on_the_shard_keeps_the_other_from_its_tasks(self, store: Store, peer: Store) -> None:
        shard = store.shard_of(A)
        view = peer.look(shard)
        assert store.claims(LIFE.life).take(shard, SHARD, view)[0] is not None
        assert peer.claims(PEER.life).take(shard, A, view)[0] is None

    def test_a_claim_on_the_shard_shows_what_is_claimed_singly(self, store: Store, peer: Store) -> None:
        shard = store.shard_of(A)
        peer.claims(PEER.life).take(shard, A, peer.look(shard))
        claim, view = store.claims(LIFE.life).take(shard, SHARD, store.look(shard))
        assert claim is not None
        assert A in view.claims

    def test_a_life_that_ended_is_succeeded_and_counted(self, store: Store, peer: Store) -> None:
        shard = store.shard_of(A)
        first, _ = store.claims(LIFE.life).take(shard, A, store.look(shard))
        assert first is not None
        store.end(LIFE)
        second, view = peer.claims(PEER.life).take(shard, A, peer.look(shard))
        assert second is not None
        assert second.generation > first.generation
        assert view.deaths(second) == 1

    def test_both_see_every_life(self, store: Store, peer: Store) -> None:
        assert {record.life for record in peer.records()} == {LIFE.life, PEER.life}

    def test_a_mark_of_one_is_known_to_the_other(self, store: Store, peer: Store) -> None:
        store.put(A, 1)
        store.mark_complete(store.shard_of(A), {A})
        assert peer.complete() == {(store.shard_of(A), set_name({A}))}
