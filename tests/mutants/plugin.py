"""For pytest: tells coverage which test runs, here and in all that it starts, and writes down how long each took."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import coverage
import pytest

TEST = "MUTANTS_TEST"  # in the environment: the test that runs, which names the coverage of what it starts
TIMES = "MUTANTS_TIMES"  # in the environment: the file to write
SHARE = "MUTANTS_SHARE"  # in the environment: `k/n`, to run the k-th of n shares of the files alone

_seconds: dict[str, float] = {}
_bad: set[str] = set()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    number, of = map(int, os.environ[SHARE].split("/"))
    order = {path: place for place, path in enumerate(dict.fromkeys(item.path for item in items))}
    items[:] = [item for item in items if order[item.path] % of == number]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    os.environ[TEST] = item.nodeid
    current = coverage.Coverage.current()
    if current is not None:
        current.switch_context(item.nodeid)
    return (yield)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    _seconds[report.nodeid] = _seconds.get(report.nodeid, 0.0) + report.duration
    if not report.passed:
        _bad.add(report.nodeid)


def pytest_sessionfinish() -> None:
    good = {test: seconds for test, seconds in _seconds.items() if test not in _bad}
    Path(os.environ[TIMES]).write_text(json.dumps(good))
