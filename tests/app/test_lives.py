"""What each submission did, and what ran where: also after a cleanup."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jughpc.app.status.lives import lives
from jughpc.app.status.nodes import nodes
from jughpc.app.submit.history import history
from jughpc.app.upkeep.claims import cleanup_claims
from jughpc.app.upkeep.garbage import remove_garbage
from jughpc.batch import avoided, ends
from jughpc.batch.scheduler import State
from jughpc.cli.output.nodes import lines


@pytest.fixture
def worked(lab):
    """Return a submission of which one element ended in order, one died, one goes on, and one never began."""
    lab.submission = lab.submit(size=4).submission
    lab.clock.sleep(5)
    did(lab, "node1", 0, done=3).ends()
    did(lab, "node2", 1, done=2).dies("killed by SIGSEGV")
    did(lab, "node1", 2, done=1)
    end = ends.End("slurm:1_3.0", 127, State.FAILED, "setup line 1, `x`: command not found", (), "node3")
    ends.tell(lab.files, ends.path_of(lab.submission, "0-array", 3), end)
    return lab


def did(lab, host, element, **how):
    life = lab.life(host, element, token=lab.submission.token)
    life.record = replace(life.record, beats=life.record.beats + 1, **how)
    lab.store.beat(life.record)
    return life


def told(lab):
    return {one.host: one for one in nodes(lab.site)}


def done(lab):
    return [entry.done for entry in history(lab.site, lab.clusters)]


def test_the_tasks_done_in_each_submission_are_counted_by_its_own_workers(worked):
    worked.life("node9").ends()
    assert done(worked) == [6]


def test_they_are_still_known_when_the_records_of_the_workers_were_cleaned_up(worked):
    cleanup_claims(worked.site, worked.clusters)
    worked.submit(size=1, again=True)
    remove_garbage(worked.site, worked.clusters, 1.0)
    assert not [life for life in worked.store.ended() if life.startswith(worked.submission.token)]
    assert done(worked) == [6, 0]
    cleanup_claims(worked.site, worked.clusters)
    assert done(worked) == [6, 0]


def test_a_life_that_was_kept_before_its_record_was_removed_counts_once(worked):
    path = f"{worked.submission.path}/lives.1.json"
    cleanup_claims(worked.site, worked.clusters)
    worked.files.save(f"{worked.submission.path}/lives.2.json", [worked.files.read(path)])
    assert done(worked) == [6]


@pytest.mark.parametrize("text", [b"", b"[]", b'{"lives": {"hand-x-1-2": ["h", 1, 0, "ended", ""]}}', b'{"lives": 7}'])
def test_what_no_cleanup_wrote_counts_for_nothing(worked, text):
    worked.files.save(f"{worked.submission.path}/lives.1.json", [text])
    assert done(worked) == [6]
    assert len(lives(worked.site)) == 3


def test_nodes_count_lives_that_ended_in_order_those_that_died_and_elements_that_never_began(worked):
    found = told(worked)
    assert (found["node1"].working, found["node1"].ended, found["node1"].done) == (1, 1, 4)
    assert (found["node2"].died, found["node2"].done, found["node2"].reason) == (1, 2, "killed by SIGSEGV")
    assert (found["node3"].unbegun, found["node3"].troubles) == (1, 1)
    assert "command not found" in found["node3"].reason


def test_nodes_are_known_after_a_cleanup_those_with_troubles_first(worked):
    cleanup_claims(worked.site, worked.clusters)
    assert [one.host for one in nodes(worked.site)] == ["node2", "node3", "node1"]
    assert told(worked)["node2"].reason == "killed by SIGSEGV"


def test_a_node_that_is_avoided_is_told_as_such(worked):
    avoided.record(worked.files, worked.submission, {"node3": "why"})
    text = "\n".join(lines(nodes(worked.site)))
    assert "node3  0 workers live, 0 ended in order, 0 tasks done, 0 failed, 0 workers died, 1 that never" in text
    assert "further arrays of submission 1 keep off it" in text
    assert "\n".join(lines([])) == "no worker of this store is known"
