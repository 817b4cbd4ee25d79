"""Claims are freed by proof, each of which is told, and nobody else's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jughpc.app.upkeep import claims
from jughpc.app.upkeep.claims import cleanup_claims
from jughpc.errors import JugdirError
from jughpc.store.base import SHARD

TTL = 180.0


def cleaned(lab, **how):
    """Return proof and removal by the host that held the claim."""
    rows = cleanup_claims(lab.site, lab.clusters, **how)
    return {row.holder.host if row.holder else "": (row.proof, row.removed) for row in rows}


def test_without_a_store_there_is_nothing_to_free(lab):
    with pytest.raises(JugdirError, match="nothing is held"):
        cleanup_claims(lab.site, lab.clusters)


def test_the_claim_of_who_wrote_down_its_death_is_removed_with_its_record(lab):
    lab.begin().life().claim(lab.digests("single")[0]).dies("killed by SIGKILL")
    ((proof, removed),) = cleaned(lab).values()
    assert "killed by SIGKILL" in proof
    assert removed
    assert lab.claimed() == set()
    assert lab.store.records() == []


def test_the_claim_of_the_living_stays_and_is_listed(lab):
    digest = lab.begin().digests("single")[0]
    lab.life().claim(digest)
    assert cleaned(lab) == {"node1": ("", False)}
    assert lab.claimed() == {digest}
    assert len(lab.store.records()) == 1


def test_only_the_dead_lose_their_claims(lab):
    one, two = lab.begin().digests("single")[:2]
    lab.life("node1").claim(one).dies()
    lab.life("node2").claim(two)
    assert {host: removed for host, (_, removed) in cleaned(lab).items()} == {"node1": True, "node2": False}
    assert lab.claimed() == {two}
    assert [record.host for record in lab.store.records()] == ["node2"]


def test_who_is_silent_is_not_dead_at_a_glance(lab):
    lab.begin().life().claim(lab.digests("single")[0]).falls_silent()
    assert cleaned(lab) == {"node1": ("", False)}


def test_who_stands_still_while_watched_is_dead_and_nobody_waits_longer_than_it_takes(lab):
    lab.begin().life().claim(lab.digests("single")[0]).falls_silent()
    ((proof, removed),) = cleaned(lab, wait=True).values()
    assert proof
    assert removed
    assert TTL <= lab.clock.now() < TTL + 20  # the longest pause, and the looks before it


def test_who_beats_while_watched_stays_and_watching_has_an_end(lab):
    lab.begin().life().claim(lab.digests("single")[0])
    assert cleaned(lab, wait=True) == {"node1": ("", False)}
    assert TTL + 15 <= lab.clock.now() < TTL + 20


def test_of_the_living_and_the_silent_only_the_silent_lose_when_watched(lab):
    one, two = lab.begin().digests("single")[:2]
    lab.life("node1").claim(one).falls_silent()
    lab.life("node2").claim(two)
    assert {host: removed for host, (_, removed) in cleaned(lab, wait=True).items()} == {"node1": True, "node2": False}


def test_where_all_is_proved_nobody_is_watched(lab):
    lab.begin().life().claim(lab.digests("single")[0]).dies()
    cleaned(lab, wait=True)
    assert lab.clock.now() == 0


def test_a_process_that_this_host_knows_to_be_gone_is_proof(lab):
    life = lab.begin().life().claim(lab.digests("single")[0])
    lab.location.gone.add(life.record.life)
    assert cleaned(lab)["node1"][1]


def test_force_removes_the_claims_of_the_living_at_once(lab):
    one, two = lab.begin().digests("single")[:2]
    lab.life("node1").claim(one)
    lab.life("node2").claim(two).falls_silent()
    assert {removed for _, removed in cleaned(lab, force=True, wait=True).values()} == {True}
    assert (lab.claimed(), lab.clock.now()) == (set(), 0)


def test_the_scheduler_is_proof_for_elements_that_it_says_are_over_and_for_no_others(lab):
    token = lab.submit(size=2).submission.token
    lab.clock.sleep(5)
    for element, digest in enumerate(lab.digests("single")[:2]):
        lab.life(f"node{element}", element, token=token).claim(digest)
    lab.exit(1, 0)
    lab.clock.sleep(5)
    found = cleaned(lab)
    assert "scheduler" in found["node0"][0]
    assert (found["node0"][1], found["node1"]) == (True, ("", False))
    assert [record.host for record in lab.store.records()] == ["node1"]


def test_a_scheduler_that_does_not_answer_proves_nothing(lab):
    token = lab.submit(size=1).submission.token
    lab.life("node0", 0, token=token).claim(lab.digests("single")[0])
    lab.deaf = True
    assert cleaned(lab) == {"node0": ("", False)}


def test_a_claim_that_another_has_by_now_is_not_removed(lab):
    digest = lab.begin().digests("single")[0]
    dead = lab.life("node1").claim(digest).dies()
    (row,) = (row for row in claims._find(lab.site, lab.store))
    judged = replace(row, holder=dead.record, proof="is dead")
    lab.store.remove_claim(row.shard, row.key, row.generation)  # a cleanup elsewhere was faster
    lab.life("node2").claim(digest)
    after = claims._removed(lab.store, judged)
    assert (after.removed, after.proof, after.holder.host) == (False, "", "node2")
    assert lab.claimed() == {digest}


def test_a_claim_on_a_shard_and_one_on_a_task_are_told_apart_in_words(lab):
    digest = lab.begin().digests("double")[1]
    lab.life().claim(digest).claim(SHARD)
    words = {row.key: row.task for row in cleanup_claims(lab.site, lab.clusters)}
    assert words[digest] == f"sums.double {digest.hex()[:8]}"
    assert "shard" in words[SHARD]


def test_a_task_that_no_manifest_knows_is_told_by_its_digest(lab):
    lab.begin().life().claim(b"x" * 16)
    (row,) = cleanup_claims(lab.site, lab.clusters)
    assert row.task == (b"x" * 16).hex()


def test_where_no_manifest_was_kept_tasks_are_told_by_their_digests(lab):
    lab.site.make(1)
    lab.life().claim(b"x" * 16)
    (row,) = cleanup_claims(lab.site, lab.clusters)
    assert row.task == (b"x" * 16).hex()
