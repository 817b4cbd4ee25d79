"""What every `Store` must do. Subclass these in a test module and give them the fixtures they name."""

from __future__ import annotations

import dataclasses

import pytest

from jughpc.errors import ResultMissingError, UnstorableError
from jughpc.store.base import Claim, Inspection, Store, Swept
from jughpc.store.death import Death
from jughpc.store.failure import Failure
from jughpc.store.files.layout import set_name
from jughpc.store.record import CRASH, UNKNOWN, Record
from jughpc.store.resultfile import encode

A, B, C = (bytes([n]) + bytes(15) for n in (1, 2, 3))  # near each other: of one shard in small stores
FAR = b"\xff" * 16

LIFE = Record(life="life-a", host="node1", space="boot-1", pid=77, started=5, user="ada")
PEER = dataclasses.replace(LIFE, life="life-b", host="node2")

DEATH = Death(A, "life-a", CRASH, "killed by SIGSEGV", "node1", "system:1_2.0", "0a1b2c3d", 2, 1, 7, 1 << 30, 1e9)
FAILURE = Failure(A, "mod.f", "ValueError: no", "Traceback ...\n", "life-a", "node1", "system:1_2.0", 1e9, 2)


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
        assert view.lacking({A, B, FAR}) == {A, FAR}

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

    def test_what_a_life_measured_is_kept_as_it_was_last_told(self, store: Store) -> None:
        assert (store.measured(), store.measures("life-a")) == ([], b"")
        store.keep_measures("life-a", b"a long first word\n")
        store.keep_measures("life-a", b"short\n")
        store.keep_measures("life-b", b"of another\n")
        assert sorted(store.measured()) == ["life-a", "life-b"]
        assert (store.measures("life-a").rstrip(b" "), store.measures("life-b", 2)) == (b"short\n", b"of")
        assert (store.forget_measures(["life-a"]), store.measured()) == (1, ["life-b"])
        store.keep_measures("life-a", b"it goes on\n")
        assert store.measures("life-a").rstrip(b" ") == b"it goes on\n"
        assert store.forget_measures([]) == 0

    def test_the_shards_in_use_hold_all_that_is_there(self, store: Store) -> None:
        store.begin(LIFE)
        assert set(store.shards_in_use()) <= set(range(store.shards))
        store.put(A, 1)
        store.fail(dataclasses.replace(FAILURE, digest=FAR))
        used = store.shards_in_use()
        assert used == sorted(set(used))
        assert {store.shard_of(A), store.shard_of(FAR)} <= set(used)

    def test_a_claim_alone_puts_its_shard_in_use(self, store: Store) -> None:
        _claimed(store, A)
        assert store.shard_of(A) in store.shards_in_use()

    def test_a_task_that_nobody_touched_has_nothing_to_tell(self, store: Store) -> None:
        assert store.inspect(A) == Inspection(done=False, failure=None, claims=())

    def test_an_inspection_tells_of_a_result_and_a_failure(self, store: Store) -> None:
        store.put(B, 1)
        store.fail(FAILURE)
        assert (store.inspect(B).done, store.inspect(B).failure) == (True, None)
        assert (store.inspect(A).done, store.inspect(A).failure) == (False, FAILURE)

    def test_who_claims_a_task_is_on_record_until_the_claim_is_released(self, store: Store) -> None:
        claim = _claimed(store, A)
        assert store.claimant(*claim[:3]) == LIFE
        assert store.claimant(claim.shard, A, claim.generation + 1) is None
        store.claims(LIFE.life).release(claim)
        assert store.claimant(*claim[:3]) is None

    def test_a_removed_claim_is_nobodys(self, store: Store) -> None:
        claim = _claimed(store, A)
        store.remove_claim(*claim[:3])
        assert store.claimant(*claim[:3]) is None
        assert store.claims(LIFE.life).take(claim.shard, A, store.look(claim.shard))[0] is not None

    def test_a_death_is_kept_until_it_is_taken_back(self, store: Store) -> None:
        store.bury(DEATH)
        store.bury(dataclasses.replace(DEATH, life="life-b", when=DEATH.when - 1))
        assert store.look(store.shard_of(A)).deaths == {A: {"life-a", "life-b"}}
        assert [death.life for death in store.deaths(A)] == ["life-b", "life-a"]
        assert store.deaths(A)[1] == DEATH
        store.acquit(A, "life-b")
        store.acquit(A, "life-b")
        assert (store.deaths(A), store.deaths(B)) == ([DEATH], [])

    def test_a_life_dies_of_a_task_once_and_the_last_word_on_it_counts(self, store: Store) -> None:
        store.bury(dataclasses.replace(DEATH, how=UNKNOWN))
        store.bury(DEATH)
        assert store.deaths(A) == [DEATH]

    def test_deaths_outlive_results_failures_and_claims(self, store: Store) -> None:
        claim = _claimed(store, A)
        store.bury(DEATH)
        store.fail(FAILURE)
        store.forget_failures([A])
        store.remove_claim(*claim[:3])
        store.put(A, 1)
        store.remove([A])
        store.sweep(set())
        assert store.deaths(A) == [DEATH]

    def test_deaths_are_forgotten_of_the_tasks_that_are_named_alone(self, store: Store) -> None:
        store.bury(DEATH)
        store.bury(dataclasses.replace(DEATH, digest=B))
        store.forget_deaths([A, FAR])
        assert (store.deaths(A), len(store.deaths(B))) == ([], 1)

    def test_a_death_alone_puts_its_shard_in_use(self, store: Store) -> None:
        store.bury(DEATH)
        assert store.shard_of(A) in store.shards_in_use()

    def test_removing_a_claim_that_is_gone_does_no_harm(self, store: Store) -> None:
        store.remove_claim(store.shard_of(A), A, 7)
        assert store.inspect(A).claims == ()

    def test_there_is_no_proof_that_the_living_are_dead(self, store: Store) -> None:
        claim, observer = _claimed(store, A), store.observer()
        for _ in range(2):
            assert (observer.proof(*claim[:3]), observer.proof_of(LIFE.life)) == ("", "")

    def test_there_is_no_proof_against_a_claim_that_nobody_made(self, store: Store) -> None:
        assert store.observer().proof(store.shard_of(A), A, 1) == ""

    def test_lives_that_ended_well_can_be_forgotten(self, store: Store) -> None:
        store.begin(LIFE)
        assert store.ended() == []
        store.end(LIFE)
        ended = store.ended()
        assert ended in ([], [LIFE.life])
        assert [record.life for record in store.ended_records(ended)] == ended
        assert store.forget_ended(ended) == len(ended)
        assert store.ended() == []

    def test_a_life_that_is_forgotten_is_on_no_record(self, store: Store) -> None:
        store.begin(LIFE)
        store.forget_life(LIFE.life)
        store.forget_life(LIFE.life)
        assert store.records() == []

    def test_marks_can_be_taken_back(self, store: Store) -> None:
        store.put(A, 1)
        store.mark_complete(store.shard_of(A), {A})
        store.unmark_complete(set())
        assert len(store.complete()) == 1
        store.unmark_complete({store.shard_of(A)})
        assert store.complete() == set()

    def test_packing_keeps_every_result(self, store: Store) -> None:
        store.begin(LIFE)
        for digest in (A, B, C):
            store.put(digest, digest.hex())
        assert 0 <= store.pack(store.shard_of(A), LIFE.life) <= 3
        assert [store.get(digest) for digest in (A, B, C)] == [digest.hex() for digest in (A, B, C)]

    def test_a_sweep_of_a_clean_store_removes_nothing(self, store: Store) -> None:
        claim = _claimed(store, A)
        store.put(B, 1)
        assert store.sweep({LIFE.life}) == Swept()
        assert store.claimant(*claim[:3]) == LIFE
        assert store.get(B) == 1

    def test_what_was_saved_can_still_be_used(self, store: Store) -> None:
        store.put(A, 1)
        store.save()
        store.put(B, 2)
        store.save()
        assert (store.get(A), store.get(B)) == (1, 2)

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

    def test_a_task_that_is_done_is_claimed_by_who_claims_such_too(self, store: Store) -> None:
        store.begin(LIFE)
        shard, claims = store.shard_of(A), store.claims(LIFE.life, done_too=True)
        store.put(A, 1)
        claim, fresh = claims.take(shard, A, store.look(shard))
        assert claim is not None
        assert fresh.done == {A}
        claims.release(claim)


def _claimed(store: Store, key: bytes) -> Claim:
    """Begin LIFE and return its claim."""
    store.begin(LIFE)
    shard = store.shard_of(key)
    claim, _ = store.claims(LIFE.life).take(shard, key, store.look(shard))
    assert claim is not None
    return claim
