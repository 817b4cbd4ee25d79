"""What the documentation lists is what there is."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from jughpc.cli.main import jughpc
from jughpc.config import DEFAULTS

DOCS = Path(__file__).parent.parent / "docs"
COMMANDS = jughpc.list_commands(click.Context(jughpc))


def test_every_setting_is_documented_and_no_other():
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", (DOCS / "configuration.md").read_text(), re.MULTILINE)
    told = {key for row in rows for key in re.findall(r"`(\w+)`", row)}
    assert told - {"dict_store", "DIR"} == DEFAULTS.keys()


@pytest.mark.parametrize("page", ["from-jug.md", "configuration.md"])
def test_only_commands_that_exist_are_named(page):
    told = set(re.findall(r"`jughpc ([a-z-]+)", (DOCS / page).read_text()))
    assert told <= set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_listed_command_explains_itself(name):
    command = jughpc.get_command(click.Context(jughpc), name)
    assert command is not None
    assert command.help
    assert command.get_help(click.Context(command, info_name=name)).startswith("Usage:")
