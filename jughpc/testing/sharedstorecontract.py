"""What every `Store` must do that processes share. Subclass this in a test module and give it the fixtures it names."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest

from jughpc.errors import ResultMissingError
from jughpc.store.base import SHARD, Store
from jughpc.store.believed import broken
from jughpc.store.files.layout import set_name
from jughpc.store.record import CRASH, DIED, TOLD
from jughpc.store.resultfile import encode
from jughpc.testing.storecontract import DEATH, LIFE, PEER, A, B, C

Lose = Callable[[str], None]


class SharedStoreContract:
    """Tests of a store that two processes share; fixtures: `store`, `peer`, the other's, and `lose`.

    Both lives have begun: LIFE by `store`, PEER by `peer`. `lose(kind)` takes "results" or "lives" away behind the
    store's back, all of them.
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
        assert view.superseded(second) == [first.generation]

    @pytest.mark.parametrize(("how", "blamed"), [(CRASH, CRASH), (TOLD, None)])
    def test_who_takes_over_is_told_what_its_forerunner_died_of(
        self, store: Store, peer: Store, how: str, blamed: str | None
    ) -> None:
        shard = store.shard_of(A)
        first, _ = store.claims(LIFE.life).take(shard, A, store.look(shard))
        assert first is not None
        store.beat(dataclasses.replace(LIFE, state=DIED, how=how, digest=A.hex(), reason="killed by SIGSEGV"))
        second, view = peer.claims(PEER.life).take(shard, A, peer.look(shard))
        assert second is not None
        (former,) = view.superseded(second)
        death = peer.death_at(shard, A, former)
        assert (death and (death.how, death.life, death.host)) == (blamed and (blamed, LIFE.life, LIFE.host))

    def test_of_a_claim_on_the_shard_the_task_that_ran_is_blamed(self, store: Store, peer: Store) -> None:
        shard = store.shard_of(A)
        first, _ = store.claims(LIFE.life).take(shard, SHARD, store.look(shard))
        assert first is not None
        store.beat(dataclasses.replace(LIFE, state=DIED, how=CRASH, digest=B.hex()))
        death = peer.death_at(*first[:3])
        assert death is not None
        assert death.digest == B

    def test_what_one_writes_down_of_a_death_the_other_reads(self, store: Store, peer: Store) -> None:
        store.bury(DEATH)
        assert (peer.look(peer.shard_of(A)).deaths, peer.deaths(A)) == ({A: {DEATH.life}}, [DEATH])

    def test_deaths_that_nobody_wrote_down_yet_are_forgotten_too(self, store: Store, peer: Store) -> None:
        shard = store.shard_of(A)
        first, _ = store.claims(LIFE.life).take(shard, A, store.look(shard))
        assert first is not None
        store.beat(dataclasses.replace(LIFE, state=DIED, how=CRASH, digest=A.hex()))
        peer.forget_deaths([A])
        second, view = peer.claims(PEER.life).take(shard, A, peer.look(shard))
        assert second is not None
        assert view.superseded(second) == []

    def test_who_holds_what_covers_a_task_is_known_to_the_other(self, store: Store, peer: Store) -> None:
        shard = store.shard_of(A)
        single, _ = store.claims(LIFE.life).take(shard, A, store.look(shard))
        whole, _ = peer.claims(PEER.life).take(shard, SHARD, peer.look(shard))
        assert dict(peer.inspect(A).claims) == {single: LIFE, whole: PEER}
        assert dict(store.inspect(B).claims) == {whole: PEER}

    def test_a_holder_that_died_is_proven_dead_by_its_own_word(self, store: Store, peer: Store) -> None:
        shard = store.shard_of(A)
        claim, _ = store.claims(LIFE.life).take(shard, A, store.look(shard))
        assert claim is not None
        store.beat(dataclasses.replace(LIFE, state=DIED, reason="killed by SIGKILL"))
        observer = peer.observer()
        assert "died: killed by SIGKILL" in observer.proof(*claim[:3])
        assert "died: killed by SIGKILL" in observer.proof_of(LIFE.life)
        assert observer.proof_of(PEER.life) == ""

    def test_one_removes_the_claim_of_another(self, store: Store, peer: Store) -> None:
        shard = store.shard_of(A)
        claim, _ = store.claims(LIFE.life).take(shard, A, store.look(shard))
        assert claim is not None
        peer.remove_claim(*claim[:3])
        heir, _ = peer.claims(PEER.life).take(shard, A, peer.look(shard))
        assert heir is not None
        store.claims(LIFE.life).release(claim)
        assert peer.claimant(*heir[:3]) == PEER

    def test_a_claim_below_another_is_removed_alone(self, store: Store, peer: Store) -> None:
        shard = store.shard_of(A)
        first, _ = store.claims(LIFE.life).take(shard, A, store.look(shard))
        assert first is not None
        store.beat(dataclasses.replace(LIFE, state=DIED))
        second, _ = peer.claims(PEER.life).take(shard, A, peer.look(shard))
        assert second is not None
        peer.remove_claim(*first[:3])
        assert peer.look(shard).claims[A] == [second.generation]

    def test_both_see_every_life(self, store: Store, peer: Store) -> None:
        assert {record.life for record in peer.records()} == {LIFE.life, PEER.life}

    def test_a_mark_of_one_is_known_to_the_other(self, store: Store, peer: Store) -> None:
        store.put(A, 1)
        store.mark_complete(store.shard_of(A), {A})
        assert peer.complete() == {(store.shard_of(A), set_name({A}))}

    def test_a_mark_whose_results_are_gone_is_taken_back(self, store: Store, peer: Store, lose: Lose) -> None:
        shard, tasks = store.shard_of(A), {A, B}
        store.publish(shard, {digest: encode(1) for digest in tasks}, LIFE.life)
        store.mark_complete(shard, tasks)
        assert broken(peer, {shard: set_name(tasks)}, lambda shard: tasks) == {}
        lose("results")
        found = broken(peer, {shard: set_name(tasks)}, lambda shard: tasks)
        assert found[shard].gone == tasks
        assert (found[shard].view.done, store.complete()) == (set(), set())

    def test_a_result_that_its_owner_removed_is_not_called_gone(self, store: Store, peer: Store) -> None:
        shard = store.shard_of(A)
        store.put(A, 1)
        store.mark_complete(shard, {A})
        marks = dict(peer.complete())
        store.remove([A])
        assert broken(peer, marks, lambda shard: {A})[shard].gone == set()

    def test_a_life_whose_record_is_gone_is_told_so_when_it_claims(self, store: Store, peer: Store, lose: Lose) -> None:
        shard = store.shard_of(A)
        lose("lives")
        with pytest.raises(FileNotFoundError):
            store.claims(LIFE.life).take(shard, A, store.look(shard))
        with pytest.raises(FileNotFoundError):
            store.beat(LIFE)
