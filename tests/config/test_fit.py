"""A partition by size and time, bounds, and what is left out: what a site makes of what is asked for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jughpc.config.asks import RULES
from jughpc.config.fit import fitted, own_options
from jughpc.config.partitions import PARTITIONS
from jughpc.config.settings import Settings
from jughpc.errors import SettingError

RULED = Settings(
    partitions=PARTITIONS.read(("debug:time<=30m,array<=4", "gpu:gpus>=1", "fat:mem>=500G", "short:time<=4h", "long")),
    origins={"partitions": "/etc/jughpc.yaml, profile alps"},
)
HOUR, GIGA = 3600.0, 1 << 30


@pytest.mark.parametrize(
    ("asked", "size", "found"),
    [
        ({"time": HOUR / 2}, 4, "debug"),
        ({"time": HOUR / 2}, 5, "short"),
        ({"time": HOUR / 2}, None, "short"),
        ({"time": HOUR / 2, "gpus": 1}, 8, "gpu"),
        ({"time": HOUR, "mem": 500 * GIGA}, 8, "fat"),
        ({"time": 5 * HOUR, "mem": 499 * GIGA}, 8, "long"),
        ({}, 1, "long"),
    ],
)
def test_the_first_partition_is_taken_that_fits(asked, size, found):
    values = fitted(replace(RULED, **asked), size)
    assert values.partition == found
    assert values.origin("partition").startswith("/etc/jughpc.yaml, profile alps, " + found)


def test_a_partition_that_is_said_stays():
    assert fitted(replace(RULED, partition="own"), 1).partition == "own"


def test_where_none_fits_the_sites_default_is_left():
    assert fitted(replace(RULED, partitions=RULED.partitions[:1]), 1).partition is None


@pytest.mark.parametrize(
    ("asked", "size", "words"),
    [
        ({"time": 25 * HOUR, "limit_time": 24 * HOUR}, 1, "--time 1d1h is more than limit_time, 1d, in built in"),
        ({"mem": 2 * GIGA, "limit_mem": GIGA}, 1, "--mem 2G is more than limit_mem, 1G"),
        ({"limit_array": 500}, 501, "--array 501 is more than limit_array, 500"),
        (
            {"resources": RULES.read("fit*:time=2h"), "limit_time": HOUR},
            1,
            r"fit\*:time 2h is more than limit_time, 1h",
        ),
    ],
)
def test_what_is_more_than_a_site_allows_is_refused_with_who_says_so(asked, size, words):
    with pytest.raises(SettingError, match=words):
        fitted(Settings(**asked), size)


def test_as_much_as_is_allowed_is_not_too_much():
    values = fitted(Settings(time=HOUR, limit_time=HOUR, mem=GIGA, limit_mem=GIGA, limit_array=4), 4)
    assert (values.time, values.mem) == (HOUR, GIGA)


def test_what_is_tried_again_with_more_gets_no_more_than_is_allowed():
    values = fitted(Settings(limit_mem=GIGA, time_max=HOUR, limit_time=2 * HOUR), 1)
    assert (values.mem_max, values.time_max) == (GIGA, HOUR)


def test_what_a_site_wants_nobody_to_say_is_left_out_though_it_was_chosen():
    values = fitted(replace(RULED, mem=GIGA, cpus=4, omit=("mem", "partition")), 1)
    assert (values.mem, values.partition, values.cpus) == (None, None, 4)


def test_options_of_the_schedulers_own_are_words_as_in_a_shell():
    values = Settings(directives=("--constraint=cpu", "--comment 'two words'"))
    assert own_options(values) == ("--constraint=cpu", "--comment", "two words")
    with pytest.raises(SettingError, match="directives: No closing quotation"):
        own_options(Settings(directives=("--comment 'two",)))
