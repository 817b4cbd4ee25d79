"""Tasks are selected by name as in jug."""

from __future__ import annotations

import pytest

from jughpc.errors import SettingError
from jughpc.tasks.matching import by_both, by_name, by_pattern

NAMES = ["m.f", "p.m.f", "m.f_other", "identity"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("f", ["m.f", "p.m.f"]),
        ("m.f", ["m.f", "p.m.f"]),
        ("p.m.f", ["p.m.f"]),
        ("*", NAMES),
        ("m.*", ["m.f", "p.m.f", "m.f_other"]),
        ("f*", ["m.f", "p.m.f", "m.f_other"]),
        ("[f]", ["m.f", "p.m.f"]),
        ("M.f", []),
        (".f", []),
    ],
)
def test_a_name_matches_the_whole_or_what_stands_after_a_dot(name: str, expected: list[str]) -> None:
    assert list(filter(by_name(name), NAMES)) == expected


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("f", ["m.f", "p.m.f", "m.f_other"]),
        ("m.", ["m.f", "p.m.f", "m.f_other"]),
        ("/^m/", ["m.f", "m.f_other"]),
        ("/.*/", NAMES),
        ("/", []),
    ],
)
def test_a_pattern_is_a_part_or_between_slashes_an_expression(pattern: str, expected: list[str]) -> None:
    assert list(filter(by_pattern(pattern), NAMES)) == expected


@pytest.mark.parametrize("pattern", ["", "//"])
def test_an_empty_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(SettingError, match="empty pattern"):
        by_pattern(pattern)


def test_a_broken_expression_is_refused() -> None:
    with pytest.raises(SettingError, match=r"/\(/ is no regular expression"):
        by_pattern("/(/")


def test_a_name_and_a_pattern_must_both_match() -> None:
    with pytest.warns(UserWarning, match="both must match"):
        both = by_both("f*", "other")
    assert both is not None
    assert list(filter(both, NAMES)) == ["m.f_other"]
    assert by_both() is None
