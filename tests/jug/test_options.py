"""Options, as scripts of jug's users take them."""

from __future__ import annotations

import argparse
import io
import os
import sys
from pathlib import Path

import pytest

from jughpc.jug import options
from jughpc.jug.utils import add_task_selection_options, prepare_matcher_from_options


@pytest.fixture(autouse=True)
def _nobody_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    os.chdir(tmp_path)


def test_a_command_line_gives_options_and_what_the_jugfile_sees() -> None:
    given = options.parse(["execute", "primes.py", "--keep-going", "--name", "f", "7", "--", "--deep"])
    assert (given.subcommand, given.jugfile, given.jugdir) == ("execute", "primes.py", "primes.jugdata")
    assert (given.execute_keep_going, given.execute_keep_failed, given.execute_name) == (True, False, "f")
    assert given.user_args == ["7", "--deep"]
    assert sys.argv == ["primes.py", "7", "--deep"]


def test_options_of_another_command_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        options.parse(["status", "primes.py", "--keep-going"])
    assert "--keep-going" in capsys.readouterr().err


def test_a_copy_can_be_changed_without_changing_the_defaults() -> None:
    mine = options.default_options.copy()
    mine.jugdir = "here"
    assert (mine.jugdir, mine.jugfile) == ("here", "jugfile.py")
    assert options.default_options.jugdir == "%(jugfile)s.jugdata"


def test_an_option_that_is_nowhere_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no option 'nothing'"):
        _ = options.default_options.nothing


def test_jugs_ini_files_give_options_of_the_right_type() -> None:
    text = "[main]\njugdir=there\nshort=on\n[execute]\nwait-cycle-time=3\nnr-wait-cycles=7\n"
    read = options.read_configuration_file(io.StringIO(text), options.default_options)
    assert (read.jugdir, read.short, read.jugfile) == ("there", True, "jugfile.py")
    assert (read.execute_wait_cycle_time, read.execute_nr_wait_cycles) == (3.0, 7)


def test_the_nearest_of_jugs_files_goes_before_that_at_home(tmp_path: Path) -> None:
    (tmp_path / ".config").mkdir()
    (tmp_path / ".config" / "jugrc").write_text("[main]\njugdir=home\njugfile=home.py\n")
    (tmp_path / ".jugrc").write_text("[main]\njugdir=near\n")
    read = options.parse(["status"])
    assert (read.jugdir, read.jugfile) == ("near", "home.py")


def test_a_script_may_select_tasks_as_commands_do() -> None:
    parser = argparse.ArgumentParser()
    add_task_selection_options(parser, "by_name", "by_pattern", True, "draw those")
    given = parser.parse_args(["--name", "double"])
    matches = prepare_matcher_from_options(given.by_name, given.by_pattern)
    assert matches is not None
    assert [matches("three.double"), matches("three.add")] == [True, False]
