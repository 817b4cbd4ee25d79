"""The simulated PBS says what the real one was recorded to say: the same attributes, in the same order and words."""

from __future__ import annotations

import json
import re

import pytest

from jughpc.batch.pbs import Pbs
from jughpc.batch.scheduler import Refusal, State
from jughpc.testing.cluster.answers import Caller

ARRAY = "qsub -J 0-3%2 -N sweep -l select=1:ncpus=1:mem=100mb -l walltime=00:10:00 job.sh"
PLAIN = "qsub -N sweep -l select=1:ncpus=1:mem=100mb -l walltime=00:10:00 job.sh"
TOLD = ("job_state", "substate", "Hold_Types", "depend", "Exit_status", "run_count", "array_state_count", "comment")
ANY = {"jobdir", "session_id", "resources_used"}  # come a moment later than a job starts, or go with how it ends
WHEN = re.compile(r"\w{3} \w{3} \d\d (at )?\d\d:\d\d(:\d\d)?( \d{4})?|pbs01:ncpus|node\d:ncpus")


def jobs(reply):
    return json.loads(reply.stdout).get("Jobs", {})


def short(key):
    """Return an id without what depends on when the job was submitted."""
    match = re.fullmatch(r"\d+(\[\d*\])?\.pbs01", key)
    assert match, key
    return match[1] or "plain"


def told(fields):
    found = {
        key: re.sub(r"\b\d+(?=[.\[]\S*pbs01)", "N", WHEN.sub("?", str(fields[key]))) for key in TOLD if key in fields
    }
    if found.get("substate") in ("41", "42"):
        found["substate"] = "running"
    return found


def running(rig):
    rig.run(ARRAY)
    rig.wait(2)


def queued(rig):
    rig.run(ARRAY.replace("%2", ""))


def with_collector(rig):
    running(rig)
    rig.run(PLAIN.replace("job.sh", "-W depend=afterany:1[].pbs01 job.sh"))


def with_both(rig):
    with_collector(rig)
    rig.run(PLAIN.replace("job.sh", "-W depend=afterok:2.pbs01 job.sh"))


def collector_waits(rig):
    with_both(rig)


def held_array(rig):
    rig.run(ARRAY.replace("0-3%2", "0-2").replace("qsub", "qsub -h"))


def held_plain(rig):
    rig.run(PLAIN.replace("qsub", "qsub -h"))


def begins_later(rig):
    rig.run(ARRAY.replace("0-3%2", "0-1").replace("qsub", "qsub -a 11221537"))


def finished(rig):
    rig.work = {0: (1, 0)}
    rig.run(PLAIN)
    rig.wait(5)


def finished_mixed(rig):
    rig.work = {0: (1, 0), 1: (1, 3), 2: (1, 139), 3: (1, 127), 4: (1, 137)}
    rig.run(ARRAY.replace("0-3%2", "0-4").replace(":mem=100mb", ""))
    rig.wait(5)


def partly_done(rig):
    rig.work = {0: (1, 0), 1: (1, 0)}
    rig.run(ARRAY)
    rig.wait(5)


def overtime(rig):
    rig.run(ARRAY.replace("0-3%2", "0-1").replace("00:10:00", "00:00:08"))
    rig.wait(120)


def deleted(rig):
    with_collector(rig)
    rig.run("qdel 1[].pbs01")
    rig.wait(3)
    rig.run("qdel 2.pbs01")


def deleted_partly_done(rig):
    rig.work = {0: (1, 0), 1: (1, 0)}
    rig.run(ARRAY)
    rig.wait(5)
    rig.run("qdel 1[].pbs01")
    rig.wait(3)


def held_by_its_owner(rig):
    held_by_user(rig)
    rig.run("qhold 1[].pbs01")


def deleting(rig):
    rig.stubborn = True
    rig.run(ARRAY.replace("0-3%2", "0-1").replace(":mem=100mb", ""))
    rig.wait(2)
    rig.run("qdel 1[].pbs01")
    rig.wait(2)


def never_started(rig):
    rig.run(PLAIN.replace("qsub", "qsub -h"))
    rig.run("qdel 1.pbs01")


def on_unknown(rig):
    rig.run(PLAIN.replace("job.sh", "-W depend=afterok:99999 job.sh"))


def history_off(rig):
    rig.limit(keep=0.0).work = {0: (1, 0), 1: (1, 0)}
    rig.run(ARRAY.replace("0-3%2", "0-2%2"))
    rig.run(PLAIN.replace("job.sh", "-W depend=afterany:1[].pbs01 job.sh"))
    rig.wait(5)


def full(rig):
    rig.slots = 0
    for node in rig.engine.nodes:
        node.free = 0
    rig.run(PLAIN)
    rig.wait(2)


def held_by_user(rig):
    rig.run(ARRAY.replace("0-3%2", "0-1"))
    rig.run(PLAIN.replace("job.sh", "-W depend=afterany:1[].pbs01 job.sh"))


JSON = "qstat -x -t -f -F json"

PLAYED = [
    ("array-running-throttled-t", running, f"{JSON} 1[].pbs01"),
    ("array-beforeany-running-t", with_collector, f"{JSON} 1[].pbs01"),
    ("two-known-t", with_collector, f"{JSON} 1[].pbs01"),
    ("array-beforeany-queued-t", held_by_user, f"{JSON} 1[].pbs01"),
    ("array-held-t", held_array, f"{JSON} 1[].pbs01"),
    ("plain-held", held_plain, f"{JSON} 1.pbs01"),
    ("array-waiting-t", begins_later, "qstat -t -f -F json 1[].pbs01"),
    ("plain-finished", finished, f"{JSON} 1.pbs01"),
    ("array-finished-mixed", finished_mixed, f"{JSON} 1[].pbs01"),
    ("array-partly-done-t", partly_done, "qstat -t -f -F json 1[].pbs01"),
    ("array-walltime-exceeded-t", overtime, f"{JSON} 1[].pbs01"),
    ("array-deleted-by-owner-t", deleted, f"{JSON} 1[].pbs01"),
    ("array-deleted-by-owner-partly-done-t", deleted_partly_done, f"{JSON} 1[].pbs01"),
    ("array-beforeany-held-by-user-t", held_by_its_owner, f"{JSON} 1[].pbs01"),
    ("array-deleting-stubborn-t", deleting, "qstat -t -f -F json 1[].pbs01"),
    ("plain-never-started", never_started, f"{JSON} 1.pbs01"),
    ("depend-on-unknown-id", on_unknown, f"{JSON} 1.pbs01"),
    ("history-off-partly-done-without-x-t", history_off, "qstat -t -f -F json 1[].pbs01"),
    ("plain-waiting-for-resources", full, f"{JSON} 1.pbs01"),
]


@pytest.mark.parametrize(("name", "play", "line"), PLAYED, ids=[played[0] for played in PLAYED])
def test_qstat_tells_the_attributes_that_were_recorded(pbs, recorded, name, play, line):
    play(pbs)
    said, real = jobs(pbs.run(line)), jobs(recorded(f"openpbs/qstat-json-{name}"))
    assert [short(key) for key in said] == [short(key) for key in real]
    for ours, theirs in zip(said.values(), real.values(), strict=True):
        assert told(ours) == told(theirs)
        assert [key for key in ours if key not in ANY] == [key for key in theirs if key not in ANY]


def test_a_collector_waits_as_recorded(pbs, recorded):
    with_collector(pbs)
    said, real = (
        jobs(reply) for reply in (pbs.run(f"{JSON} 2.pbs01"), recorded("openpbs/qstat-json-collector-afterany-held"))
    )
    assert [told(fields) for fields in said.values()] == [told(fields) for fields in real.values()]


def test_json_is_laid_out_as_recorded(pbs, recorded):
    finished(pbs)
    said, real = pbs.run(f"{JSON} 1.pbs01").stdout, recorded("openpbs/qstat-json-plain-finished").stdout
    shape, ours = (
        [re.sub(r"\d|\t.*?(?=[,{}]*$)", "", line.strip()) for line in text.splitlines()] for text in (real, said)
    )
    assert [line for line in ours if line not in shape] == []


def pairs(text):
    return [re.findall(r"(?:^|\|)([A-Za-z_.]+)=", line) for line in text.splitlines()]


def test_dsv_has_the_recorded_keys(pbs, recorded):
    with_collector(pbs)
    said = pairs(pbs.run("qstat -x -t -f -F dsv 1[].pbs01 2.pbs01").stdout)
    real = pairs(recorded("openpbs/qstat-dsv-two-known-t").stdout)
    assert len(said) == len(real) == 6
    for ours, theirs in zip(said, real, strict=True):
        assert [key for key in ours if key not in ANY] == [key for key in theirs if key not in ANY]


def test_text_folds_long_values_as_recorded(pbs, recorded):
    with_collector(pbs)
    said = pbs.run("qstat -x -t -f 1[].pbs01 2.pbs01").stdout
    real = recorded("openpbs/qstat-full-text-two-known-t").stdout
    assert "\n\tPBS_O_PATH=/opt/pbs/bin:/usr/bin:/bin,PBS_O_SHELL=/bin/bash,\n" in said
    assert re.findall(r"^Job Id: \d+(.*)$", said, re.M) == re.findall(r"^Job Id: \d+(.*)$", real, re.M)
    assert set(re.findall(r"^    (\w+) = ", said, re.M)) <= set(re.findall(r"^    (\w+) = ", real, re.M)) | ANY


def test_newer_servers_answer_for_the_first_id_alone(pbs, recorded):
    with_collector(pbs.limit(first_only=True))
    said, real = pbs.run(f"{JSON} 1[].pbs01 2.pbs01"), recorded("openpbs/qstat-json-two-known-t")
    assert (said.code, said.stderr, len(jobs(said))) == (real.code, real.stderr, len(jobs(real)))
    assert len(jobs(pbs.limit(first_only=False).run(f"{JSON} 1[].pbs01 2.pbs01"))) == 6


SAID = [
    ("qstat-json-unknown", "qstat -f -F json -x -t 99999[]"),
    ("qstat-bad-id", "qstat -f -F json abc"),
    ("qdel-unknown", "qdel 99999"),
    ("qdel-unknown-array", "qdel 99999[]"),
    ("qdel-bad-id", "qdel abc"),
    ("qsub-error-missing-script", "qsub nosuch.sh"),
    ("qsub-error-array-single-element", "qsub -J 3-3 job.sh"),
    ("qsub-error-array-too-large", "qsub -J 0-20000 job.sh"),
    ("qsub-error-bad-depend-type", "qsub -W depend=foo:1 job.sh"),
    ("qsub-error-depend-bad-id", "qsub -W depend=afterok:abc job.sh"),
    ("qselect-empty", "qselect -u ada"),
    ("qsub-quiet", "qsub -z job.sh"),
]


@pytest.mark.parametrize(("name", "line"), SAID, ids=[name for name, _ in SAID])
def test_a_command_says_what_was_recorded(pbs, recorded, name, line):
    said, real = pbs.run(line), recorded(f"openpbs/{name}")
    bare = [re.sub(r'"timestamp":\t\d+', "", reply.stdout) for reply in (said, real)]
    words = [re.sub(r"\b[\d\w]+(?=\[?\]?\.pbs01)", "N", reply.stderr) for reply in (said, real)]
    assert bare[0] == bare[1]
    assert (said.code, words[0]) == (real.code, words[1])


@pytest.mark.parametrize("line", ["qalter -W depend=afterany:1[] 2", "qhold 1[].pbs01", "qrls 1[].pbs01"])
def test_changes_are_silent_as_recorded(pbs, recorded, line):
    with_collector(pbs)
    name = {"qhold": "qhold-running-array"}.get(line.split()[0], line.split()[0])
    said, real = pbs.run(line), recorded(f"openpbs/{name}")
    assert (said.code, said.stdout, said.stderr) == (real.code, real.stdout, real.stderr)


def test_one_unknown_id_of_several_sets_the_code_and_the_others_are_told(pbs, recorded):
    with_collector(pbs)
    said, real = pbs.run(f"{JSON} 1[].pbs01 99999.pbs01 2.pbs01"), recorded("openpbs/qstat-json-three-one-unknown-t")
    assert (said.code, said.stderr) == (real.code, real.stderr)


def test_without_history_qselect_x_finds_nothing_though_a_job_runs(pbs, recorded):
    running(pbs.limit(keep=0.0))
    said, real = pbs.run("qselect -x -N sweep"), recorded("openpbs/qselect-history-switched-off")
    assert (said.code, said.stdout) == (real.code, real.stdout)


def test_without_history_what_depends_on_an_ended_job_is_accepted_and_gone(pbs, recorded):
    finished(pbs.limit(keep=0.0))
    said, real = pbs.run("qsub -W depend=afterany:1.pbs01 job.sh"), recorded("openpbs/qsub-history-off-depend-on-gone")
    assert (said.code, said.stdout) == (real.code, real.stdout.replace("77", "2"))
    pbs.wait(1)
    gone, unknown = pbs.run("qstat -f -F json 2.pbs01"), recorded("openpbs/qstat-json-history-off-finished-without-x-t")
    assert (gone.code, pbs.job(1).begun) == (unknown.code, False)


def test_qsub_prints_ids_as_recorded(pbs, recorded):
    assert pbs.run(ARRAY).stdout == recorded("openpbs/qsub-array").stdout.replace("12", "1")
    assert pbs.run(PLAIN).stdout == recorded("openpbs/qsub-plain").stdout.replace("14", "2")


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("qsub-error-server-down", "qsub job.sh"),
        ("qdel-error-server-down", "qdel 55[].pbs01"),
        ("qselect-error-server-down", "qselect -u ada"),
        ("qstat-error-server-down", "qstat -f -F json -x -t 55[].pbs01"),
    ],
)
def test_a_server_that_is_away_is_told_in_its_words(pbs, recorded, name, line):
    said, real = pbs.commands.away(line.split()), recorded(f"openpbs/{name}")
    bare = [re.sub(r'"timestamp":\t\d+', "", reply.stdout) for reply in (said, real)]
    assert bare[0] == bare[1]
    assert (said.code, said.stderr) == (real.code, real.stderr)


def test_the_limit_of_queued_jobs_refuses(pbs, recorded):
    said = pbs.limit(user_jobs=3).run(ARRAY)
    assert (said.code, said.stderr) == (38, recorded("openpbs/qsub-error-queue-limit-array").stderr)
    assert Pbs().refusal(said) is Refusal.FULL
    server = pbs.limit(user_jobs=None, system_jobs=3).run(ARRAY)
    assert server.stderr == recorded("openpbs/qsub-error-server-limit-met-array").stderr


def test_what_is_over_or_anothers_is_not_deleted(pbs, recorded):
    finished(pbs)
    assert pbs.run("qdel 1.pbs01").code == recorded("openpbs/qdel-array-finished").code
    pbs.run(ARRAY)
    pbs.user = "bob"
    said, real = pbs.run("qdel 2[].pbs01"), recorded("openpbs/qdel-not-owner")
    assert (said.code, said.stderr) == (real.code, real.stderr.replace("38", "2"))


def test_an_ended_element_of_a_living_array_is_not_deleted(pbs, recorded):
    partly_done(pbs)
    said, real = pbs.run("qdel 1[0].pbs01"), recorded("openpbs/qdel-subjob-finished")
    assert (said.code, said.stderr) == (real.code, real.stderr.replace("2002", "1"))


def test_a_finished_job_is_told_apart_from_an_unknown_one(pbs, recorded):
    finished(pbs)
    said, real = pbs.run("qstat -f -F json -t 1.pbs01"), recorded("openpbs/qstat-json-finished-without-x")
    assert (said.code, said.stderr) == (real.code, real.stderr.replace("13[]", "1"))


def test_without_history_an_ended_job_is_unknown_and_x_is_refused(pbs, recorded):
    finished(pbs.limit(keep=0.0))
    unknown, refused = pbs.run("qstat -f -F json -t 1.pbs01"), pbs.run(f"{JSON} 1.pbs01")
    real = recorded("openpbs/qstat-json-history-off-finished-t")
    assert (unknown.code, refused.code) == (153, real.code)
    assert refused.stderr == re.sub(r"\d+\.pbs01", "1.pbs01", real.stderr)


def test_qselect_names_arrays_by_the_parent_and_with_T_their_elements(pbs, recorded):
    running(pbs)
    assert pbs.run("qselect -u ada").stdout == recorded("openpbs/qselect-array").stdout.replace("12", "1")
    assert pbs.run("qselect -T -u ada").stdout == recorded("openpbs/qselect-array-T").stdout.replace("12", "1")


def test_our_own_poll_reads_every_state(pbs):
    partly_done(pbs)
    scheduler = Pbs(history=True)
    asked = {"1[].pbs01": pbs.job().ask.name}
    states = scheduler.parse_poll(pbs.ask(scheduler.poll_command(asked)), asked)
    assert [status.state for status in states.values()] == [State.DONE, State.DONE, State.RUNNING, State.RUNNING]


def test_our_own_look_up_finds_a_job_by_its_name(pbs):
    pbs.run(ARRAY.replace("sweep", "primes-1a-0"))
    scheduler = Pbs(history=True)
    assert scheduler.parse_find(pbs.ask(scheduler.find_command("primes-1a-0")), "primes-1a-0") == ["1[].pbs01"]


def test_the_servers_limits_are_read_as_ours_are(pbs):
    limits = Pbs().parse_limits(pbs.limit(array_size=64).run("qstat -B -f -F json"))
    assert (limits.array_size, limits.settings["job_history_enable"]) == (64, "True")
    assert Caller("ada").user == "ada"
