"""Whether a submission fits: what is asked before, and what is said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jughpc.batch import room
from jughpc.batch.clusters import Clusters
from jughpc.batch.pbs import Pbs
from jughpc.batch.scheduler import Bound, Limits, Reply, Resources, Role
from jughpc.batch.slurm import Slurm
from jughpc.errors import SettingError
from jughpc.fs import OsClock

# scontrol -o show assoc_mgr, as 22.05 prints it
ASSOCIATIONS = """Current Association Manager state

Association Records

ClusterName=c Account=root UserName= Partition= Priority=0 ID=1 SharesRaw/Norm/Level/Factor=1/0.50/1/0.00 \
ParentAccount= Lft=1 DefAssoc=No GrpJobs=N(0) GrpSubmitJobs=N(0) MaxJobs= MaxSubmitJobs=
ClusterName=c Account=physics UserName=ada(1000) Partition= Priority=0 ID=3 ParentAccount=root(1) Lft=3 DefAssoc=Yes \
GrpJobs=N(2) GrpSubmitJobs=N(2) MaxJobs= MaxSubmitJobs=100(40)
ClusterName=c Account=biology UserName=ada(1000) Partition= ID=4 DefAssoc=No GrpSubmitJobs=7(0) MaxSubmitJobs=50(1)
ClusterName=c Account=physics UserName=bob(1001) Partition= ID=5 DefAssoc=Yes GrpSubmitJobs=N(2) MaxSubmitJobs=3(2)

QOS Records

QOS=normal(1) GrpJobs=N(0) GrpSubmitJobs=N(0) MaxSubmitJobsPA= MaxSubmitJobsPU= User Limits No Users
QOS=short(2) GrpSubmitJobs=500(9) MaxSubmitJobsPA= MaxSubmitJobsPU=5 User Limits ada MaxSubmitJobsPU=5(1)
"""
TOLD = Reply(("scontrol",), 0, ASSOCIATIONS, "")


def bounds(resources: Resources, **settings: str) -> set[tuple[str, int, int]]:
    found = Slurm().parse_room(TOLD, Limits(settings=settings), "ada", resources)
    return {(bound.name, bound.most, bound.used) for bound in found.bounds}


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        (Resources(), {("MaxSubmitJobs of account physics", 100, 40)}),
        (
            Resources(account="biology"),
            {("MaxSubmitJobs of account biology", 50, 1), ("GrpSubmitJobs of account biology", 7, 0)},
        ),
        (Resources(account="physics", qos="normal"), {("MaxSubmitJobs of account physics", 100, 40)}),
        (
            Resources(qos="short"),
            {
                ("MaxSubmitJobs of account physics", 100, 40),
                ("MaxSubmitJobsPU of QOS short", 5, 0),
                ("GrpSubmitJobs of QOS short", 500, 9),
            },
        ),
    ],
)
def test_bounds_of_the_account_and_the_qos_that_count_are_read(resources, expected):
    assert bounds(resources) == expected


def test_a_system_holds_fewer_jobs_than_its_maximum():
    assert ("what MaxJobCount=10000 of the system lets in", 9999, 0) in bounds(Resources(), MaxJobCount="10000")


def test_what_cannot_be_asked_bounds_nothing():
    refused = Reply(("scontrol",), 1, "", "slurm_load_assoc_mgr_info error: Access/permission denied")
    assert Slurm().parse_room(refused, Limits(), "ada", Resources()).bounds == ()


def of_queue(recorded, name: str, user: str = "ada", server: str = "qstat-server-json"):
    limits = Pbs().parse_limits(recorded(f"openpbs/{server}"))
    return Pbs().parse_room(recorded("openpbs/qstat-queue-own-limits-json"), limits, user, Resources(partition=name))


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
    found = Pbs().parse_room(Reply(("qstat",), 1, "", ""), limits, "ada", Resources())
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
