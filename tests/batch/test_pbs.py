"""What is said to PBS, and what a real OpenPBS 23.06 answered."""

from dataclasses import replace
from pathlib import Path

import pytest

from jughpc.batch.pbs import Pbs
from jughpc.batch.scheduler import Condition, Dependency, ElementId, Limits, Refusal, Reply, Resources, Role
from jughpc.errors import SchedulerError, SettingError, SubmitError

PBS = Pbs()
DATA = Path(__file__).parent.parent / "data" / "openpbs"


def test_an_array_is_submitted_with_a_range_and_a_throttle(job):
    command = PBS.submit_command(replace(job, throttle=3))
    assert command == [
        "qsub",
        "-f",
        *("-N", "primes-1a2b-0"),
        *("-S", "/bin/bash"),
        *("-j", "oe"),
        *("-o", "/dev/null"),
        *("-m", "n"),
        *("-r", "y"),
        *("-J", "0-7%3"),
        "/shared/run/0-array.sh",
    ]


def test_one_element_is_a_plain_job_because_pbs_refuses_a_range_of_one(job):
    assert "-J" not in PBS.submit_command(replace(job, size=1))


def test_resources_are_one_chunk_and_a_walltime(job):
    wanted = Resources(walltime=5400, memory=4 << 30, cpus=2, gpus=1, partition="long", account="physics")
    command = PBS.submit_command(replace(job, resources=wanted))
    after = command.index("0-7") + 1
    assert command[after:-1] == [
        *("-l", "walltime=01:30:00"),
        *("-l", "select=1:ncpus=2:mem=4096mb:ngpus=1"),
        *("-q", "long"),
        *("-A", "physics"),
    ]


def test_resources_that_were_not_asked_for_are_left_to_the_site(job):
    assert "-l" not in PBS.submit_command(job)


def test_a_quality_of_service_is_refused_as_pbs_has_none(job):
    with pytest.raises(SettingError, match="PBS has no QOS, so 'high' says nothing"):
        PBS.submit_command(replace(job, resources=Resources(qos="high")))


def test_a_dependency_on_an_array_keeps_its_brackets(job):
    after = Dependency(Condition.AFTER_ANY, ("2[].srv", "3[].srv"))
    command = PBS.submit_command(replace(job, depends_on=after))
    assert command[-3:-1] == ["-W", "depend=afterany:2[].srv:3[].srv"]


def test_raw_options_come_last_so_that_they_win(job):
    assert PBS.submit_command(replace(job, extra=("-P", "x")))[-3:-1] == ["-P", "x"]


@pytest.mark.parametrize(
    ("name", "expected"), [("array", "12[].pbs01"), ("plain", "14.pbs01"), ("array-step", "17[].pbs01")]
)
def test_the_id_of_an_accepted_job_is_read(recorded, name, expected):
    assert PBS.parse_submit(recorded(f"openpbs/qsub-{name}")) == expected


def test_the_id_is_found_below_the_banner_of_a_wrapper():
    assert PBS.parse_submit(Reply(("qsub",), 0, "Project quota: 12 of 34 used\n345[].srv\n", "")) == "345[].srv"


def test_a_refusal_is_told_in_pbs_words(recorded):
    with pytest.raises(SubmitError, match="qsub exited with 170: qsub: Unknown queue"):
        PBS.parse_submit(recorded("openpbs/qsub-error-unknown-queue"))


def test_an_accepted_job_without_an_id_is_told_apart_from_a_refusal(recorded):
    with pytest.raises(SubmitError) as error:
        PBS.parse_submit(recorded("openpbs/qsub-quiet"))
    assert error.value.code == 0


@pytest.mark.parametrize(("setting", "history"), [("True", True), ("False", False), (None, False)])
def test_ended_jobs_are_asked_for_only_where_the_server_remembers_them(setting, history):
    limits = Limits(settings={"job_history_enable": setting} if setting else {})
    pbs = Pbs().within(limits)
    assert ("-x" in pbs.poll_command({"2[].srv": "a"})) is history
    assert ("-x" in pbs.find_command("primes-1a2b-0")) is history


def test_one_command_asks_for_all_jobs_and_no_others():
    assert PBS.poll_command({"2[].srv": "a", "3.srv": "b"}) == ["qstat", "-t", "-f", "-F", "json", "2[].srv", "3.srv"]


def test_jobs_are_found_by_name(recorded):
    assert PBS.parse_find(recorded("openpbs/qselect-array"), "sweep") == ["12[].pbs01"]
    assert PBS.parse_find(recorded("openpbs/qselect-empty"), "sweep") == []


def test_a_look_that_failed_finds_nothing_out(recorded):
    with pytest.raises(SchedulerError, match="cannot connect to server"):
        PBS.parse_find(recorded("openpbs/qselect-error-server-down"), "sweep")


def test_jobs_are_deleted_one_by_one():
    assert PBS.cancel_commands({"2[].srv": "a", "3.srv": "b"}) == [["qdel", "2[].srv"], ["qdel", "3.srv"]]


def test_elements_that_wait_are_withdrawn_by_ranges():
    waiting = [ElementId("2[].srv", index) for index in (3, 4, 5, 8)] + [ElementId("10.srv", 0)]
    withdrawn = [["qdel", "10.srv"], ["qdel", "2[3-5].srv"], ["qdel", "2[8].srv"]]
    assert PBS.withdraw_commands({"2[].srv": "a-0", "10.srv": "a-1"}, waiting[::-1]) == withdrawn


def test_limits_are_read_from_the_server(recorded):
    limits = PBS.parse_limits(recorded("openpbs/qstat-server-json"))
    assert limits.array_size == 10000
    assert limits.settings["job_history_enable"] == "True"
    assert limits.settings["pbs_version"] == "23.06.06"


def test_limits_that_cannot_be_read_are_not_known():
    assert PBS.parse_limits(Reply(("qstat",), 255, "", "cannot connect to server")) == Limits()


def test_a_server_that_is_down_tells_no_limits(recorded):
    assert PBS.parse_limits(recorded("openpbs/qstat-error-server-down")).array_size is None


RETRIED = {"server-down"}
FULL = {"queue-limit", "queue-limit-array", "queue-limit-met-array", "server-limit-met-array", "threshold"}


@pytest.mark.parametrize("name", sorted(path.stem for path in DATA.glob("qsub-error-*.json")))
def test_a_recorded_refusal_is_judged(recorded, name):
    short = name.removeprefix("qsub-error-")
    expected = Refusal.RETRY if short in RETRIED else Refusal.FULL if short in FULL else Refusal.USER
    assert PBS.refusal(recorded(f"openpbs/{name}")) is expected


@pytest.mark.parametrize(
    "name", ["qdel-array-finished", "qdel-unknown-array", "qdel-subjob-finished", "qstat-json-unknown"]
)
def test_a_job_that_is_over_or_unknown_is_no_error(recorded, name):
    assert PBS.refusal(recorded(f"openpbs/{name}")) is Refusal.GONE


def test_another_users_job_is_an_error(recorded):
    assert PBS.refusal(recorded("openpbs/qdel-not-owner")) is Refusal.USER


def test_the_code_is_believed_before_the_text():
    assert PBS.refusal(Reply(("qsub",), 170, "", "qsub: cannot connect to server")) is Refusal.USER


def test_the_text_decides_where_the_code_says_nothing():
    assert PBS.refusal(Reply(("qsub",), 99, "", "qsub: cannot connect to server")) is Refusal.RETRY


def test_each_element_has_a_log_of_its_own():
    folder = Path("/shared/run/logs")
    assert PBS.log_pattern(folder, Role.ARRAY, 8, 64) == "/shared/run/logs/array-64+^array_index^.log"
    assert PBS.log_pattern(folder, Role.COLLECT, 1, 0) == "/shared/run/logs/collect.log"
