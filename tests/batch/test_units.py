"""Times and memory sizes as people and schedulers write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jughpc import units
from jughpc.errors import SettingError


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90m", 5400),
        ("1h30m", 5400),
        ("1h 30m", 5400),
        ("1.5h", 5400),
        ("45s", 45),
        ("2D", 172800),
        ("12:00:00", 43200),
        ("100:00:00", 360000),
        ("90:30", 5430),
        ("2-12:00:00", 216000),
        ("2-12:30", 217800),
        ("2-12", 216000),
    ],
)
def test_a_time_is_read(text, seconds):
    assert units.seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "abc", "0m", "00:00:00", "-5m", "1h30", "1:2:3:4", "5x", "m", "UNLIMITED"])
def test_a_text_that_is_no_time_is_named_with_an_example(text):
    with pytest.raises(SettingError, match=r"is no time.*for example 90m"):
        units.seconds(text)


def test_a_bare_number_is_no_time_because_schedulers_disagree_about_its_unit():
    with pytest.raises(SettingError, match="Write 90m for minutes or 90s for seconds"):
        units.seconds("90")


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("4G", 4 << 30),
        ("512M", 512 << 20),
        ("1.5T", 3 << 39),
        ("4gb", 4 << 30),
        ("4 GiB", 4 << 30),
        ("100k", 100 << 10),
    ],
)
def test_a_memory_size_is_read(text, size):
    assert units.memory(text) == size


@pytest.mark.parametrize("text", ["", "4", "4000", "G", "-1G", "0M", "4X", "4Gc", "1e3M"])
def test_a_text_that_is_no_memory_size_is_named_with_an_example(text):
    with pytest.raises(SettingError, match=r"is no memory size.*for example 4G"):
        units.memory(text)


@pytest.mark.parametrize(
    ("seconds", "text"), [(5400, "1h30m"), (216000, "2d12h"), (45, "45s"), (0.5, "0s"), (86461, "1d1m1s")]
)
def test_a_time_is_shown_as_people_write_it(seconds, text):
    assert units.show_seconds(seconds) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [(4 << 30, "4G"), (3 << 29, "1.5G"), (100 << 10, "100K"), (512, "0.5K"), (1000 << 20, "1000M")],
)
def test_a_memory_size_is_shown_as_people_write_it(size, text):
    assert units.show_memory(size) == text


@given(st.integers(1, 10**7))
def test_a_time_that_was_shown_reads_back_the_same(seconds):
    assert units.seconds(units.show_seconds(seconds)) == seconds


@given(st.integers(1, 10**7))
def test_a_walltime_reads_back_the_same(seconds):
    assert units.seconds(units.walltime(seconds)) == seconds


def test_what_schedulers_are_told_is_never_less_than_what_was_asked():
    assert units.walltime(59.2) == "00:01:00"
    assert units.mebibytes((1 << 20) + 1) == 2
