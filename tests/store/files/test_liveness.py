from __future__ import annotations

import dataclasses

import pytest

from jughpc.store import record as records
from jughpc.store.base import Seen
from jughpc.store.files.liveness import Liveness, read_record, record_path
from jughpc.store.record import DIED, ENDED, Record
from jughpc.testing.clocks import HandClock
from jughpc.testing.disk import Disk
from jughpc.testing.simfiles import Client, Orders, SimFiles

LIFE = Record(life="slurm-1-node1-77-0a", host="node1", space="boot-1", pid=77, started=5, user="ada")
CLAIM = "shards/0/shard.claim.1"
TTL, PATIENCE = 180.0, 15.0


def nobody_is_gone(record):
    return False


class World:
    """One life with one claim, and an observer on another host."""

    def __init__(self, is_gone=nobody_is_gone):
        self.clock = HandClock()
        self.disk = disk = Disk(self.clock.now)
        self.orders = Orders()
        self.theirs, self.ours = SimFiles(Client(disk), Orders()), SimFiles(Client(disk), self.orders)
        self.judge = Liveness(self.ours, self.clock, is_gone, TTL, PATIENCE)
        self.record = LIFE
        self.theirs.write(record_path(LIFE.life), [records.encode(LIFE)])
        self.theirs.link(record_path(LIFE.life), CLAIM)

    def beat(self, **changes):
        self.record = dataclasses.replace(self.record, beats=self.record.beats + 1, **changes)
        self.theirs.rewrite(record_path(LIFE.life), records.encode(self.record))

    def wait(self, seconds):
        """Let time pass, with a look now and then, as a waiting worker does; return the last proof."""
        end, proof = self.clock.time + seconds, ""
        while self.clock.time < end:
            self.clock.sleep(min(5.0, end - self.clock.time))
            proof = self.judge.proof(CLAIM)
        return proof

    def reads(self):
        return sum(call == "read" for call, _ in self.orders.calls)


@pytest.fixture
def world():
    return World()


def test_a_life_seen_for_the_first_time_may_live(world):
    assert world.judge.proof(CLAIM) == ""


@pytest.mark.parametrize("state", [DIED, ENDED])
def test_a_record_that_says_so_is_proof_at_once(world, state):
    world.beat(state=state, reason="killed by SIGKILL")
    assert world.judge.proof(CLAIM) == f"its record says that it {state}: killed by SIGKILL"


def test_a_process_gone_from_this_host_is_proof_at_once():
    world = World(is_gone=lambda record: record.pid == LIFE.pid)
    assert world.judge.proof(CLAIM) == "no process 77 on this host any more"


def test_standing_still_for_ttl_while_watched_is_proof(world):
    world.judge.proof(CLAIM)
    assert world.wait(TTL) == ""
    assert world.wait(PATIENCE) != ""


def test_a_record_that_was_read_just_now_proves_as_much_and_is_not_read_again(world):
    proofs = []
    while world.clock.time < TTL + 2 * PATIENCE:
        proofs.append(world.judge.proof(record_path(LIFE.life), Seen(world.record, world.clock.now())))
        world.clock.sleep(PATIENCE)
    assert [bool(proof) for proof in proofs] == [False] * (len(proofs) - 1) + [True]
    assert world.reads() == 0


def test_what_was_asked_for_long_ago_tells_of_then(world):
    asked = world.clock.now()
    assert world.judge.proof(record_path(LIFE.life), Seen(world.record, asked)) == ""
    world.clock.sleep(2 * TTL)
    assert world.judge.proof(record_path(LIFE.life), Seen(world.record, asked)) == ""


def test_the_proof_says_for_how_long(world):
    world.judge.proof(CLAIM)
    world.wait(TTL + PATIENCE)
    assert world.judge.proof(CLAIM) == f"no beat for {TTL + PATIENCE:.0f} s while watched"


def test_a_proof_is_given_again_when_asked_again_at_once(world):
    world.judge.proof(CLAIM)
    assert world.wait(TTL + PATIENCE)
    assert world.judge.proof(CLAIM)


def test_standing_still_unwatched_proves_nothing(world):
    world.clock.sleep(10 * TTL)
    assert world.judge.proof(CLAIM) == ""


def test_a_beat_within_ttl_begins_the_count_anew(world):
    world.judge.proof(CLAIM)
    assert world.wait(TTL - 10) == ""
    world.beat()
    assert world.wait(TTL) == ""
    assert world.wait(2 * PATIENCE) != ""  # the new count was seen by the next look only


def test_no_clock_but_the_observers_own_is_asked(world):
    world.beat(beaten=world.clock.wall() - 1e6, begun=world.clock.wall() + 1e6)
    world.judge.proof(CLAIM)
    for _ in range(50):
        world.beat(beaten=0.0)
        assert world.wait(PATIENCE) == ""


def test_a_slow_reply_does_not_count_as_standing_still():
    """The count may be as young as the reply that told it."""
    world = World()

    class Slow(SimFiles):
        def read(self, path, limit=-1):
            world.clock.sleep(TTL)
            return super().read(path, limit)

    judge = Liveness(Slow(Client(world.disk), Orders()), world.clock, nobody_is_gone, TTL, PATIENCE)
    assert judge.proof(CLAIM) == ""
    world.clock.sleep(PATIENCE)
    assert judge.proof(CLAIM) == ""


def test_a_look_so_soon_after_another_costs_no_read(world):
    world.judge.proof(CLAIM)
    before = world.reads()
    world.clock.sleep(0.5)
    assert world.judge.proof(CLAIM) == ""
    assert world.reads() == before


def test_a_life_watched_for_long_is_read_once_in_the_time_of_patience(world):
    world.judge.proof(CLAIM)
    world.wait(100)
    before = world.reads()
    for _ in range(60):
        world.clock.sleep(1)
        world.judge.proof(CLAIM)
    assert world.reads() - before <= 60 / PATIENCE


def test_all_claims_of_one_life_are_watched_together(world):
    second = "shards/1/shard.claim.1"
    world.theirs.link(record_path(LIFE.life), second)
    world.judge.proof(CLAIM)
    world.wait(TTL + PATIENCE)
    assert "no beat" in world.judge.proof(second)


def test_another_life_under_the_same_name_is_watched_anew(world):
    world.judge.proof(CLAIM)
    world.wait(TTL + PATIENCE)
    heir = dataclasses.replace(LIFE, life="slurm-1-node2-9-1b")
    world.theirs.write(record_path(heir.life), [records.encode(heir)])
    world.theirs.remove(CLAIM)
    world.theirs.link(record_path(heir.life), CLAIM)
    assert world.judge.proof(CLAIM) == ""
    assert world.judge.life(CLAIM) == heir.life


def test_a_claim_that_was_released_proves_nothing(world):
    world.judge.proof(CLAIM)
    world.theirs.remove(CLAIM)
    assert world.wait(2 * TTL) == ""


def test_a_record_that_was_just_being_rewritten_is_read_again(world):
    whole = records.encode(LIFE)

    texts = [whole, whole[:40] + b"0" * (len(whole) - 40)]

    class Rewriting:
        """Who reads from it meets a rewrite the first time."""

        def read(self, path, most):
            return texts.pop()

    assert read_record(Rewriting(), record_path(LIFE.life), LIFE.life) == LIFE


def test_a_torn_text_may_live(world):
    world.theirs.rewrite(CLAIM, b"half a rec")
    assert world.judge.proof(CLAIM) == ""


def test_a_text_that_stays_torn_is_dead_in_the_end(world):
    world.theirs.rewrite(CLAIM, b"half a rec")
    world.judge.proof(CLAIM)
    assert world.wait(TTL) == ""
    assert world.wait(PATIENCE) != ""


def test_a_text_that_was_torn_for_a_moment_is_watched_as_before(world):
    world.judge.proof(CLAIM)
    world.theirs.rewrite(CLAIM, b"half a rec")
    world.wait(TTL - 10)
    world.beat()
    assert world.wait(TTL) == ""


@pytest.mark.parametrize("between", ["whole", "gone"])
def test_a_torn_text_that_was_something_else_meanwhile_is_watched_anew(world, between):
    world.theirs.rewrite(CLAIM, b"half a rec")
    world.judge.proof(CLAIM)
    world.wait(TTL - 10)
    world.theirs.remove(CLAIM)
    if between == "whole":
        world.theirs.write(CLAIM, [records.encode(LIFE)])
    world.wait(PATIENCE)
    world.theirs.remove(CLAIM)
    world.theirs.write(CLAIM, [b"half of another"])
    assert world.wait(PATIENCE) == ""


def test_a_torn_text_that_nobody_looked_at_for_long_is_watched_anew(world):
    """It may be another by now: a name that was released can be made again."""
    world.theirs.rewrite(CLAIM, b"half a rec")
    world.judge.proof(CLAIM)
    world.clock.sleep(2 * TTL)
    assert world.judge.proof(CLAIM) == ""


# where hard links are refused, a claim is a copy, and the record is what beats


@pytest.fixture
def copied():
    world = World()
    world.theirs.remove(CLAIM)
    world.theirs.write(CLAIM, [records.encode(dataclasses.replace(LIFE, copied=True))])
    return world


def test_a_copy_lives_as_long_as_its_record_beats(copied):
    copied.judge.proof(CLAIM)
    for _ in range(30):
        copied.beat()
        assert copied.wait(PATIENCE) == ""


def test_a_copy_whose_record_stands_still_is_dead(copied):
    copied.judge.proof(CLAIM)
    assert copied.wait(TTL + PATIENCE) != ""


def test_a_copy_whose_record_is_gone_is_dead(copied):
    copied.theirs.remove(record_path(LIFE.life))
    assert copied.judge.proof(CLAIM) == "its record is gone"


def test_the_holder_behind_a_copy_is_the_record_that_beats(copied):
    copied.beat(task="primes.is_prime")
    assert copied.judge.holder(CLAIM) == copied.record


def test_there_is_no_holder_behind_a_claim_that_is_gone_or_torn(world):
    world.theirs.rewrite(CLAIM, b"half a rec")
    assert world.judge.holder(CLAIM) is None
    world.theirs.remove(CLAIM)
    assert world.judge.holder(CLAIM) is None


def test_an_observer_of_very_many_lives_forgets_the_first():
    world = World()
    for number in range(5000):
        life = dataclasses.replace(LIFE, life=f"life-{number}")
        world.theirs.write(record_path(life.life), [records.encode(life)])
        world.judge.proof(record_path(life.life))
    assert world.judge.life(record_path("life-0")) == ""
    assert world.judge.life(record_path("life-4999")) == "life-4999"
