"""Failures are chosen by task and name, and one task is run by hand without a worker losing it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jughpc.app.run.debug import run_one
from jughpc.app.status.failures import Which, look
from jughpc.app.status.logs import of_failures
from jughpc.errors import UsageError
from jughpc.exitcode import ExitCode
from jughpc.store.failure import Failure
from jughpc.tasks.matching import by_name


def raised(error):
    raise AssertionError(error)


@pytest.fixture
def spoilt(lab):
    """Return a lab in which two of one function failed, and one of another."""
    lab.begin()
    for name, place in (("single", 1), ("single", 2), ("double", 0)):
        digest = lab.digests(name)[place]
        failure = Failure(
            digest, f"sums.{name}", "ValueError: no", "", "life", "node1", "", 0.0, call=f"sums.{name}({place})"
        )
        lab.store.fail(failure)
    return lab


@pytest.mark.parametrize(
    ("which", "count"),
    [
        (Which(), 3),
        (Which(by_name("single")), 2),
        (Which(text="single(2)"), 1),
        (Which(by_name("single"), "sums.single(1)"), 1),
    ],
)
def test_failures_are_chosen_by_name_and_by_task(spoilt, which, count):
    found = look(spoilt.site, which)
    assert (len(found.failures), len(found.digests), found.calls) == (count, count, {})


def test_a_task_that_did_not_fail_is_refused_with_those_that_did(spoilt):
    with pytest.raises(UsageError, match=r"sums\.double, sums\.single"):
        look(spoilt.site, Which(text="single(3)"))


def test_in_full_each_has_all_of_its_arguments(labs):
    lab = labs(text="from jug import Task\nTask(len, list(range(99)))\n")
    (digest,) = lab.begin().all()
    lab.failed(digest, "len")
    assert look(lab.site, Which(), full=True).calls[digest].endswith("97, 98])")
    assert look(replace(lab.site, cached=True), Which(), full=True).calls == {}


def test_a_failure_is_told_with_the_log_of_its_element(spoilt):
    failure = spoilt.store.failure(spoilt.digests("single")[1])
    failure = replace(failure, submission=spoilt.submit(size=2).submission.token, element=1)
    log = spoilt.folder / "submissions/1/logs/array-1.log"
    assert of_failures(spoilt.site, [failure]) == {}
    spoilt.files.write("submissions/1/logs/array-1.log", [b"it ran\n"])
    assert {str(path) for path in of_failures(spoilt.site, [failure]).values()} == {str(log)}


def test_a_debugged_task_that_succeeds_is_done(spoilt):
    digest = spoilt.digests("single")[1]
    assert run_one(spoilt.site, "single(1)", raised).code == ExitCode.DONE
    assert spoilt.store.get(digest) == 1
    assert spoilt.store.failure(digest) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [("single(3)", "is being run by"), ("single(0)", "is done"), ("double", "say which"), ("total", "needs 4 tasks")],
)
def test_a_task_that_is_not_to_be_run_here_is_refused_with_the_reason(spoilt, text, words):
    spoilt.done(spoilt.digests("single")[0])
    digest = spoilt.digests("single")[3]
    spoilt.life("node7").claim(digest).runs(digest, "sums.single")
    with pytest.raises(UsageError, match=words):
        run_one(spoilt.site, text, raised)
