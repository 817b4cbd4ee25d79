"""The doctor on a real Slurm cluster: two hosts try together what jughpc relies on."""

from __future__ import annotations

import json

import pytest
import yaml


@pytest.fixture
def found(user, cluster):
    """Return the facts that the doctor finds with two elements on nodes of their own, by topic."""
    login = user(cluster.env)
    told = login.jughpc("doctor", "--array", "2", "--json", "--jugdir", "primes.jugdata", "--", "--exclusive")
    assert not list(login.folder.glob("**/.jughpc-doctor*")), "it leaves nothing behind"
    return {finding["topic"]: finding for finding in json.loads(told)}


def test_two_nodes_meet_in_the_folder_and_each_promise_holds(found):
    assert found["second host"]["verdict"] == "ok"
    assert found["second host"]["fact"].count("node") == 2
    assert [found[topic]["verdict"] for topic in ("claims", "news", "clocks")] == ["ok"] * 3
    assert found["scheduler"]["fact"].startswith("slurm: SLURM_VERSION")


def test_a_profile_is_made_of_what_the_cluster_tells(user, cluster):
    told = yaml.safe_load(user(cluster.env).run("profile", "init", "lab").stdout)
    assert told["profiles"]["lab"]["partitions"] == ["short:time<=5m", "batch"]
    assert told["profiles"]["lab"]["scheduler"] == "slurm"
