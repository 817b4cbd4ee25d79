"""The simulated Slurm says what the real one was recorded to say, but for ids and times."""

from __future__ import annotations

import re

import pytest

from jughpc.batch.scheduler import Limits, Refusal, State
from jughpc.batch.slurm import Slurm
from jughpc.testing.cluster.answers import Caller
from jughpc.testing.cluster.model import End

WHOLE = "squeue --me -h -r -t all -o %F|%K|%T|%r|%N|%L|%S|%M"
COLLAPSED = WHOLE.replace(" -r", "")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d|\b\d+:\d\d\b|node\d")


def alike(text: str) -> list[str]:
    """Return the lines without what depends on when and where: array id, times, nodes; in no order."""
    return sorted(TIME.sub("?", re.sub(r"^\d+\|", "", line)) for line in text.splitlines())


def throttled(rig):
    rig.run("sbatch --parsable --array=0-7%2 --time=10 job.sh")
    rig.wait(2)


def held(rig):
    rig.run("sbatch --parsable --hold --array=0-1 --time=10 job.sh")
    rig.wait(2)


def begins_later(rig):
    rig.run("sbatch --begin=now+1hour --array=0-1 --time=10 job.sh")
    rig.wait(2)


def dependent(rig):
    rig.run("sbatch --time=10 job.sh")
    rig.run("sbatch --dependency=afterok:1 --array=0-1 --time=10 job.sh")
    rig.wait(2)


def never(rig):
    rig.work = {0: (0.5, 1)}
    rig.run("sbatch --time=10 job.sh")
    rig.run("sbatch --dependency=afterok:1 --array=0-1 --time=10 job.sh")
    rig.wait(600)


def ended(rig):
    rig.work = {0: (1, 0), 1: (1, 3), 2: (1, -11), 3: (1, 127)}
    rig.run("sbatch --array=0-3 --time=10 job.sh")
    rig.wait(4)


def cancelled(rig):
    rig.run("sbatch --array=0-1 --time=10 job.sh")
    rig.wait(2)
    rig.run("scancel 1")
    rig.wait(2)


def completing(rig):
    rig.stubborn = True
    cancelled(rig)


def cancelled_unrun(rig):
    rig.run("sbatch --begin=now+1hour --array=0-3 --time=10 job.sh")
    rig.wait(2)
    rig.run("scancel 1")


def cancelled_one_unrun(rig):
    rig.run("sbatch --hold --array=0-3 --time=10 job.sh")
    rig.wait(2)
    rig.run("scancel 1_1")


def cancelled_by_user(rig):
    rig.run("sbatch --begin=now+1hour --array=0-3 --time=10 job.sh")
    rig.wait(2)
    rig.run("scancel --user=ada")


def timed_out(rig):
    rig.work = {0: (1000, 0), 1: (1000, 0)}
    rig.run("sbatch --array=0-1 --time=1 job.sh")
    rig.wait(200)


def requeued(rig):
    rig.run("sbatch --array=0-1 --time=10 job.sh")
    rig.wait(2)
    rig.run("scontrol requeue 1_1")


def preempted(rig):
    rig.run("sbatch --array=0-1 --no-requeue --time=10 job.sh")
    rig.wait(2)
    for index in (0, 1):
        rig.engine.put_back(rig.job(), rig.element(index), End.PREEMPTED)


def node_lost(rig):
    rig.run("sbatch --array=0-1 --no-requeue --time=10 job.sh")
    rig.wait(2)
    rig.engine.lose_node(rig.engine.nodes[0], 60)
    rig.wait(301)


def launch_failed(rig):
    rig.run("sbatch --array=0-1 --time=10 job.sh")
    rig.wait(2)
    for index in (0, 1):
        rig.engine.fail_launch(rig.job(), rig.element(index))


def purged(rig):
    ended(rig)
    rig.wait(400)


PLAYED = [
    ("array-pending-throttled", throttled, WHOLE),
    ("array-pending-throttled-collapsed", throttled, COLLAPSED),
    ("held-by-user", held, WHOLE),
    ("held-by-user-collapsed", held, COLLAPSED),
    ("pending-begin-time", begins_later, WHOLE),
    ("completed-failed-signaled", ended, WHOLE),
    ("cancelled-running", cancelled, WHOLE),
    ("completing", completing, WHOLE),
    ("cancelled-pending-array-by-id", cancelled_unrun, WHOLE),
    ("cancelled-pending-array-by-id-collapsed", cancelled_unrun, COLLAPSED),
    ("cancelled-pending-element", cancelled_one_unrun, WHOLE),
    ("cancelled-pending-element-collapsed", cancelled_one_unrun, COLLAPSED),
    ("cancelled-pending-array-by-user", cancelled_by_user, WHOLE),
    ("timeout", timed_out, WHOLE),
    ("requeued", requeued, WHOLE),
    ("node-fail", node_lost, WHOLE),
    ("launch-failed-requeued-held", launch_failed, WHOLE),
    ("purged-empty", purged, WHOLE),
    ("purged-id", purged, "squeue -h -r -t all -j 1 -o %F"),
    ("unknown-id", purged, "squeue -h -r -t all -j 99999 -o %F"),
]


@pytest.mark.parametrize(("name", "play", "line"), PLAYED, ids=[played[0] for played in PLAYED])
def test_squeue_says_what_was_recorded(slurm, recorded, name, play, line):
    play(slurm)
    said, real = slurm.run(line), recorded(f"slurm/squeue-{name}")
    assert (said.code, said.stderr, alike(said.stdout)) == (real.code, real.stderr, alike(real.stdout))


@pytest.mark.parametrize(("name", "play"), [("pending-dependency", dependent), ("preempted", preempted)])
def test_squeue_says_the_rows_that_were_recorded(slurm, recorded, name, play):
    play(slurm)
    real = [line for line in alike(recorded(f"slurm/squeue-{name}").stdout) if not line.startswith("N/A")]
    assert set(real) <= set(alike(slurm.run(WHOLE).stdout))


def test_a_dependency_that_can_never_hold_stays_for_ever(slurm, recorded):
    never(slurm)
    real = recorded("slurm/squeue-pending-dependency-never-satisfied")
    assert alike(slurm.run(WHOLE).stdout) == alike(real.stdout)


SAID = [
    ("sbatch-parsable-array", "sbatch --parsable --array=0-7%2 job.sh"),
    ("sbatch-plain", "sbatch job.sh"),
    ("sbatch-plain-cluster", "sbatch -M private job.sh"),
    ("sbatch-parsable-cluster", "sbatch --parsable -M private job.sh"),
    ("sbatch-quiet", "sbatch --quiet job.sh"),
    ("sbatch-error-missing-script", "sbatch --parsable nosuch.sh"),
    ("sbatch-error-invalid-option", "sbatch --parsable --nosuch job.sh"),
    ("sbatch-error-bad-dependency-word", "sbatch --parsable --dependency=foo:12 --array=0-3 job.sh"),
    ("sbatch-error-bad-dependency-syntax", "sbatch --parsable --dependency=afterok:abc --array=0-3 job.sh"),
    ("sbatch-error-array-index-is-max", "sbatch --parsable --array=0-1001 job.sh"),
    ("scancel-unknown", "scancel 99999"),
    ("scancel-bad-id", "scancel abc"),
    ("scontrol-show-job-unknown", "scontrol show job -o 99999"),
    ("scontrol-requeue-unknown", "scontrol requeue 99999"),
    ("scontrol-ping-up", "scontrol ping"),
    ("sacct-error-accounting-disabled", "sacct -X -n -P -j 1"),
    ("squeue-empty", WHOLE),
]


@pytest.mark.parametrize(("name", "line"), SAID, ids=[name for name, _ in SAID])
def test_a_command_says_what_was_recorded(slurm, recorded, name, line):
    said, real = slurm.run(line), recorded(f"slurm/{name}")
    without_ids = [re.sub(r"\d+(?=;|\n| on)", "1", text) for text in (said.stdout, real.stdout)]
    assert without_ids[0] == without_ids[1]
    assert (said.code, said.stderr) == (real.code, real.stderr)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("sbatch-error-controller-down", "sbatch --parsable job.sh"),
        ("scancel-error-controller-down", "scancel 141_1"),
        ("squeue-error-controller-down", WHOLE),
        ("scontrol-error-controller-down", "scontrol show job -o 141"),
        ("scontrol-config-error-controller-down", "scontrol show config"),
    ],
)
def test_a_controller_that_is_away_is_told_in_its_words(slurm, recorded, name, line):
    said, real = slurm.commands.away(line.split()), recorded(f"slurm/{name}")
    assert (said.code, said.stdout, said.stderr) == (real.code, real.stdout, real.stderr)


def test_a_controller_that_hangs_is_told_in_its_words(slurm, recorded):
    for name, line in (("sbatch", "sbatch job.sh"), ("squeue", WHOLE)):
        said, real = slurm.commands.hung(line.split()), recorded(f"slurm/{name}-error-controller-hangs")
        assert (said.code, said.stdout, said.stderr) == (real.code, real.stdout, real.stderr)


def test_the_submit_limit_of_an_association_refuses_at_once(slurm, recorded):
    said = slurm.limit(user_jobs=3).run("sbatch --parsable --array=0-3 job.sh")
    assert (said.code, said.stderr) == (1, recorded("slurm/sbatch-error-association-submit-limit").stderr)
    assert Slurm().refusal(said) is Refusal.FULL


def test_a_full_controller_is_asked_again_by_sbatch_itself(slurm, recorded):
    slurm.limit(system_jobs=3)
    said = slurm.commands.answer(["sbatch", "--array=0-3", "job.sh"], Caller("ada"))
    assert said.again
    assert said.stderr == recorded("slurm/sbatch-error-max-job-count").stderr


def test_another_users_job_is_not_cancelled(slurm, recorded):
    slurm.run("sbatch job.sh")
    slurm.user = "bob"
    said, real = slurm.run("scancel 1"), recorded("slurm/scancel-not-owner")
    assert (said.code, said.stderr) == (real.code, real.stderr.replace("112_0", "1"))
    assert not slurm.job().over


def test_another_users_job_is_not_in_our_list(slurm):
    slurm.run("sbatch job.sh")
    slurm.user = "bob"
    assert slurm.run(WHOLE).stdout == ""


def sacct(rig, *jobs):
    fields = "JobID,State,ExitCode,Reason,NodeList,Timelimit"
    return rig.run(f"sacct -X -n -P -j {','.join(jobs)} -o {fields}").stdout.splitlines()


def test_accounting_tells_how_elements_ended(slurm):
    ended(slurm.limit(accounting=True))
    codes = [line.split("|")[:3] for line in sacct(slurm, "1")]
    assert codes == [
        ["1_0", "COMPLETED", "0:0"],
        ["1_1", "FAILED", "3:0"],
        ["1_2", "FAILED", "0:11"],
        ["1_3", "FAILED", "127:0"],
    ]


@pytest.mark.parametrize(
    ("name", "play"),
    [
        ("completed-failed-signaled", ended),
        ("timeout", timed_out),
        ("array-running-pending", throttled),
        ("cancelled-pending-array", cancelled_unrun),
    ],
)
def test_sacct_says_how_elements_stand_as_recorded(slurm, recorded, name, play):
    play(slurm.limit(accounting=True))
    real = recorded(f"slurm/sacct-{name}")
    fields = real.argv[-1]
    said = slurm.run(f"sacct -X -n -P -j 1 -o {fields}").stdout.splitlines()
    columns = [0, 2, 3]  # id, state, exit code: times, nodes and raw ids are of the moment
    rows = [[line.split("|")[column].partition("_")[2] if not column else line.split("|")[column] for column in columns]
            for line in said]  # fmt: skip
    assert len(said[0].split("|")) == len(fields.split(","))
    first = [line.split("|") for line in real.stdout.splitlines() if line.startswith(real.stdout.split("_")[0] + "_")]
    assert rows == [[row[0].partition("_")[2], row[2], row[3]] for row in first]


def test_accounting_still_knows_what_the_controller_forgot(slurm):
    purged(slurm.limit(accounting=True))
    assert len(sacct(slurm, "1")) == 4


def test_accounting_lists_what_pends_in_one_row(slurm):
    throttled(slurm.limit(accounting=True))
    assert sacct(slurm, "1")[-1].startswith("1_[2-7%2]|PENDING|0:0|")


def test_the_configuration_is_read_as_ours_is(slurm):
    slurm.limit(array_size=64)
    limits = Slurm().parse_limits(slurm.run("scontrol show config"))
    assert limits == Limits(64, limits.settings)
    assert limits.settings["MinJobAge"] == "300 sec"


def test_our_own_poll_reads_every_state(slurm):
    throttled(slurm)
    asked = {"1": slurm.job().ask.name}
    states = Slurm().parse_poll(slurm.ask(Slurm().poll_command(asked)), asked)
    assert [status.state for status in states.values()].count(State.RUNNING) == 2
    assert [status.state for status in states.values()].count(State.QUEUED) == 6


def test_our_own_look_up_finds_a_job_by_its_name(slurm):
    slurm.run("sbatch --job-name=primes-1a-0 --array=0-3 job.sh")
    slurm.run("sbatch --job-name=primes-1a-1 job.sh")
    assert Slurm().parse_find(slurm.ask(Slurm().find_command("primes-1a-0")), "primes-1a-0") == ["1"]


def test_scontrol_shows_records_with_the_recorded_keys(slurm, recorded):
    throttled(slurm)
    said = slurm.run("scontrol show job -o 1").stdout.splitlines()
    real = recorded("slurm/scontrol-show-job-array-mixed").stdout.splitlines()
    keys = [[re.findall(r"(?:^| )([A-Z]\w+)=", line) for line in lines] for lines in (said, real)]
    assert len(keys[0]) == len(keys[1])
    assert all(set(ours) <= set(theirs) for ours, theirs in zip(*keys, strict=True))
    assert "ArrayTaskId=2-7%2" in said[0]
