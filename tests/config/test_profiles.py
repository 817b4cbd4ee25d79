"""Site profiles: which of them holds, what it goes before, and what administrators lock."""

from __future__ import annotations

from pathlib import Path

import pytest

from jughpc.config.files import read_yaml
from jughpc.config.fit import fitted
from jughpc.config.layers import load
from jughpc.errors import SettingError

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"

PROFILES = """
time: 1h
profiles:
  alps:
    hosts: ["login*.alps", daint]
    partition: normal
    time: 2h
  gpus:
    partition: gpu
    gpus: 1
"""


@pytest.fixture
def place(tmp_path):
    (tmp_path / "home" / ".config").mkdir(parents=True)
    (tmp_path / "repo").mkdir()
    return tmp_path


def settings(place, given=None, here="laptop", **environ):
    return load(place / "repo", place / "home", environ, given or {}, site=place / "site.yaml", here=here)


def write(place, text, name="site.yaml"):
    (place / name).write_text(text)


@pytest.mark.parametrize("here", ["login2.alps", "daint", "daint.somewhere.ch"])
def test_the_profile_holds_whose_hosts_this_one_is_among(place, here):
    write(place, PROFILES)
    found = settings(place, here=here)
    assert (found.profile, found.partition, found.time) == ("alps", "normal", 7200.0)
    assert found.origin("partition") == f"{place}/site.yaml, profile alps"
    assert found.origin("profile") == f"{place}/site.yaml, by the name of {here}"


def test_elsewhere_no_profile_holds(place):
    write(place, PROFILES)
    found = settings(place)
    assert (found.profile, found.partition, found.time) == (None, None, 3600.0)


@pytest.mark.parametrize("how", ["given", "environment", "file"])
def test_a_profile_that_is_named_holds_whatever_host_this_is(place, how):
    write(place, PROFILES)
    write(place, "profile: gpus\n" if how == "file" else "", "repo/jughpc.yaml")
    environ = {"JUGHPC_PROFILE": "gpus"} if how == "environment" else {}
    found = settings(place, {"profile": "gpus"} if how == "given" else {}, here="daint", **environ)
    assert (found.profile, found.partition, found.gpus, found.time) == ("gpus", "gpu", 1, 3600.0)


def test_none_is_no_profile(place):
    write(place, PROFILES)
    assert settings(place, {"profile": "none"}, here="daint").partition is None


def test_files_above_go_before_a_profile_and_may_add_to_it(place):
    write(place, PROFILES)
    write(place, "profiles:\n  alps:\n    qos: long\n", "home/.config/jughpc.yaml")
    write(place, "time: 3h\n", "repo/jughpc.yaml")
    found = settings(place, here="daint")
    assert (found.partition, found.qos, found.time) == ("normal", "long", 3 * 3600.0)


def test_the_highest_file_that_knows_the_host_chooses(place):
    write(place, PROFILES)
    write(place, "profiles:\n  mine:\n    hosts: daint\n    partition: own\n", "home/.config/jughpc.yaml")
    assert settings(place, here="daint").partition == "own"


def test_a_profile_that_is_nowhere_is_told_with_those_that_are(place):
    write(place, PROFILES)
    with pytest.raises(SettingError, match="command line: --profile: there is no profile 'gpu'; there are alps, gpus"):
        settings(place, {"profile": "gpu"})


def test_a_job_on_a_node_that_lacks_the_file_goes_on_without(place):
    assert settings(place, JUGHPC_PROFILE="alps", JUGHPC_END="x").partition is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("profiles: 3", "profiles must hold a name a line"),
        ("profiles: [a]", "profiles must hold a name a line"),
        ("profiles: {a: b}", "profiles must hold a name a line"),
        ("profiles: {}", "profiles must hold a name a line"),
        ("profiles: {a: {hosts: {b: c}}}", "hosts: a mapping says nothing here"),
        ("profiles: {a: {hosts: laptop, tiem: 2h}}", "site.yaml, profile a: there is no setting 'tiem'"),
        ("profiles: {a: {hosts: laptop, time: soon}}", "site.yaml, profile a: time: 'soon' is no time"),
        ("locked: [acount]", "locked: there is no setting 'acount'; did you mean account"),
    ],
)
def test_what_is_wrong_in_a_profile_is_told_with_its_place(place, text, words):
    write(place, text)
    with pytest.raises(SettingError, match=words):
        settings(place)


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_an_example_holds_where_it_is_named_and_says_how_jobs_are_run(place, path):
    (name,) = read_yaml(path).profiles
    write(place, path.read_text())
    found = settings(place, {"profile": name})
    assert (found.profile, bool(found.time), found.scheduler in ("slurm", "pbs")) == (name, True, True)
    fitted(found, 2)


def test_there_are_seven_examples():
    assert len(list(EXAMPLES.glob("*.yaml"))) == 7


# what administrators lock

LOCKING = "account: physics\nlocked: [account, qos]\nprofiles:\n  alps:\n    partition: normal\n    locked: partition\n"


@pytest.mark.parametrize("name", ["account", "qos"])
@pytest.mark.parametrize("how", ["given", "environment", "file"])
def test_nobody_else_says_what_is_locked(place, name, how):
    write(place, LOCKING)
    write(place, f"{name}: mine\n" if how == "file" else "", "home/.config/jughpc.yaml")
    environ = {f"JUGHPC_{name.upper()}": "mine"} if how == "environment" else {}
    with pytest.raises(SettingError, match=f"{name} is .* {place}/site.yaml, which locks it; leave it out"):
        settings(place, {name: "mine"} if how == "given" else {}, **environ)


def test_who_says_the_same_as_is_locked_does_no_harm(place):
    write(place, LOCKING)
    assert settings(place, {"account": "physics"}).account == "physics"


def test_what_a_profile_locks_is_locked_where_it_holds(place):
    write(place, LOCKING)
    assert settings(place, {"partition": "own"}).partition == "own"
    with pytest.raises(SettingError, match="--partition: partition is normal in "):
        settings(place, {"partition": "own", "profile": "alps"})


def test_only_the_administrators_file_can_lock(place):
    write(place, "locked: time\n", "home/.config/jughpc.yaml")
    with pytest.raises(SettingError, match=f"only {place}/site.yaml can lock settings"):
        settings(place)
