"""What the last record of a worker tells of a task, and how that is kept."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from jughpc.store.base import SHARD
from jughpc.store.death import LARGEST, Death, decode, encode, of_holder
from jughpc.store.record import ALIVE, CRASH, DIED, ENDED, MEMORY, TIME, TOLD, UNKNOWN, Record

TASK, OTHER = b"t" * 16, b"o" * 16
DEAD = Record(
    life="life", host="node1", space="s", pid=7, started=1, user="ada", owner="slurm:1_2.0", submission="0a1b2c3d",
    element=2, run=1, state=DIED, reason="it died", how=CRASH, digest=TASK.hex(),
)  # fmt: skip
DEATH = Death(TASK, "life", CRASH, "it died", "node1", "slurm:1_2.0", "0a1b2c3d", 2, 1, 5, 1 << 20, 77.0)


def test_a_death_tells_who_died_where_how_and_when():
    record = replace(DEAD, done=3, failed=2, memory=1 << 20, beaten=77.0)
    assert of_holder(record, TASK) == DEATH


@pytest.mark.parametrize(
    ("change", "key", "blamed"),
    [
        ({}, TASK, TASK), ({}, SHARD, TASK), ({}, OTHER, None), ({"digest": ""}, TASK, None),
        ({"digest": ""}, SHARD, None), ({"state": ENDED}, TASK, None), ({"state": ALIVE, "how": ""}, OTHER, OTHER),
        ({"state": ALIVE, "how": ""}, SHARD, None), ({"state": ALIVE, "how": TOLD}, OTHER, None),
        ({"state": ALIVE, "how": TIME}, TASK, TASK), ({"state": ALIVE, "how": TIME, "done": 1}, TASK, None),
        ({"how": TIME}, TASK, TASK), ({"how": TIME, "failed": 1}, TASK, None), ({"how": TOLD}, TASK, None),
        ({"how": MEMORY, "done": 1}, TASK, TASK), ({"how": UNKNOWN}, TASK, TASK), ({"how": ""}, TASK, TASK),
        ({"how": "later"}, TASK, None),
    ],
)  # fmt: skip
def test_who_is_blamed(change, key, blamed):
    found = of_holder(replace(DEAD, **change), key)
    assert (found and found.digest) == blamed


def test_what_an_older_program_wrote_of_a_death_is_a_death_of_unknown_kind():
    death = of_holder(replace(DEAD, how=""), TASK)
    assert (death.how, death.words) == (UNKNOWN, "it died")


def test_what_is_kept_can_be_read_back():
    assert decode(encode(DEATH), TASK, "life") == DEATH
    assert len(encode(replace(DEATH, words="w" * 200, host="h" * 200, owner="o" * 200))) < LARGEST


@pytest.mark.parametrize(
    "data",
    [
        b"", b"{", b"[]", b"null", b"[" * LARGEST, encode(DEATH)[:-9], b"\xff" * 9, b'{"how": ["crash"]}',
        *[json.dumps(json.loads(encode(DEATH)) | change).encode() for change in (
            {"how": TOLD}, {"how": 7}, {"host": "\x1b[2J"}, {"host": None}, {"element": "4"}, {"element": -2},
            {"when": float("nan")}, {"when": "now"}, {"memory": True}, {"memory": 1.5}, {"words": "w" * 201},
        )],
    ],
)  # fmt: skip
def test_of_damaged_data_it_is_known_who_died_of_what_by_the_files_name_alone(data):
    death = decode(data, OTHER, "who")
    assert (death.digest, death.life, death.how, death.host) == (OTHER, "who", UNKNOWN, "")


def test_what_a_later_program_adds_is_passed_over_and_the_files_name_counts():
    fields = json.loads(encode(DEATH)) | {"colour": "red", "digest": "../x", "life": "other"}
    assert decode(json.dumps(fields).encode(), TASK, "life") == DEATH


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, "it died, with 1 MiB in use; on node1 (slurm:1_2.0, element 2)"),
        ({"owner": "", "submission": "", "memory": 0}, "it died; on node1 (by hand)"),
        ({"words": "", "host": "", "memory": 0}, "nobody knows how; on an unknown host (slurm:1_2.0, element 2)"),
    ],
)
def test_a_death_in_words(change, words):
    assert str(replace(DEATH, **change)) == words
