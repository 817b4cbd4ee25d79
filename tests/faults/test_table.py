"""The table of jug's faults in docs/from-jug.md names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
PAGE = (TESTS.parent / "docs" / "from-jug.md").read_text()
ROWS = re.findall(r"^\| \d+ \|.*$", PAGE, re.MULTILINE)


def test_each_of_jugs_faults_has_its_row() -> None:
    assert [int(row.split()[1]) for row in ROWS] == list(range(1, 34))


def test_each_row_names_a_test_or_says_that_it_is_on_purpose() -> None:
    for row in ROWS:
        assert re.search(r"`[\w/]+/test_\w+\.py`", row) or "on purpose" in row, row


def test_the_tests_that_are_named_exist() -> None:
    for name, sentence in re.findall(r"`([\w/]+/test_\w+\.py)`(?:: ([\w' ]+))?", PAGE):
        text = (TESTS / name).read_text()
        words = re.sub(r"\W+", "_", sentence.strip().replace("'s", "s"))
        assert f"def test_{words}" in text, (name, sentence)
