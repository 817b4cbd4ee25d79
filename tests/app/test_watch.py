"""The status again and again: no jugfile is run, the scheduler seldom asked, nobody dead by old news."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jughpc.app.status.overview import overview
from jughpc.app.status.watch import ASKED, NeverLoaded, Watch
from jughpc.app.submit.wait import Waited
from jughpc.batch.scheduler import Role, State
from jughpc.batch.submissions import Accepted
from jughpc.cli.output.submit import ended, left_alone
from jughpc.cli.watching import watch
from jughpc.errors import UsageError


def looks(lab):
    return Watch(lab.site, lab.clusters, NeverLoaded(lab.site), holds=ASKED)


@pytest.fixture
def counted(lab):
    """Return a jugfile that tells by a file how often it was run; a submission of it waits for its elements' start."""
    lab.runs = lab.tmp_path / "runs"
    lab.runs.write_text("")
    lab.jugfile.write_text(f"with open({str(lab.runs)!r}, 'a') as runs:\n    runs.write('x')\n{lab.text}")
    lab.submit(size=2)
    lab.runs.write_text("")
    return lab


def test_a_watch_runs_no_jugfile_and_shows_what_workers_loaded(counted):
    several = looks(counted)
    counted.done(*counted.digests("single"))
    counted.runs.write_text("")
    counts = [several.report().standing.unfinished for _ in range(3)]
    assert (counts, counted.runs.read_text()) == ([5, 5, 5], "")


def test_a_watch_shows_what_was_until_somebody_has_loaded_what_was_edited(counted):
    several = looks(counted)
    several.report()
    counted.jugfile.write_text("raise SystemExit('not run')")
    assert len(several.report().standing.manifest) == 9


def test_a_watch_of_what_nobody_ever_loaded_says_what_to_do(lab):
    with pytest.raises(UsageError, match="submit or execute it"):
        looks(lab).report()


def test_a_watch_asks_the_scheduler_once_in_a_quarter_of_a_minute(counted):
    several = looks(counted)
    counted.commands.clear()
    for _ in range(30):
        several.report()
        counted.clock.sleep(2)
    assert len(counted.commands) == 4


def test_who_began_since_the_scheduler_was_asked_is_not_taken_for_dead(labs):
    lab = labs(slots=0)
    token = lab.submit(size=1).submission.token
    several = looks(lab)
    several.report()
    lab.life("node1", 0, token=token)
    assert [record.host for record in several.report().standing.workers] == ["node1"]


def test_failures_are_read_again_only_if_others_failed(counted):
    counted.failed(counted.digests("single")[0])
    several = looks(counted)
    first = overview(counted.site, several.report())
    assert overview(counted.site, several.report(), first).worst is first.worst
    counted.failed(counted.digests("single")[1])
    assert overview(counted.site, several.report(), first).read == 2


def test_where_nobody_sees_it_a_watch_is_a_line_each_time_and_ends_with_the_work(counted, capsys):
    counted.stage.at(12, counted.all_done)
    counted.stage.at(22, lambda: counted.exit(0))
    counted.stage.at(40, lambda: counted.exit(0))
    assert watch(counted.site, counted.clusters, None, 5.0, full=False).is_well
    lines = [line.partition(" ")[2] for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == "0 %, 0 of 9 tasks done, nobody works on it yet"
    assert lines[-1] == "100 %, 9 of 9 tasks done"
    assert len(lines) > 5


# the end of a wait


@pytest.mark.parametrize("lines", [29, 30, 31, 100_000])
def test_at_most_thirty_lines_of_a_log_are_shown_and_it_is_said_where_the_others_are(tmp_path, lines):
    log = tmp_path / "reduce.log"
    log.write_text("".join(f"line {n}\n" for n in range(lines)))
    job = Accepted(Role.REDUCE, "7", "name", 1, 0, "reduce.sh")
    shown = "\n".join(ended(Waited(State.DONE, [(job, log)]))).splitlines()
    assert shown[1] == f"reduce (7), {log}:"
    assert shown[-1] == f"line {lines - 1}"
    assert sum(line.startswith("line ") for line in shown) == min(lines, 30)
    assert ("(its last 30 lines)" in shown) == (lines > 30)


def test_a_job_that_wrote_nothing_is_told_so(tmp_path):
    job = Accepted(Role.REDUCE, "7", "name", 1, 0, "reduce.sh")
    assert "(it wrote nothing)" in next(ended(Waited(State.DONE, [(job, tmp_path / "none.log")])))


def test_who_stops_to_wait_is_told_that_it_goes_on_and_how_to_come_back(lab):
    done = lab.submit(size=1)
    words = "\n".join(left_alone(replace(done.submission, number=3)))
    assert "Submission 3 goes on without this command.\n`jughpc status --watch`" in words
