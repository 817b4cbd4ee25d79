"""Leftovers are told by their names alone, and a name that is nobody's here stays."""

from __future__ import annotations

import pytest

from jughpc.store.files.leftovers import abandoned, set_aside

LIFE = "hand-node1-42-0badcafe"
OTHER = "slurm-7_1-0-node2-43-00c0ffee"
DIGEST = "0" * 32

OF_LIFE = [f"{LIFE}-12345678-3.tmp", f"{LIFE}-merged.tmp", f"{DIGEST}.7.npz.{LIFE}.tmp"]
OF_ANYBODY = [
    "put-12345678-3.tmp", f"{DIGEST}.failure.12345678-3.tmp", f"0f.{'1' * 16}.12345678-3.tmp",
    f"{DIGEST}.7.npz.submit.tmp", f"{DIGEST}.7.npz.submit-0badcafe.tmp", "store.yaml.12345678.tmp",
]  # fmt: skip


@pytest.mark.parametrize("name", OF_LIFE)
def test_what_a_life_was_writing_is_abandoned_once_that_life_is_over(name):
    assert abandoned([name], [OTHER]) == [name]
    assert abandoned([name], [LIFE]) == []


@pytest.mark.parametrize("name", OF_ANYBODY)
def test_what_may_be_anybodys_is_abandoned_once_nobody_lives(name):
    assert abandoned([name], []) == [name]
    assert abandoned([name], [LIFE]) == []


@pytest.mark.parametrize("name", ["notes.tmp", f"{DIGEST}.tmp", ".nfs0001.tmp", f"{LIFE}.tmp.gz", DIGEST])
def test_a_name_that_jughpc_does_not_give_is_left_alone(name):
    assert abandoned([name], []) == []


def test_damaged_files_are_told_from_others():
    ours = [f"{DIGEST}.corrupt", f"{LIFE}-12345678-1.pack.corrupt", f"{LIFE}-merged-1.pack"]
    assert set_aside([*ours, "mine.corrupt", DIGEST]) == ours[:2]
