"""The page of what work took: whole without any network, escaped, readable without looking."""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from jughpc.app.accounts.account import Account
from jughpc.app.accounts.usage import Asked, by_element, by_host
from jughpc.app.context.target import Target
from jughpc.app.status.alike import alike
from jughpc.cli.output.accounts import as_json
from jughpc.store.failure import Failure
from jughpc.store.location import Memory
from jughpc.store.measures import Long, Measures, Slot, Summary, Sums, decode, encode, together
from jughpc.web.account import account_page
from jughpc.web.charts import Band, bars, lanes, overlaid, spark, stacked

EVIL = "<script>alert(1)</script>&\"'\x1b[2J"
VOID = {"meta", "br", "link", "input"}


class Checker(HTMLParser):
    """Fails if tags are not closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag, attrs):
        self.tags[tag] += 1
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags[tag] += 1
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def checked(page):
    checker = Checker()
    checker.feed(page)
    checker.close()
    assert checker.open == []
    return checker


def measured(life="0badcafe-0-0-node1-1", functions=2):
    names = [f"{EVIL}{number}" for number in range(functions)]
    sums = {name: Sums(3, 1, 60.0, 30.0, 10.0, 30.0, 1 << 30, Counter({4: 2, 5: 1})) for name in names}
    slots = [Slot(name, 20, 3.0, 60.0) for name in names]
    tasks = [Long(name, "0" * 12, 5.0, 20.0, 10.0, 1 << 30, False) for name in names]
    found = decode(encode(Measures(Summary(life, EVIL, 1e9, 1e9 + 100, 60.0, 1 << 30, sums), 1.0, slots, tasks)), life)
    assert found is not None
    return found


def page_of(lives, target):
    functions = together(one.summary for one in lives)
    failure = Failure(b"x" * 16, EVIL, f"ValueError: {EVIL}", f"Traceback\n{EVIL}", "life", EVIL, "", 1e9, call=EVIL)
    asked = Asked(1, EVIL, 1e9, 4, 1, 2, 2 << 30, 3600.0)
    hosts = by_host(lives, {EVIL: 1}, functions)
    return Account(target, 1e9, asked, lives, functions, {}, by_element(lives), hosts, 1, alike([failure]), ())


@pytest.fixture
def target(tmp_path):
    return Target(tmp_path / "jugfile.py", Memory())


@pytest.mark.parametrize("functions", [1, 20])
def test_nothing_from_elsewhere_is_taken_for_html_and_every_tag_is_closed(target, functions):
    lives = [measured(f"0badcafe-{n}-0-node1-{n}", functions) for n in range(60)]
    page = account_page(page_of(lives, target))
    found = checked(page)
    assert found.tags["script"] == 0
    assert "\x1b" not in page
    assert found.tags["table"] >= 4


def test_a_page_asks_for_nothing_from_elsewhere(target):
    found = checked(account_page(page_of([measured()], target)))
    assert [value for name, value in found.attributes if name in ("src", "href", "action", "data")] == []
    assert not re.search(r"url\(|@import|https?:", account_page(page_of([measured()], target)))


def test_every_plot_says_in_words_what_it_shows_and_has_a_heading(target):
    page = account_page(page_of([measured()], target))
    for svg in re.findall(r"<svg.*?</svg>", page, re.DOTALL):
        assert "<title>" in svg or 'aria-hidden="true"' in svg
    assert checked(page).tags["h1"] == 1


def test_a_page_of_nothing_says_so(target):
    empty = Account(target, 1e9, None, [], {}, {}, [], [], 0, [], [])
    assert "No worker has measured anything yet" in account_page(empty)
    checked(account_page(empty))
    assert as_json(empty)["timeline"] is None


def test_the_json_has_what_the_page_shows(target):
    told = as_json(page_of([measured(functions=1)], target))
    (function,) = told["functions"].values()
    assert (function["count"], function["failed"], function["mean"], function["times"]) == (
        3,
        1,
        20.0,
        [[16.0, 2], [32.0, 1]],
    )
    assert sum(map(sum, told["timeline"]["ended"])) == pytest.approx(3, abs=0.1)
    assert (told["elements"][0]["wall"], told["nodes"][0]["died"], told["failures"][0]["count"]) == (100.0, 1, 1)


CHARTS = [
    stacked(EVIL, EVIL, [Band("c0", [0.0, 1e-9, 3.0]), Band("c1", [5e8, 0.0, 1.0])], 1e-3),
    overlaid(EVIL, EVIL, [Band("there", [0.0] * 5)], 1e7),
    lanes(EVIL, EVIL, [], 10.0),
    bars(EVIL, EVIL, [], None),
    bars(EVIL, EVIL, [1.0, 2.0], 1.5),
    spark(EVIL, {-3: 1, 60: 10**9}, -3, 60),
]


@pytest.mark.parametrize("chart", CHARTS, ids=range(len(CHARTS)))
def test_a_plot_of_anything_is_whole_xml_within_its_frame(chart):
    svg = ElementTree.fromstring(chart)
    assert "nan" not in chart
    assert "inf" not in chart
    _, _, width, height = map(float, svg.attrib["viewBox"].split())
    for x, y in re.findall(r"M([-\d.]+) ([-\d.]+)", chart):
        assert -1 <= float(x) <= width + 1
        assert -1 <= float(y) <= height + 1


@pytest.mark.parametrize(
    ("span", "last"), [(0.17, "160 ms"), (7.0, "7 s"), (137.0, "120 s"), (500.0, "8 min"), (90_000.0, "24 h")]
)
def test_the_marks_of_an_axis_of_time_are_whole_and_of_one_unit(span, last):
    page = stacked("t", "t", [Band("c0", [1.0] * 20)], span)
    marks = re.findall(r'text-anchor="(?:end|middle)">(\S+ [a-z]+)</text>', page)
    assert marks[-1] == last
    assert {mark.split()[1] for mark in marks[1:]} == {last.split()[1]}
