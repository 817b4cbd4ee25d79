"""What systems tell of their partitions, and the profile that is made of it."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from jughpc.app.doctor.survey import Survey, survey
from jughpc.batch import accounts
from jughpc.batch.accounts import Account
from jughpc.batch.clusters import Clusters
from jughpc.batch.partitions import Partition
from jughpc.batch.pbs import Pbs
from jughpc.batch.scheduler import Limits, Reply
from jughpc.batch.slurm import Slurm
from jughpc.cli.output.profile import ordered, pattern, text
from jughpc.config.fit import fitted
from jughpc.config.layers import load
from jughpc.errors import CommandTimeoutError
from jughpc.fs import OsClock

HOUR, DAY = 3600.0, 86400.0


def test_slurm_tells_which_partitions_are_for_whom_and_how_long(recorded):
    assert Slurm().parse_partitions(recorded("slurm/scontrol-show-partition"), Limits()) == [
        Partition("batch", is_default=True, usual=HOUR),
        Partition("short", longest=300.0, usual=60.0),
        Partition("whole", longest=2 * DAY, has_whole_nodes=True),
        Partition("drained", is_open=False),
        Partition("others", is_open=False),
    ]


def test_pbs_tells_which_queues_there_are(recorded):
    limits = Limits(settings={"default_queue": "workq"})
    assert Pbs().parse_partitions(recorded("openpbs/qstat-queue-all-json"), limits) == [
        Partition("workq", is_default=True),
        Partition("stopped", is_open=False),
        Partition("closed", is_open=False),
        Partition("limited"),
        Partition("small", longest=HOUR, usual=20 * 60.0, array_size=4),
    ]


def test_what_only_some_jobs_fit_comes_first_and_whole_nodes_come_last():
    found = [
        Partition("whole", longest=HOUR, has_whole_nodes=True), Partition("long"), Partition("batch", is_default=True),
        Partition("short", longest=HOUR), Partition("gpu", longest=DAY, has_gpus=True),
    ]  # fmt: skip
    assert [one.name for one in ordered(found)] == ["gpu", "short", "batch", "long", "whole"]


def test_slurm_tells_whom_a_user_may_charge_and_with_which_qos(recorded):
    assert list(accounts.read(recorded("slurm/sacctmgr-show-user"))) == [
        Account("biology", partition="short", qos=("normal",)),
        Account("biology", qos=("long", "normal")),
        Account("physics", is_default=True, qos=("high", "normal"), usual_qos="normal"),
    ]
    assert recorded("slurm/sacctmgr-show-user").argv == tuple(accounts.command(Slurm(), "ada"))
    assert list(accounts.read(recorded("slurm/sacctmgr-show-user-unknown"))) == []


@pytest.mark.parametrize("line", ["Welcome!", "a|b|c", "||||", "a|b\x1b|||", f"a|{'b' * 2000}|||"])
def test_a_line_that_tells_of_no_account_is_left_out(line):
    assert list(accounts.read(Reply(("sacctmgr",), 0, f"{line}\nphysics|physics||normal|\n", ""))) == [
        Account("physics", is_default=True, qos=("normal",))
    ]


@pytest.mark.parametrize(("host", "found"), [("login12", "login*"), ("l1.alps2.ch", "l*.alps*.ch"), ("daint", "daint")])
def test_hosts_like_this_one_differ_in_numbers(host, found):
    assert pattern(host) == found


TOLD = Survey(
    "slurm",
    "login12.alps",
    Limits(1001),
    (
        Partition("batch", is_default=True, longest=DAY, usual=HOUR),
        Partition("short", longest=HOUR),
        Partition("gpu", longest=DAY, has_gpus=True),
        Partition("secret", is_open=False),
    ),
)


def profile(tmp_path, told, **given):
    """Return the settings where the profile holds that is made of what was told."""
    (tmp_path / "site").write_text("\n".join(text(told, "")))
    return load(tmp_path, tmp_path, {}, given, site=tmp_path / "site", here="login3.alps")


def test_what_is_made_of_it_is_a_profile_that_holds_on_hosts_like_this_one(tmp_path):
    found = profile(tmp_path, TOLD)
    assert (found.profile, found.scheduler, found.limit_array, found.limit_time) == ("login", "slurm", None, DAY)
    assert found.shown("partitions") == "gpu:gpus>=1,time<=1d | short:time<=1h | batch:time<=1d"
    assert fitted(profile(tmp_path, TOLD, time="2h"), 4).partition == "batch"
    assert "# closed, or not for everybody: secret" in "\n".join(text(TOLD, ""))


def test_each_key_says_why_and_each_line_fits_a_terminal():
    lines = list(text(TOLD, "alps"))
    assert [line for line in lines if len(line) > 80] == []
    assert [line for line in lines if line.startswith("    ") and "- " not in line and "#" not in line] == []


def test_accounts_and_qos_are_comments_each_with_its_reason_where_one_account_is_the_default(recorded, tmp_path):
    told = replace(TOLD, accounts=tuple(accounts.read(recorded("slurm/sacctmgr-show-user"))))
    lines = [line.strip() for line in text(told, "") if "account:" in line or "qos:" in line]
    assert [re.split("  +# ", line) for line in lines] == [
        ["# account: physics", "charged where none is named"],
        ["# account: biology", "may be charged, too"],
        ["# qos: normal", "what jobs of physics get that name none"],
        ["# qos: long", "biology may ask for it"],
        ["# qos: high", "physics may ask for it"],
    ]
    assert (profile(tmp_path, told).account, profile(tmp_path, told).qos) == (None, None)


def test_an_account_is_named_where_none_is_the_default_and_of_many_only_some_are(tmp_path):
    told = replace(TOLD, accounts=tuple(Account(f"a{n}", qos=(f"q{n}",)) for n in range(20)))
    assert profile(tmp_path, told).account == "a0"
    assert "    # and 24 more accounts and QOS" in list(text(told, ""))


def test_where_all_partitions_give_whole_nodes_there_is_a_worker_for_each_core(tmp_path):
    told = Survey("slurm", "login1.alps", Limits(), (Partition("normal", is_default=True, has_whole_nodes=True),))
    assert profile(tmp_path, told).workers == 0


def asked(reply):
    """Return what a survey makes of an answer to the question for partitions."""

    def run(argv):
        if "partition" in argv:
            return reply(argv)
        if "user" in argv:
            return Reply(tuple(argv), 0, "physics|physics||normal|\n", "")
        return Reply(tuple(argv), 0, "MaxArraySize = 1001\n", "")

    return survey(Clusters(OsClock(), runner=lambda scheduler, timeout: run, find=lambda name: name), "slurm")


def test_the_system_is_asked_for_partitions_and_limits(recorded):
    found = asked(lambda argv: recorded("slurm/scontrol-show-partition"))
    assert (found.scheduler, found.limits.array_size, len(found.partitions), found.trouble) == ("slurm", 1001, 5, "")
    assert found.accounts == (Account("physics", is_default=True, qos=("normal",)),)


def test_a_system_that_tells_nothing_is_told_of_in_the_profile():
    found = asked(lambda argv: Reply(tuple(argv), 1, "", "slurm_load_partitions: Unable to contact\nslurm controller"))
    words = "scontrol told of no partition: slurm_load_partitions: Unable to contact slurm controller"
    assert f"    # {words}" in list(text(found, ""))


def test_a_system_that_does_not_answer_is_told_of_too():
    def silent(argv):
        raise CommandTimeoutError(argv, 1.0)

    assert asked(silent).trouble
