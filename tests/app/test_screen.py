"""What a look says at a glance: bars, pace and ETA, what is wrong, and the next step."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from jughpc.app.context.target import named
from jughpc.app.status.outlook import Crew, outlook
from jughpc.app.status.overview import expected
from jughpc.app.status.report import report
from jughpc.app.status.step import next_step
from jughpc.app.status.tasks import standing
from jughpc.cli.output.bars import ASCII, Signs, drawn, signs
from jughpc.cli.output.brief import brief, with_bar
from jughpc.cli.output.screen import rows
from jughpc.cli.output.status import facts
from jughpc.cli.output.workers import living
from jughpc.store.failure import Failure
from jughpc.store.location import Folder
from jughpc.store.measures import Sums
from jughpc.units import about

HUNDRED = """
from jug import TaskGenerator
f = TaskGenerator(abs)
xs = [f(i) for i in range(100)]
"""

MANY = """
from jug import TaskGenerator

def step(number):
    def work(x):
        return x
    work.__name__ = work.__qualname__ = f"step_{number:02}_with_a_name_that_is_much_longer_than_any_column_may_be"
    return TaskGenerator(work)

tasks = [step(number)(k) for number in range(50) for k in range(3)]
"""

CHAIN = """
from jug import TaskGenerator

@TaskGenerator
def link(x):
    return x

chain = [link(0)]
for _ in range(9):
    chain.append(link(chain[-1]))
"""


def worker(lab, name, *, done, lasted, in_hand=0.0, task="sums.single"):
    """Have a worker live that finished `done` tasks in `lasted` s, the last `in_hand` of which it had one in hand."""
    life = lab.life(name)
    since = 1000.0 + lasted - in_hand if in_hand else 0.0
    told = {"begun": 1000.0, "beaten": 1000.0 + lasted, "since": since, "task": task if in_hand else ""}
    life.record = replace(life.record, done=done, beats=life.record.beats + 1, **told)
    lab.store.beat(life.record)
    return life


def ahead(lab):
    return outlook(standing(lab.site))


# pace


def test_an_eta_rests_on_the_time_that_the_live_workers_take_for_a_task(labs):
    lab = labs(text=HUNDRED).begin()
    lab.done(*sorted(lab.all())[:20])
    worker(lab, "node1", done=10, lasted=100.0)
    worker(lab, "node2", done=10, lasted=100.0)
    found = ahead(lab)
    assert (found.each, found.rate, found.eta) == (10.0, 0.2, 400.0)
    assert "12 tasks a minute, 10s of a worker's time each\nETA 6m40s, at " in lab.screen()
    assert "with 2 live workers" in lab.screen()


def test_the_last_tasks_take_a_tasks_time_however_many_workers_there_are(labs):
    lab = labs(text=HUNDRED).begin()
    lab.done(*sorted(lab.all())[:98])
    for number in range(4):
        worker(lab, f"node{number}", done=2, lasted=20.0)
    assert ahead(lab).eta == 10.0


@pytest.mark.parametrize(
    ("workers", "words"),
    [
        ([], "nobody works on it"),
        ([{"done": 4, "lasted": 40.0}], "too early to tell, 4 tasks were finished"),
        ([{"done": 5, "lasted": 100.0, "in_hand": 60.0}], "too early to tell, 5 tasks were finished"),
        ([{"done": 5, "lasted": 0.0}], "too early to tell, 5 tasks were finished"),
    ],
    ids=["nobody", "too few", "a task that takes longer than all before", "no time"],
)
def test_before_enough_is_known_that_is_said_and_no_eta(lab, workers, words):
    lab.begin().done(*lab.digests("single")[:2])
    for one in workers:
        worker(lab, "node1", **one)
    assert ahead(lab).eta is None
    assert f"no ETA: {words}" in lab.screen()


def took(**functions):
    """Return measurements: `name=(count, mean, longest)`."""
    return {
        f"sums.{name}": Sums(count, wall=count * mean, most=most) for name, (count, mean, most) in functions.items()
    }


def test_where_the_live_workers_have_done_too_little_what_such_tasks_took_tells_the_eta(lab):
    lab.begin().done(*lab.digests("single"))
    worker(lab, "node1", done=1, lasted=50.0)
    worker(lab, "node2", done=0, lasted=50.0, in_hand=20.0, task="sums.double")
    found = outlook(standing(lab.site), took(double=(5, 30.0, 40.0)))
    assert (found.eta, found.is_by_tasks, found.unknown, found.why) == (60.0, True, ["sums.total"], "")


@pytest.mark.parametrize(
    "measured",
    [{}, {"double": (4, 30.0, 40.0)}, {"double": (5, 10.0, 19.0)}, {"single": (9, 1.0, 1.0)}],
    ids=["nothing", "too few", "shorter than what is in hand", "other functions alone"],
)
def test_no_eta_rests_on_too_few_tasks_nor_on_shorter_ones(lab, measured):
    lab.begin().done(*lab.digests("single"))
    worker(lab, "node2", done=0, lasted=50.0, in_hand=20.0, task="sums.double")
    found = outlook(standing(lab.site), took(**measured))
    assert (found.eta, found.is_by_tasks) == (None, False)
    assert found.why.startswith("too early")


def test_a_wait_and_a_watch_tell_the_same_eta_as_a_status(lab):
    singles = lab.begin().digests("single")
    lab.done(*lab.digests("double"), *singles[:2]).measured("life", 1.0, [bytes([i]) * 16 for i in range(5)])
    worker(lab, "node1", done=0, lasted=5.0)
    seen = lab.seen()
    assert seen.outlook.is_by_tasks
    assert expected(lab.site, seen.report) == seen.outlook
    assert ", ETA 1m" in brief(seen.report, seen.outlook, seen.when)


@pytest.mark.parametrize(("width", "bar"), [(200, 20), (60, 12), (53, 5), (52, 0)])
def test_a_line_of_progress_fits_its_terminal_and_the_bar_takes_what_is_left(lab, width, bar):
    seen = lab.begin().seen()
    line = str(with_bar(seen.report, seen.outlook, seen.when, ASCII, width))
    assert len(line) <= width
    assert line.count(".") == bar
    assert brief(seen.report, seen.outlook, seen.when) in line


def test_the_table_tells_the_mean_time_of_each_function_that_was_measured(lab):
    seen = replace(lab.begin().seen(), took=took(double=(5, 30.0, 40.0)))
    head, *lines = [line.split() for line in map(str, rows(seen, 80, ASCII)) if "double" in line or "done  of" in line]
    assert head[-1] == "each"
    assert lines[0][-1] == "30s"


def test_functions_of_which_nothing_was_done_yet_are_named_beside_the_eta(lab):
    lab.begin().done(*lab.digests("single")[:3], *lab.digests("double")[:3])
    worker(lab, "node1", done=6, lasted=60.0)
    found = ahead(lab)
    assert (found.unknown, found.eta) == (["sums.total"], 20.0)
    assert "but for sums.total, of which none was done yet" in lab.screen()


def test_what_was_done_of_other_functions_alone_tells_no_eta(lab):
    lab.begin().done(*lab.digests("single"))
    worker(lab, "node1", done=6, lasted=60.0)
    assert ahead(lab).eta is None
    assert "no ETA: too little is known yet of sums.double, sums.total" in lab.screen()


def test_what_waits_for_a_failure_is_not_counted_as_left(labs):
    lab = labs(text=CHAIN).begin()
    chain = lab.digests("link")
    lab.done(*chain[:2]).failed(chain[2], "sums.link")
    found = ahead(lab)
    assert (found.left, found.blocked, found.why) == (0, 7, "")
    assert "7 tasks blocked: what failed is needed first" in lab.screen()


def test_the_eta_of_functions_with_workers_of_their_own_is_that_of_those_who_need_longest(lab):
    lab.begin()
    worker(lab, "node1", done=100, lasted=100.0)
    worker(lab, "node2", done=100, lasted=100.0)
    measured = took(single=(9, 10.0, 10.0), double=(9, 100.0, 100.0), total=(9, 1.0, 1.0))
    small, large = Crew("default", 2), Crew("mem=64G", 1)
    crews = {"sums.single": small, "sums.double": large, "sums.total": small}
    found = outlook(standing(lab.site), measured, crews)
    assert (found.eta, found.is_by_tasks) == (400.0, True)
    nobody = outlook(standing(lab.site), measured, {**crews, "sums.double": Crew("mem=64G", 0)})
    assert (nobody.eta, nobody.why) == (None, "nobody who runs sums.double has begun")


def test_that_others_take_over_what_the_dead_held_is_said_while_they_hold_anything(lab):
    digest = lab.begin().digests("single")[1]
    worker(lab, "node1", done=1, lasted=90.0).dies()
    assert "1 dead worker" in lab.screen()
    assert "take over" not in lab.screen()
    worker(lab, "node2", done=1, lasted=90.0).claim(digest).dies()
    assert "Others take over what they held" in lab.screen()
    assert lab.seen().report.standing.holding == 1


def test_the_dead_are_told_with_what_they_cost(lab):
    lab.begin()
    worker(lab, "node1", done=1, lasted=90.0, in_hand=60.0).dies("out of memory")
    assert "1 dead worker on node1: out of memory. They cost 1m on 1 task in hand." in lab.screen()
    assert lab.seen().lost == 60.0


@pytest.mark.parametrize("odd", [1e18, -1e18, 0.0])
@pytest.mark.parametrize("field", ["begun", "beaten", "since"])
def test_whatever_stands_in_a_record_of_a_worker_is_shown(lab, field, odd):
    lab.begin().done(*lab.digests("single"))
    life = worker(lab, "node1", done=6, lasted=60.0, in_hand=5.0)
    life.record = replace(life.record, beats=9, **{field: odd})
    lab.store.beat(life.record)
    assert "node1" in lab.screen()
    life.dies()
    assert "1 dead worker on node1" in lab.screen()


@pytest.mark.parametrize(("seconds", "words"), [
    (0.0, "0ms"), (0.0004, "0.4ms"), (0.0251, "25ms"), (0.3, "0.3s"), (9.97, "10s"), (59.9, "1m"), (599.0, "9m59s"),
    (3599.0, "1h"), (5400.0, "1h30m"), (200_000.0, "2d8h"), (1e308, "for ever"), (float("nan"), "for ever"),
])  # fmt: skip
def test_a_time_is_told_by_its_two_largest_units(seconds, words):
    assert about(seconds) == words


# what went wrong


def test_failures_that_are_alike_are_one_line_with_the_first_call(lab):
    for number, digest in enumerate(lab.begin().digests("single")):
        words = "ZeroDivisionError: division by zero" if number else "OSError: no"
        call = f"sums.single({number})"
        lab.store.fail(Failure(digest, "sums.single", words, "", "life", "node1", "", 100.0 - number, call=call))
    lines = lab.screen().partition("4 tasks failed:\n")[2].splitlines()
    assert lines[:2] == [
        "  3 x ZeroDivisionError: division by zero, first in sums.single(3)",
        "  1 x OSError: no, first in sums.single(0)",
    ]


def test_of_many_failures_a_few_are_read_and_that_is_said(labs):
    lab = labs(text=HUNDRED.replace("100", "300")).begin()
    for digest in lab.all():
        lab.failed(digest)
    assert "300 tasks failed, of which 200 were looked at:\n  200 x ValueError: no, first in" in lab.screen()


def test_elements_that_ended_badly_are_told_with_what_they_had_in_hand(lab):
    token = lab.submit(size=2).submission.token
    lab.clock.sleep(5)
    for element, digest in enumerate(lab.digests("single")[:2]):
        lab.life(f"node{element}", element, token=token).runs(digest, "sums.single").dies()
    lab.exit(9)
    lab.clock.sleep(5)
    (group,) = report(lab.site, lab.clusters).groups
    first = lab.digests("single")[0].hex()[:8]
    assert group.in_hand[0] == f"sums.single ({first})"
    assert f"      in hand: sums.single ({first}); sums.single (" in lab.screen()


# the next step


def test_the_last_line_is_the_command_that_helps_most(lab):
    def last():
        return next_step(report(lab.site, lab.clusters)).command

    assert last().startswith("jughpc submit ")
    lab.submit(size=2, reduce=lab.reduce_script())
    lab.clock.sleep(5)
    assert last().startswith("jughpc status ")
    lab.failed(lab.digests("single")[0])
    assert last().startswith("jughpc failures ")
    lab.store.remove(lab.all())
    lab.engine.jobs.clear()
    assert last().startswith("jughpc resubmit ")
    lab.all_done()
    assert "sums_reduce.py" in last()
    assert last().startswith("jughpc reduce ")


def test_elements_that_ended_badly_are_asked_why_before_others_follow(lab):
    lab.submit(size=2)
    lab.clock.sleep(5)
    lab.exit(9)
    lab.clock.sleep(5)
    lab.exit(3)
    lab.clock.sleep(5)
    found = next_step(report(lab.site, lab.clusters))
    assert found.command.endswith(" --element 0-1")
    assert "resubmit" in found.why


def test_once_all_is_done_the_results_are_at_hand(lab):
    assert next_step(report(lab.begin().all_done().site, lab.clusters)).command.startswith("jughpc shell ")


def test_a_command_names_what_would_not_be_found_by_itself(lab, tmp_path):
    target = replace(lab.site.target, jugfile=Path("my sums.py"), location=Folder(tmp_path), args=("a b",))
    assert named(target) == f" --jugdir {tmp_path} 'my sums.py' 'a b'"
    assert named(replace(target, chosen="the one last used", args=())) == ""
    assert named(replace(target, jugfile=Path("sums.py"), location=Folder(Path("sums.jugdata")), args=())) == " sums.py"


# room


@pytest.mark.parametrize("width", [80, 200])
def test_fifty_functions_of_long_names_are_one_screen_of_any_width(labs, width):
    lab = labs(text=MANY).begin()
    lab.failed(lab.digests("step_33_with_a_name_that_is_much_longer_than_any_column_may_be")[0])
    lines = lab.screen(width=width).replace(f"{lab.tmp_path}/", "").splitlines()
    assert len(lines) < 25
    assert [line for line in lines[:-1] if len(line) > width] == []
    assert any("step_33" in line for line in lines)
    assert "... and 40 more functions, 120 ready; --full shows them" in lines
    assert sum("step_" in line for line in lab.screen(full=True).splitlines()) >= 50


def test_of_many_workers_those_are_shown_that_are_longest_at_one_task(lab):
    lab.begin()
    records = [worker(lab, f"node{n}", done=1, lasted=100.0, in_hand=n + 1.0).record for n in range(30)]
    lines = [str(one) for one in living(records)]
    assert lines[0] == "30 live workers, those longest at one task:"
    assert "node29" in lines[2]
    assert lines[-1] == "  ... and 22 more; --full shows them"
    assert len(list(living(records, full=True))) == 32


def test_a_bar_is_only_whole_if_all_is_and_shows_whatever_there_is():
    def bar(*counts):
        return "".join(text for text, _ in drawn(counts, 10, ASCII))

    assert bar(0, 0, 0, 999, 1) == "#########+"
    assert bar(1, 0, 0, 999, 0) == "#########x"
    assert bar(0, 0, 1, 999, 0) == "#########."
    assert bar(0, 0, 0, 1000, 0) == "##########"
    assert bar(0, 0, 0, 1, 999) == "#+++++++++"
    assert bar(0, 0, 0, 0, 0) == ".........."


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", None, "no such"])
def test_bars_are_of_signs_that_the_stream_can_show(encoding):
    assert (signs(encoding), signs("utf-8")) == (ASCII, Signs())


# JSON


def keys(value, path=""):
    """Yield the names of all fields."""
    for key, one in value.items():
        yield key
        if isinstance(one, dict) and key not in ("by_name", "elements", "followers", "functions", "took"):
            yield from keys(one)
        if isinstance(one, list) and one and isinstance(one[0], dict):
            yield from keys(one[0])


def test_each_field_of_the_json_is_documented(lab):
    token = lab.submit(size=2, reduce=lab.reduce_script()).submission.token
    lab.clock.sleep(5)
    lab.failed(lab.digests("single")[0]).life("node1", 0, token=token)
    lab.life("node2", 1, token=token).runs(lab.digests("single")[1], "sums.single").dies()
    lab.exit(9, 1)
    lab.clock.sleep(5)
    page = (Path(__file__).parents[2] / "docs" / "status.md").read_text()
    assert [key for key in keys(facts(lab.seen())) if f"`{key}`" not in page] == []
