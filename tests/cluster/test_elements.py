"""What becomes of elements of real Slurm arrays: split, throttled, out of time, preempted, cancelled, orphaned."""

from __future__ import annotations

from tests.cluster.lab import WAITS
from tests.cluster.together import together


@together(1)
def test_elements_that_meet_their_time_limit_are_told_as_such_and_others_go_on(login):
    login.write_counted(f"if n > 20:\n        {WAITS}")
    login.submit("--array", "2", "--time", "10m")
    login.until_working(2)
    array = login.array()
    for index in (0, 1):
        login.cluster.ask("scontrol", "update", f"JobId={array}_{index}", "EndTime=now")
    login.until(lambda: login.roles() == ["array", "collect", "reduce"] * 2)
    login.until_working(2)
    assert login.reasons("failed") == "met its time limit"
    login.go()
    elements = login.until_reduced()["elements"]
    assert (elements["failed"], elements["done"] + elements["cancelled"]) == (2, 2)


@together(
    1,
    "PreemptType=preempt/partition_prio",
    "PreemptMode=REQUEUE",
    "PartitionName=batch Nodes=node1 Default=YES PriorityTier=1 DefaultTime=60",
    "PartitionName=urgent Nodes=node1 PriorityTier=9 PreemptMode=OFF DefaultTime=60",
)
def test_elements_that_are_preempted_run_again_and_cost_no_further_array(login):
    login.write_counted(WAITS)
    login.submit("--array", "4", "--cpus", "4")
    login.until_working(4)
    wait = f"until [ -e {login.folder}/over ]; do sleep 0.1; done"
    login.cluster.ask("sbatch", "-p", "urgent", "-c", "16", "-o", "/dev/null", "--wrap", wait)
    login.until(lambda: login.submission()["elements"]["queued"] == 4)
    (login.folder / "over").touch()
    login.until(lambda: len(login.queue("%F|%K|%T|%j", "RUNNING")) == 4)
    login.go()
    elements = login.until_reduced()["elements"]
    assert elements["done"] + elements["cancelled"] == 4
    assert login.roles() == ["array", "collect", "reduce"]


@together(1)
def test_an_element_whose_step_daemon_is_killed_goes_on_and_the_reduce_comes(login):
    login.write_counted(WAITS)
    login.submit("--array", "2")
    login.until_working(2)
    daemons = login.cluster.pids("node1", "slurmstepd: [")
    login.cluster.node("exec", "node1", "kill", "-KILL", daemons[0])
    login.until(lambda: daemons[0] not in login.cluster.pids("node1", "slurmstepd: ["))
    login.go()
    login.until(lambda: login.status()["tasks"]["complete"] == 99)
    login.cluster.ask("scontrol", "reconfigure")  # as an administrator does: nodes tell what runs on them
    login.until_reduced()
    assert len(login.runs()) == 99, "none ran twice"


@together(2)
def test_a_node_where_setup_fails_is_named_and_the_others_do_the_work(login):
    login.write_counted("pass")
    first = 'ln -s "$HOSTNAME" broken 2>/dev/null; host=$(readlink broken)'  # where an element started first
    fine = '[ "$HOSTNAME" != "$host" ] || [ ! "$SLURM_ARRAY_TASK_ID" ]'
    fail = "{ until ls runs/*; do sleep 0.1; done; false; }"  # once the other works, which has a node of its own so
    login.submit("--array", "2", "--cpus", "9", "--setup", first, "--setup", f"{fine} || {fail}")
    submission = login.until_reduced()
    assert (submission["elements"]["failed"], submission["elements"]["done"]) == (1, 1)
    assert "setup line 2" in login.reasons("failed")
    assert login.roles() == ["array", "collect", "reduce"]


@together(1, "MaxArraySize=4")
def test_a_large_array_is_split_and_its_parts_share_the_throttle(login):
    login.write_counted(WAITS)
    login.submit("--array", "10", "--throttle", "3")
    login.until_working(3)
    assert login.roles() == ["array", "array", "array", "collect", "reduce"]
    assert [job["size"] for job in login.jobs()[:3]] == [4, 3, 3]
    elements = login.submission()["elements"]
    assert (elements["running"], elements["queued"]) == (3, 7)
    assert len({pid for _, _, pid in login.runs()}) == 3
    login.go()
    elements = login.until_reduced()["elements"]
    assert elements["done"] + elements["cancelled"] == 10


@together(1, "MaxJobCount=5")
def test_an_array_that_the_system_can_never_hold_is_refused_at_once_with_what_fits_and_that_fits(login):
    login.write_counted("pass")
    told = login.submit("--array", "8", code=2)
    assert "MaxJobCount=5" in told
    assert "Ask for --array 2 or less." in told
    login.submit("--array", "2")
    login.until_reduced()


@together(1)
def test_an_element_that_is_cancelled_by_hand_is_not_replaced(login):
    login.write_counted(WAITS)
    login.submit("--array", "4")
    login.until_working(4)
    login.cluster.ask("scancel", f"{login.array()}_1")
    login.until(lambda: login.submission()["elements"]["cancelled"] == 1)
    assert login.reasons("cancelled") == "was cancelled"
    login.go()
    elements = login.until_reduced()["elements"]
    assert (elements["done"], elements["cancelled"]) == (3, 1)
    assert login.roles() == ["array", "collect", "reduce"]


@together(1)
def test_an_array_that_is_cancelled_by_hand_stays_so_until_it_is_submitted_again(login):
    login.write_counted(WAITS)
    login.submit("--array", "3")
    login.until_working(3)
    login.cluster.ask("scancel", login.array())
    login.until_empty()
    assert "3 elements were cancelled by hand" in login.log("collect")
    assert "`jughpc resubmit` goes on" in login.log("collect")
    told = login.jughpc("status", code=1)
    assert "3 cancelled" in told
    assert login.output() == ""
    login.go()
    assert "array" in login.jughpc("resubmit")
    login.until_reduced()


@together(2)
def test_options_behind_two_hyphens_hold_for_the_array_alone(login):
    login.write_counted(WAITS)
    login.submit("--array", "2", "--", "--comment=mine", "--nodelist=node2")
    login.until_working(2)
    told = login.cluster.ask("squeue", "-h", "-r", "-o", "%F|%k")
    comments = dict(row.split("|") for row in told.splitlines())
    ids = {job["role"]: job["id"] for job in login.jobs()}
    assert comments[ids["array"]] == "mine"
    assert comments[ids["collect"]] == comments[ids["reduce"]] == "(null)"
    login.go()
    login.until_reduced()
    assert {host for _, host, _ in login.runs()} == {"node2"}
