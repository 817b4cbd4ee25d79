"""Whether a submission fits: what is asked before, and what is said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jughpc.batch import room
from jughpc.batch.clusters import Clusters
from jughpc.batch.pbs import Pbs
from jughpc.batch.scheduler import Bound, Limits, Reply, Resources, Role, Room
from jughpc.batch.slurm import Slurm
from jughpc.errors import SettingError
from jughpc.fs import OsClock

NOTHING = Reply(("scontrol",), 1, "", "slurm_load_assoc_mgr_info error: Access/permission denied")


@pytest.fixture
def bounds(recorded):
    """Return what a controller told, with slurmdbd behind it, as (name, most, used)."""

    def found(resources: Resources, user: str = "ada", **settings: str) -> set[tuple[str, int, int]]:
        replies = (recorded("slurm/scontrol-show-assoc-mgr"), NOTHING, recorded("slurm/sacctmgr-show-qos"))
        told = Slurm().parse_room(replies, Limits(settings=settings), user, resources)
        return {(bound.name, bound.most, bound.used) for bound in told.bounds}

    return found


PHYSICS, BIOLOGY = ("MaxSubmitJobs of account physics", 6, 4), ("MaxSubmitJobs of account biology", 6, 6)
SHORT, EACH = ("GrpSubmitJobs of QOS short", 50, 3), "MaxSubmitJobsPU of QOS short"


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        (Resources(), {PHYSICS}),
        (Resources(account="biology"), {BIOLOGY}),
        (Resources(account="physics", qos="normal"), {PHYSICS}),
        (Resources(qos="short"), {PHYSICS, SHORT, (EACH, 3, 2)}),
    ],
)
def test_bounds_of_the_account_and_the_qos_that_count_are_read(bounds, resources, expected):
    assert bounds(resources) == expected


def test_what_a_qos_lets_each_user_submit_is_known_of_one_who_has_not_used_it(bounds):
    assert bounds(Resources(qos="short"), user="eve") == {SHORT, (EACH, 3, 0)}


@pytest.mark.parametrize(
    ("partition", "seconds"),
    [("short", 300.0), (None, None), ("batch", None), ("short,batch", None), ("nowhere", None)],
)
def test_how_long_a_job_may_run_in_a_partition_is_read(recorded, partition, seconds):
    replies = (NOTHING, recorded("slurm/scontrol-show-partition"))
    assert Slurm().parse_room(replies, Limits(), "ada", Resources(partition=partition)).walltime == seconds


def test_a_system_holds_fewer_jobs_than_its_maximum(bounds):
    assert ("what MaxJobCount=10000 of the system lets in", 9999, 0) in bounds(Resources(), MaxJobCount="10000")


def test_what_cannot_be_asked_bounds_nothing():
    assert Slurm().parse_room((NOTHING, NOTHING), Limits(), "ada", Resources()) == Room()


def of_queue(recorded, name: str, user: str = "ada", server: str = "qstat-server-json"):
    limits = Pbs().parse_limits(recorded(f"openpbs/{server}"))
    return Pbs().parse_room([recorded("openpbs/qstat-queue-own-limits-json")], limits, user, Resources(partition=name))


def test_a_queues_own_limits_are_read(recorded):
    found = of_queue(recorded, "small")
    assert (found.array_size, found.bounds) == (4, (Bound("max_queued of queue small", 6),))


def test_another_queues_limits_are_not_ours(recorded):
    assert of_queue(recorded, "workq").array_size is None


def test_the_servers_limits_count_in_any_queue(recorded):
    found = of_queue(recorded, "workq", server="qstat-server-limits-json")
    assert found.bounds == (Bound("max_queued of the server", 20),)


@pytest.mark.parametrize(
    ("text", "most"),
    [
        ("[u:PBS_GENERIC=20]", [20]),
        ("[u:PBS_GENERIC=20],[u:ada=5]", [5]),
        ("[u:ada=50], [u:PBS_GENERIC=20], [o:PBS_ALL=100]", [50, 100]),
        ("[g:physics=3],[p:x=1]", []),
        ("", []),
        ("nonsense", []),
    ],
)
def test_the_limit_of_a_user_goes_before_that_of_all(text, most):
    limits = Limits(settings={"max_queued": text})
    found = Pbs().parse_room([Reply(("qstat",), 1, "", "")], limits, "ada", Resources())
    assert [bound.most for bound in found.bounds] == most


def told(job, bound: Bound, size: int = 8) -> list[str]:
    lines: list[str] = []
    follower = replace(job, size=1, role=Role.COLLECT)
    room.check([bound], [replace(job, size=size), follower, replace(follower, role=Role.REDUCE)], lines.append)
    return lines


def test_what_can_never_fit_is_refused_with_what_does(job):
    words = r"8 elements and 2 jobs after them do not fit: max is 9\. Ask for --array 7 or less\."
    with pytest.raises(SettingError, match=words):
        told(job, Bound("max", 9))


def test_what_fits_is_said_nothing_of(job):
    assert told(job, Bound("max", 10)) == []


def test_what_fits_later_is_said(job):
    (line,) = told(job, Bound("max", 10, used=4))
    assert "max is 10, and 4 are queued. Now 4 elements would fit; jughpc waits" in line


def test_jobs_that_are_held_back_do_not_count_where_only_waiting_ones_do(job):
    assert told(job, Bound("max", 8, followers=False)) == []
    with pytest.raises(SettingError, match="Ask for --array 7 or less"):
        told(job, Bound("max", 7, followers=False))


def test_a_queue_that_takes_small_arrays_bounds_those_of_a_submission(recorded):
    replies = {"-B": "qstat-server-json", "-Q": "qstat-queue-own-limits-json"}
    clusters = Clusters(OsClock(), lambda scheduler, timeout: lambda argv: recorded(f"openpbs/{replies[argv[1]]}"))
    assert clusters.here("pbs", Resources(partition="small")).limits.array_size == 4
    assert clusters.here("pbs", Resources()).limits.array_size == 10000
    assert clusters.here("pbs").limits.array_size == 10000


def test_how_long_a_job_may_run_in_a_queue_is_read(recorded):
    replies, limits = [recorded("openpbs/qstat-queue-own-limits-json")], Limits()
    found = {
        Pbs().parse_room(replies, limits, "ada", Resources(partition=name)).walltime for name in ("small", "other")
    }
    assert found == {None, 3600.0}


def test_a_collector_asks_for_no_more_time_than_any_job_may_run():
    lines: list[str] = []
    usual = Resources(walltime=1800.0, cpus=1)
    assert room.within(usual, 300.0, lines.append) == Resources(walltime=300.0, cpus=1)
    assert lines == ["room       the collector gets 5m: no job may run longer there"]
    assert [room.within(usual, longest, lines.append) for longest in (None, 1800.0, 7200.0)] == [usual] * 3
    assert len(lines) == 1
