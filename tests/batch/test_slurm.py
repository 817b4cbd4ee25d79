"""What is said to Slurm, and what a real Slurm 22.05 answered."""

from dataclasses import replace
from pathlib import Path

import pytest

from jughpc.batch.scheduler import Condition, Dependency, ElementId, Refusal, Reply, Resources, Role
from jughpc.batch.slurm import Slurm
from jughpc.errors import SchedulerError, SettingError, SubmitError

SLURM = Slurm()
DATA = Path(__file__).parent.parent / "data" / "slurm"


def answer(text: str) -> Reply:
    return Reply(("squeue",), 0, text, "")


def test_what_the_environment_could_override_is_on_the_command_line(job):
    command = SLURM.submit_command(replace(job, throttle=3))
    assert command == [
        "sbatch",
        "--parsable",
        "--job-name=primes-1a2b-0",
        "--output=/shared/run/logs/array-%a.log",
        "--open-mode=append",
        "--chdir=/shared/run",
        "--nodes=1",
        "--ntasks=1",
        "--requeue",
        "--array=0-7%3",
        "/shared/run/0-array.sh",
    ]


def test_resources_are_asked_for_in_units_that_leave_no_doubt(job):
    wanted = Resources(5400, 4 << 30, 2, 1, "long", "physics", "high")
    assert set(SLURM.submit_command(replace(job, resources=wanted))) >= {
        "--time=01:30:00",
        "--mem=4096M",
        "--cpus-per-task=2",
        "--gres=gpu:1",
        "--partition=long",
        "--account=physics",
        "--qos=high",
    }


def test_one_element_is_a_plain_job(job):
    assert not [word for word in SLURM.submit_command(replace(job, size=1)) if word.startswith("--array")]


def test_a_dependency_names_jobs_without_their_cluster(job):
    after = Dependency(Condition.AFTER_ANY, ("12;big", "13"))
    assert "--dependency=afterany:12:13" in SLURM.submit_command(replace(job, depends_on=after))


def test_raw_options_come_last_so_that_they_win(job):
    command = SLURM.submit_command(replace(job, extra=("--nice=10",)))
    assert command[-2:] == ["--nice=10", "/shared/run/0-array.sh"]


@pytest.mark.parametrize(
    ("name", "job"),
    [
        ("parsable-array", "1"),
        ("parsable-plain", "8"),
        ("parsable-cluster", "9;private"),
        ("plain", "6"),
        ("plain-cluster", "10;private"),
        ("parsable-warning", "12"),
        ("job-count-waited-then-accepted", "12"),
    ],
)
def test_the_id_of_an_accepted_job_is_read(recorded, name, job):
    assert SLURM.parse_submit(recorded(f"slurm/sbatch-{name}")) == job


def test_the_id_is_found_below_the_banner_of_a_wrapper():
    assert SLURM.parse_submit(Reply(("sbatch",), 0, "Welcome to cluster 7!\nQuota: 12 %\n345\n\n", "")) == "345"


def test_a_refusal_is_told_in_slurms_words(recorded):
    with pytest.raises(SubmitError, match="Invalid partition name specified") as error:
        SLURM.parse_submit(recorded("slurm/sbatch-error-bad-partition"))
    assert error.value.code == 1


def test_an_accepted_job_without_a_readable_id_is_told_apart_from_a_refusal(recorded):
    with pytest.raises(SubmitError) as error:
        SLURM.parse_submit(recorded("slurm/sbatch-quiet"))
    assert error.value.code == 0


def test_a_job_is_found_by_its_name(recorded):
    reply = recorded("slurm/squeue-after-timed-out-submission")
    rows = [line.split("|") for line in reply.stdout.splitlines()]
    text = "".join(f"{row[0]}|{row[2]}|{row[8]}|{row[3]}\n" for row in rows)
    assert SLURM.parse_find(answer(text), "ghost") == ["146"]


def test_the_records_that_a_refused_submission_leaves_are_no_job():
    assert SLURM.parse_find(answer("138|FAILED|a-1-0|BadConstraints\n"), "a-1-0") == []


def test_a_job_of_another_name_is_not_found():
    assert SLURM.parse_find(answer("138|RUNNING|a-1-01|None\n"), "a-1-0") == []


def test_a_job_on_another_cluster_is_found_with_its_cluster():
    assert SLURM.parse_find(answer("CLUSTER: big\n138|RUNNING|a-1-0|None\n"), "a-1-0") == ["138;big"]


def test_a_look_that_failed_finds_nothing_out(recorded):
    with pytest.raises(SchedulerError, match="Unable to contact slurm controller"):
        SLURM.parse_find(recorded("slurm/squeue-error-controller-down"), "ghost")


def test_each_job_is_cancelled_on_its_cluster_and_with_its_name():
    assert SLURM.cancel_commands({"1": "a", "2;big": "b"}) == [
        ["scancel", "--name=a", "1"],
        ["scancel", "-M", "big", "--name=b", "2"],
    ]


def test_only_what_still_waits_is_withdrawn():
    waiting = [ElementId("1", 3), ElementId("1", 4), ElementId("2;big", 0)]
    assert SLURM.withdraw_commands({"1": "a-0", "2;big": "a-1", "3": "a-2"}, waiting) == [
        ["scancel", "--name=a-0", "--state=PENDING", "1"],
        ["scancel", "-M", "big", "--name=a-1", "--state=PENDING", "2"],
    ]


@pytest.mark.parametrize(("name", "size"), [("", 100001), ("-no-accounting", 11)])
def test_the_largest_array_is_read_from_the_configuration(recorded, name, size):
    limits = SLURM.parse_limits(recorded(f"slurm/scontrol-show-config{name}"))
    assert limits.array_size == size
    assert limits.settings["SLURM_VERSION"] == "22.05.8"


def test_max_array_tasks_makes_arrays_smaller():
    text = "MaxArraySize = 1001\nSchedulerParameters = bf_continue,max_array_tasks=50\n"
    assert SLURM.parse_limits(answer(text)).array_size == 50


def test_where_arrays_are_switched_off_each_has_one_element():
    assert SLURM.parse_limits(answer("MaxArraySize = 0\n")).array_size == 1


def test_limits_that_cannot_be_read_are_not_known(recorded):
    assert SLURM.parse_limits(recorded("slurm/scontrol-config-error-controller-down")).array_size is None


RETRIED = {"controller-down", "controller-hangs"}
FULL = {"max-job-count", "association-submit-limit", "association-submit-limit-array-alone", "qos-submit-limit"}
REFUSALS = sorted(path.stem for path in DATA.glob("sbatch-error-*.json"))


@pytest.mark.parametrize("name", REFUSALS)
def test_a_recorded_refusal_is_judged(recorded, name):
    short = name.removeprefix("sbatch-error-")
    expected = Refusal.RETRY if short in RETRIED else Refusal.FULL if short in FULL else Refusal.USER
    assert SLURM.refusal(recorded(f"slurm/{name}")) is expected


@pytest.mark.parametrize("name", ["scancel-finished-array-verbose", "squeue-unknown-id"])
def test_a_job_that_is_over_is_no_error(recorded, name):
    assert SLURM.refusal(recorded(f"slurm/{name}")) is Refusal.GONE


def test_each_element_has_a_log_of_its_own():
    folder = Path("/shared/run/logs")
    assert SLURM.log_pattern(folder, Role.ARRAY, 8, 0) == "/shared/run/logs/array-%a.log"
    assert SLURM.log_pattern(folder, Role.ARRAY, 8, 64) == "/shared/run/logs/array-64+%a.log"
    assert SLURM.log_pattern(folder, Role.ARRAY, 1, 64) == "/shared/run/logs/array-64.log"
    assert SLURM.log_pattern(folder, Role.COLLECT, 1, 0) == "/shared/run/logs/collect.log"


def test_a_percent_sign_in_the_path_is_no_placeholder():
    assert SLURM.log_pattern(Path("/run%x"), Role.REDUCE, 1, 0) == "/run%%x/reduce.log"


def test_a_path_that_would_switch_placeholders_off_is_refused():
    with pytest.raises(SettingError, match="backslash"):
        SLURM.log_pattern(Path("/run\\x"), Role.ARRAY, 8, 0)


def test_a_machine_of_no_cluster_is_known_by_what_a_command_that_failed_says():
    words = "scontrol: fatal: Could not establish a configuration source"
    assert Slurm().absent(Reply(("scontrol",), 1, "", words))
    assert not Slurm().absent(Reply(("scontrol",), 0, "", words))
    assert not Slurm().absent(Reply(("scontrol",), 1, "", "Unable to contact slurm controller"))


@pytest.mark.parametrize(("told", "size"), [("1001", 1001), ("4000001", 4000001), ("many", None)])
def test_the_largest_array_is_what_slurm_says_of_it(told, size):
    reply = Reply(("scontrol",), 0, f"MaxArraySize            = {told}\n", "")
    assert Slurm().parse_limits(reply).array_size == size
