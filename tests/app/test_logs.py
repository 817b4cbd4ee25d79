"""Logs are shown from their end, task by task, and as they grow, however large they are."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jughpc.app.status import texts
from jughpc.app.status.follow import Follower
from jughpc.app.status.logs import Log, Which, chosen, to_follow
from jughpc.app.status.outputs import DIED, RUNNING, Outputs, outputs, parts
from jughpc.app.status.texts import Text, whole
from jughpc.batch.scheduler import Role
from jughpc.cli.output import logs as output
from jughpc.config.kinds import NUMBERS
from jughpc.errors import SettingError, UsageError
from jughpc.testing.clocks import HandClock

ONE, TWO, THREE = "1" * 32, "2" * 32, "3" * 32


@pytest.fixture
def log(tmp_path):
    (tmp_path / "array-0.log").touch()
    return Log(1, Role.ARRAY, 0, tmp_path / "array-0.log")


def put(log, text, *noted):
    """Write a log, and what is noted beside it."""
    log.path.write_bytes(text)
    Path(f"{log.path}.tasks").write_text("".join(f"{line}\n" for line in noted))


def text_of(part):
    return b"".join(part.text.lines())


# texts

LINES = st.lists(st.binary(max_size=12).map(lambda data: data.replace(b"\n", b"") + b"\n"), max_size=30)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("texts") / "log"


@given(LINES, st.integers(0, 40), st.booleans())
def test_the_last_lines_are_what_they_are(path, lines, count, ended):
    path.write_bytes(b"".join(lines) if ended else b"".join(lines).removesuffix(b"\n"))
    wanted = path.read_bytes().splitlines(keepends=True) if b"\r" not in path.read_bytes() else None
    found = list(whole(path).since(count).lines())
    assert b"".join(found) == path.read_bytes()[len(path.read_bytes()) - sum(map(len, found)) :]
    if wanted is not None and not set(b"\x0b\x0c\x1c\x1d\x1e\x85") & set(path.read_bytes()):
        assert found == wanted[len(wanted) - min(count, len(wanted)) :]


@given(LINES, st.integers(1, 100))
def test_what_is_recent_begins_with_a_whole_line_or_in_the_midst_of_the_only_one(path, lines, most):
    path.write_bytes(data := b"".join(lines))
    start = whole(path).recent(most).start
    assert len(data) - start <= most
    assert start in {0, len(data) - most} or data[start - 1 : start] == b"\n"


def test_of_several_workers_lines_those_of_one_are_shown_without_their_mark(path):
    path.write_bytes(b"[1] a\n[2] b\n[11] c\nodd\n[1] d\n")
    text = Text(path, 0, 100, worker=1)
    assert list(text.lines()) == [b"a\n", b"d\n"]
    assert list(text.since(1).lines()) == [b"d\n"]


def test_of_a_huge_log_the_end_alone_is_read(path):
    with path.open("wb") as file:
        file.seek(10 << 30)  # a hole
        file.write(b"\nlast but one\nlast\n")
    assert list(whole(path).since(2).lines()) == [b"last but one\n", b"last\n"]
    assert whole(path).since(10**6).start >= (10 << 30) - texts.MOST
    shown = list(output.shown(whole(path), None))
    assert shown[0].startswith("[10G before this are left out; all of it: ")
    assert shown[-1] == "last"


def test_a_progress_bar_is_shown_as_it_looks_in_the_end():
    assert output.words(b" 10%\r 50%\r100%\r\n") == "100%"


# tasks


def test_each_try_of_a_task_is_shown_where_it_was_noted(log):
    put(
        log,
        b"say\none\ntwo\none again\n",
        f"4 8 {ONE} failed 0 n1 a",
        f"8 12 {TWO} done 0 n1 a",
        f"12 22 {ONE} done 0 n2 b",
    )
    found = [(part.how, part.host, text_of(part)) for part in parts(log, {ONE}.__contains__)]
    assert found == [("failed", "n1", b"one\n"), ("done", "n2", b"one again\n")]


def test_what_a_task_put_out_before_it_died_and_what_one_puts_out_now_is_shown_too(log):
    noted = ["0 0 - began 0 n1 a", f"0 4 {ONE} done 0 n1 a", "10 10 - began 0 n1 b", f"10 14 {ONE} done 0 n1 b"]
    put(log, b"one\nboom!\none\nnow\n", *noted)
    unfinished = {"a": (TWO, DIED), "b": (THREE, RUNNING), "other": (ONE, DIED)}
    found = [(part.digest, part.how, text_of(part)) for part in parts(log, {TWO, THREE}.__contains__, unfinished)]
    assert found == [(TWO, DIED, b"boom!\n"), (THREE, RUNNING, b"now\n")]


def test_what_was_said_before_a_task_that_killed_its_worker_is_not_the_tasks(log):
    put(log, b"another failed\nboom!\n", "0 0 - began 0 n1 a", "15 15 - between 0 n1 a")
    (part,) = parts(log, {TWO}.__contains__, {"a": (TWO, DIED)})
    assert text_of(part) == b"boom!\n"


def test_what_is_noted_badly_or_beyond_the_end_of_a_log_is_no_reason_to_stop(log):
    put(log, b"one\n", "torn", f"-1 4 {ONE} done 0 n a", f"0 99 {ONE} done 0 n a", f"0 4 {ONE} done 0 n a b/c")
    assert [text_of(part) for part in parts(log, {ONE}.__contains__)] == [b"one\n"]
    assert list(parts(Log(1, Role.ARRAY, 1, log.path.parent / "gone.log"), {ONE}.__contains__)) == []


def test_tasks_that_put_out_nothing_are_told(lab):
    lab.begin().submit()
    found = outputs(lab.site, None, "single", Which())
    assert (found.parts, len(found.silent)) == ([], 4)
    assert "4 tasks, sums.single(0) " in output.of_silent(found.silent, found.calls)
    assert outputs(lab.site, None, None, Which()).silent == []


def test_for_programs_there_is_the_same_with_the_bytes_that_it_is_and_how_many_are_left_out(log):
    put(log, b"say\none\ntwo\n", f"4 12 {ONE} done 0 n1 a")
    (whole,) = output.of_logs([log], 1, with_lines=True)
    where = {"submission": 1, "role": "array", "element": 0, "log": str(log.path)}
    assert whole == {**where, "bytes": 12, "skipped": 8, "lines": ["two"]}
    assert "lines" not in output.of_logs([log], None, with_lines=False)[0]
    found = Outputs(list(parts(log, {ONE}.__contains__)), {ONE: "f(1)", TWO: "f(2)"}, [TWO])
    part, silent = output.of_parts(found, None)
    assert (part["call"], part["how"], part["host"], part["lines"]) == ("f(1)", "done", "n1", ["one", "two"])
    assert (part["start"], part["end"], silent) == (4, 12, {"digest": TWO, "call": "f(2)", "log": None})


def test_where_nothing_was_submitted_that_is_said(lab):
    for ask in (lambda: chosen(lab.site, None, Which()), lambda: outputs(lab.site, None, "single", Which())):
        with pytest.raises(UsageError, match="was submitted, so there are no logs"):
            ask()


# which


def test_logs_are_chosen_by_element_and_role_and_a_choice_of_none_is_refused_with_those_that_there_are(lab):
    lab.begin().submit(size=9)
    for name in ("array-2.log", "array-7.log", "collect.log", "array-2.log.tasks", "stray"):
        lab.files.write(f"submissions/1/logs/{name}", [b"said\n"])

    def names(which):
        return [str(log) for log in chosen(lab.site, None, which)[1]]

    assert names(Which()) == ["element 2", "element 7", "collector"]
    assert names(Which(NUMBERS.read("0-2,8"))) == ["element 2"]
    assert names(Which(NUMBERS.read("7"), collect=True)) == ["element 7", "collector"]
    with pytest.raises(UsageError, match=r"there are those of elements 2,7, of its collector\."):
        names(Which(reduce=True))


@pytest.mark.parametrize("text", ["", "x", "3-", "-3", "1,,2", "1;2"])
def test_what_is_no_number_of_an_element_is_refused(text):
    with pytest.raises(SettingError, match="3-7,9"):
        NUMBERS.read(text)


# following


def test_logs_that_are_still_to_come_are_followed_and_those_that_never_come_are_refused(lab):
    lab.submit(size=3)
    assert to_follow(lab.site, None, Which(collect=True)).number == 1
    assert to_follow(lab.site, None, Which(NUMBERS.read("2-9"))).number == 1
    with pytest.raises(UsageError, match="no such log"):
        to_follow(lab.site, None, Which(NUMBERS.read("7")))


def test_logs_are_followed_from_where_they_stood_and_new_ones_from_their_beginning_to_the_end(log):
    log.path.write_bytes(b"old\nhalf")
    new = Log(1, Role.ARRAY, 1, log.path.parent / "array-1.log")
    there, clock, steps = [log], HandClock(), iter([b" whole\n", b"more\nlast without end"])

    def is_over():
        if (step := next(steps, None)) is None:
            return True
        with log.path.open("ab") as file:
            file.write(step)
        new.path.write_bytes(b"of the new\n")
        there[:] = [log, new]
        return False

    found = [(one.element, line) for one, line in Follower(lambda: there, lambda one: 4).follow(is_over, clock)]
    assert found == [(0, b"half whole"), (1, b"of the new"), (0, b"more"), (0, b"last without end")]
