"""The doctor tells what a folder and a cluster keep, and leaves nothing behind."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import threading
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from jughpc.app.doctor import ageing, mounts, neighbours
from jughpc.app.doctor import filesystem as promises
from jughpc.app.doctor.examine import Subject, examine
from jughpc.app.doctor.finding import Verdict
from jughpc.app.doctor.visibility import PRIZES, Guest, Report, attend, judge, reports
from jughpc.batch.clusters import Clusters
from jughpc.config.trust import Trust
from jughpc.fs import LinksRefusedError, OsClock, OsFiles
from jughpc.store.base import Pace
from jughpc.store.files.opening import make_store
from jughpc.testing.clocks import HandClock, SimClock
from jughpc.testing.disk import Disk
from jughpc.testing.simfiles import Client, Orders, SimFiles
from jughpc.testing.stage import Stage

REPORT = Report(number=0, host="a", ahead=0.0, met=True, won=PRIZES, read_delay=0.3, listed_delay=0.3)

TRUST = Trust(frozenset({os.geteuid(), 0}))

CLUSTERS = Clusters(OsClock())

MOUNTINFO = r"""
25 0 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
40 25 0:40 / /home rw,relatime - nfs4 server:/home rw,vers=4.2,hard,proto=tcp
41 40 0:41 / /home/with\040blank rw - lustre mgs@tcp:/scratch rw,flock
42 25 0:42 / /short rw - nfs server:/short rw,vers=3,soft,lookupcache=positive
43 25 0:43 / /long rw - nfs server:/long rw,vers=3,acregmax=600,acdirmax=600
44 25 0:44 / /late rw - nfs server:/late rw,vers=3,nocto
"""


class Refusing(OsFiles):
    """A folder on a file system without hard links."""

    def link(self, old, new):
        raise LinksRefusedError(errno.ENOTSUP, os.strerror(errno.ENOTSUP), new)


class Forgetful(OsFiles):
    """A folder in which what was there before is replaced without a word."""

    def write(self, path, parts):
        self.remove(path)
        super().write(path, parts)


class Stale(OsFiles):
    """A folder that shows of each rewritten file what it held first."""

    def rewrite(self, path, data):
        pass


class Blind(OsFiles):
    """A folder that shows of all names only those that were there at the start: none."""

    def names(self, folder):
        return []


class Slow(OsFiles):
    """A folder in which a write takes a second of the clock it is given."""

    def __init__(self, root, clock):
        super().__init__(root)
        self.clock = clock

    def write(self, path, parts):
        self.clock.sleep(1)
        super().write(path, parts)


def tried(files):
    return {finding.topic: finding for finding in promises.examine(files, HandClock())}


def worst(findings):
    return {finding.topic for finding in findings if finding.verdict is Verdict.FAILURE}


@pytest.fixture
def subject(tmp_path):
    return Subject(tmp_path, Pace(), scheduler="local")


@pytest.fixture
def small_disk(tmp_path, give_up):
    place = tmp_path / "small"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", place], capture_output=True).returncode:
        give_up("mounting a small file system needs root")
    yield place
    subprocess.run(["umount", place], check=True)


def test_nothing_is_wrong_with_a_folder_of_this_machine(subject):
    assert worst(examine(subject, CLUSTERS, OsClock())) == set()


def test_an_examination_leaves_nothing_behind(subject):
    list(examine(subject, CLUSTERS, OsClock()))
    assert list(subject.jugdir.iterdir()) == []


def test_a_jugdir_that_is_not_there_yet_is_not_made(subject):
    later = replace(subject, jugdir=subject.jugdir / "not" / "there")
    assert worst(examine(later, CLUSTERS, OsClock())) == set()
    assert list(subject.jugdir.iterdir()) == []


def test_a_store_is_found_and_still_usable_after_the_examination(subject):
    shards = make_store(subject.jugdir, 2000, "1", Pace()).shards
    before = sorted(subject.jugdir.rglob("*"))
    found = {finding.topic: finding for finding in examine(subject, CLUSTERS, OsClock())}
    assert f"a store of {shards} shards" in found["jugdir"].fact
    assert sorted(subject.jugdir.rglob("*")) == before


def test_a_folder_that_belongs_to_something_else_is_a_failure(subject):
    (subject.jugdir / "thesis.tex").touch()
    assert worst(examine(subject, CLUSTERS, OsClock())) == {"jugdir"}


def test_a_read_only_place_is_a_failure(small_disk, subject):
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    found = {finding.topic: finding for finding in examine(replace(subject, jugdir=small_disk), CLUSTERS, OsClock())}
    assert found["folder"].verdict is Verdict.FAILURE
    assert "Read-only" in found["folder"].fact


def test_a_full_disk_is_a_failure_that_asks_for_room(small_disk, subject):
    (small_disk / "big").write_bytes(bytes(64 << 10))
    found = {finding.topic: finding for finding in examine(replace(subject, jugdir=small_disk), CLUSTERS, OsClock())}
    assert found["free space"].verdict is Verdict.FAILURE
    assert found["durable writes"].advice.startswith("Make room")
    assert [path.name for path in small_disk.iterdir()] == ["big"]


def test_refused_hard_links_are_only_a_warning(tmp_path):
    found = tried(Refusing(tmp_path))
    assert found["hard links"].verdict is Verdict.WARNING
    assert worst(found.values()) == set()


def test_a_file_system_that_replaces_what_is_there_is_a_failure(tmp_path):
    assert worst(tried(Forgetful(tmp_path)).values()) == {"exclusive files"}


def test_rewritten_files_that_show_old_content_are_a_failure(tmp_path):
    assert worst(tried(Stale(tmp_path)).values()) == {"hard links", "rewriting"}


def test_stale_listings_are_a_failure(tmp_path):
    assert "listings" in worst(tried(Blind(tmp_path)).values())


def test_slow_writes_are_a_warning(tmp_path):
    clock = HandClock()
    first = next(promises.examine(Slow(tmp_path, clock), clock))
    assert first.verdict is Verdict.WARNING
    assert "1000.0 ms" in first.fact


def test_a_template_that_does_not_render_is_a_failure(subject, tmp_path):
    site = tmp_path / "site"
    (site / "local").mkdir(parents=True)
    (site / "local" / "array.sh.j2").write_text("{{ job.nonsense }}")
    found = examine(replace(subject, jugdir=tmp_path / "new", templates=site), CLUSTERS, OsClock())
    assert worst(found) == {"templates"}


def test_a_folder_lies_on_the_mount_with_the_longest_name():
    assert mounts.mount_of(Path("/home/me"), MOUNTINFO).kind == "nfs4"
    assert mounts.mount_of(Path("/homework"), MOUNTINFO).kind == "ext4"
    assert mounts.mount_of(Path("/home/with blank/x"), MOUNTINFO).kind == "lustre"


def test_a_cache_lies_for_a_minute_unless_an_option_says_more():
    assert mounts.mount_of(Path("/short"), MOUNTINFO).cache == 60
    assert mounts.mount_of(Path("/long"), MOUNTINFO).cache == 600


@pytest.mark.parametrize(("folder", "word"), [("/short", "soft"), ("/long", "600 s"), ("/late", "nocto")])
def test_mount_options_that_matter_are_told(folder, word):
    finding = mounts.judge_options(mounts.mount_of(Path(folder), MOUNTINFO), 60.0)
    assert finding.verdict is Verdict.WARNING
    assert word in finding.fact


def test_a_local_file_system_is_a_warning_where_workers_run_elsewhere():
    mount = mounts.mount_of(Path("/"), MOUNTINFO)
    assert mounts.judge_kind(mount, alone=False).verdict is Verdict.WARNING
    assert mounts.judge_kind(mount, alone=True).verdict is Verdict.OK


def test_a_file_system_that_nobody_knows_is_a_warning_also_for_who_works_alone():
    mount = replace(mounts.mount_of(Path("/"), MOUNTINFO), kind="strangefs")
    assert mounts.judge_kind(mount, alone=True).verdict is Verdict.WARNING
    assert mounts.judge_kind(replace(mount, kind="lustre"), alone=False).verdict is Verdict.OK


def test_only_mount_options_that_say_something_are_shown():
    assert "soft" in mounts.judge_kind(mounts.mount_of(Path("/short"), MOUNTINFO), alone=False).fact
    assert "relatime" not in mounts.judge_kind(mounts.mount_of(Path("/"), MOUNTINFO), alone=True).fact


def test_what_is_mounted_may_not_be_known():
    assert mounts.judge_kind(None, alone=True).verdict is Verdict.WARNING


def test_guests_on_hosts_whose_clocks_differ_meet_and_win_each_name_once():
    stage = Stage()
    disk = Disk(lambda: stage.time)
    for number in range(3):
        files, clock = SimFiles(Client(disk), Orders()), SimClock(stage, 1000.0 * number, 1.0, lambda: None)
        guest = Guest(number, 3, f"host{number}", 0.0)
        stage.spawn(guest.host, partial(attend, files, clock, guest, 60.0), delay=number)
    stage.run(lambda: False)
    found = reports(SimFiles(Client(disk), Orders()))
    assert [report.met for report in found] == [True] * 3
    assert sum(report.won for report in found) == PRIZES
    assert all(report.read_delay < 5 and report.listed_delay < 5 for report in found)
    assert all(finding.verdict is Verdict.OK for finding in judge(found, lag=60.0))


@pytest.mark.local
def test_guests_in_one_folder_meet_and_win_each_name_once(tmp_path):
    files, clock = OsFiles(tmp_path), OsClock()
    guests = [Guest(number, 2, f"host{number}", 0.0) for number in range(2)]
    threads = [threading.Thread(target=attend, args=(files, clock, guest, 20.0)) for guest in guests]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(finding.verdict is Verdict.OK for finding in judge(reports(files), lag=60.0))


def test_a_guest_that_stays_alone_says_so(tmp_path):
    files = OsFiles(tmp_path)
    attend(files, HandClock(), Guest(0, 2, "a", 0.0), patience=5.0)
    assert [report.met for report in reports(files)] == [False]


def test_hosts_that_do_not_see_each_other_are_a_failure():
    assert worst(judge([REPORT, replace(REPORT, number=1, met=False)], lag=60.0)) == {"second host"}


def test_a_name_won_twice_is_a_failure():
    assert worst(judge([REPORT, replace(REPORT, host="b", won=1)], lag=60.0)) == {"claims"}


def test_news_later_than_workers_reckon_with_is_a_failure():
    other = replace(REPORT, host="b", won=0, read_delay=130.0)
    assert worst(judge([REPORT, other], lag=60.0)) == {"news"}


def test_elements_on_one_host_are_a_warning():
    verdicts = {finding.topic: finding.verdict for finding in judge([REPORT, replace(REPORT, won=0)], lag=60.0)}
    assert verdicts["second host"] is Verdict.WARNING


def test_clocks_that_differ_are_a_warning_that_names_them():
    found = judge([REPORT, replace(REPORT, host="b", won=0, ahead=-100.0)], lag=60.0)
    clocks = {finding.topic: finding for finding in found}["clocks"]
    assert clocks.verdict is Verdict.WARNING
    assert "b +100.0 s" in clocks.fact


@pytest.fixture
def doctor(tmp_path):
    """Return what runs `jughpc doctor` in a folder of its own and returns code and output."""
    environ = {key: value for key, value in os.environ.items() if not key.startswith("JUGHPC_")}
    environ |= {"HOME": str(tmp_path / "home"), "XDG_STATE_HOME": str(tmp_path / "state")}
    (here := tmp_path / "here").mkdir()

    def run(*argv):
        command = [sys.executable, "-m", "jughpc", "doctor", "--scheduler", "local", *argv]
        done = subprocess.run(command, cwd=here, env=environ, capture_output=True, text=True, timeout=120, check=False)
        assert not done.stderr
        assert list(here.iterdir()) == []
        return done.returncode, done.stdout

    return run


@pytest.mark.local
def test_the_command_prints_a_line_for_each_finding(doctor):
    code, text = doctor()
    assert code == 0
    assert {"python", "scheduler", "templates", "jugdir", "clock"} <= {line.split()[1] for line in text.splitlines()}


@pytest.mark.local
def test_the_command_fails_and_says_what_to_do_where_a_promise_is_broken(doctor, tmp_path):
    (other := tmp_path / "other").mkdir()
    (other / "thesis.tex").touch()
    code, text = doctor("--jugdir", str(other))
    assert code == 1
    assert "Name another folder with --jugdir" in text


@pytest.mark.local
def test_the_projects_own_folder_is_no_broken_jugdir_and_stays_as_it_is(tmp_path):
    (tmp_path / "jugfile.py").touch()
    subject = Subject(tmp_path, Pace(), scheduler="local", is_project=True)
    found = {finding.topic: finding for finding in examine(subject, CLUSTERS, OsClock())}
    assert (found["jugdir"].verdict, "jugdirs are made in it" in found["jugdir"].fact) == (Verdict.OK, True)
    assert [path.name for path in tmp_path.iterdir()] == ["jugfile.py"]


def test_a_folder_that_anybody_may_write_is_warned_of(tmp_path):
    assert next(neighbours.examine(tmp_path, TRUST)).verdict is Verdict.OK
    tmp_path.chmod(0o777)
    found = next(neighbours.examine(tmp_path / "absent", TRUST))
    assert (found.verdict.value, "anybody may write it" in found.fact) == ("warning", True)
    assert "jughpc trust" in found.advice


@pytest.mark.local
def test_the_command_prints_json_with_facts_and_advice(doctor):
    _, text = doctor("--json")
    assert all(set(finding) == {"topic", "verdict", "fact", "advice"} for finding in json.loads(text))


@pytest.mark.local
def test_two_elements_of_a_job_meet_and_report(doctor):
    code, text = doctor("--array", "2", "--json")
    facts = {finding["topic"]: finding["fact"] for finding in json.loads(text)}
    assert code == 0
    assert facts["claims"].endswith("each by one")
    assert "all elements ran on" in facts["second host"]


@pytest.mark.local
def test_an_element_that_cannot_start_is_told_with_its_own_words(doctor, tmp_path):
    site = tmp_path / "site" / "local"
    site.mkdir(parents=True)
    (site / "array.sh.j2").write_text("#!/bin/bash\necho no such module: python >&2\nexit 3\n")
    (tmp_path / "home" / ".config").mkdir(parents=True)
    (tmp_path / "home" / ".config" / "jughpc.yaml").write_text(f"templates: {site.parent}\n")
    code, text = doctor("--array", "2")
    assert code == 1
    assert "no such module: python" in text


@pytest.mark.parametrize(
    ("mask", "verdict", "words"),
    [
        (0o022, Verdict.OK, "your group may read what you make, others may read it"),
        (0o077, Verdict.OK, "your group sees nothing of what you make, others see nothing of it"),
        (0o002, Verdict.OK, "your group may write what you make, others may read it"),
        (0o000, Verdict.WARNING, "lets anybody write"),
        (0o777, Verdict.WARNING, "takes from you"),
    ],
)
def test_it_is_told_what_the_umask_lets_others_do(mask, verdict, words):
    finding = ageing.judge_umask(mask)
    assert (finding.verdict, words in finding.fact) == (verdict, True)


@pytest.mark.parametrize(
    "place", ["/scratch/me", "/lustre/scratch2/me/x", "/gscratch/me", "/tmp/me", "/data/LSCRATCH/x"]
)
def test_a_folder_that_is_called_as_what_is_purged_is_a_warning(place):
    assert ageing.judge_purge(Path(place), None).verdict is Verdict.WARNING


@pytest.mark.parametrize("place", ["/home/me", "/work/me", "/data/scratchpad", "/projects/template/x"])
def test_of_any_other_folder_no_more_is_said_than_is_known(place):
    finding = ageing.judge_purge(Path(place), None)
    assert (finding.verdict, "your site" in finding.fact) == (Verdict.OK, True)


def test_what_becomes_of_times_of_access_is_told_of_what_may_be_purged():
    mount = mounts.mount_of(Path("/"), MOUNTINFO)
    assert "relatime" in ageing.judge_purge(Path("/scratch"), mount).fact
    assert "noatime" in ageing.judge_purge(Path("/scratch"), replace(mount, options={"noatime": ""})).fact
