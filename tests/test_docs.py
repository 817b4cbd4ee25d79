"""What the documentation lists is what there is."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from jughpc.cli.main import jughpc
from jughpc.config.settings import EVERY, named
from jughpc.config.table import with_table
from jughpc.exitcode import ExitCode

DOCS = Path(__file__).parent.parent / "docs"
COMMANDS = jughpc.list_commands(click.Context(jughpc))


def test_the_table_of_settings_is_what_their_declaration_says():
    page = (DOCS / "configuration.md").read_text()
    assert page == with_table(page), "write it anew: python -m jughpc.config docs/configuration.md"


@pytest.mark.parametrize(("command", "name"), [
    (command, name) for name, setting in named().items() if setting.is_option and setting.by != EVERY
    for command in setting.by.split()
])  # fmt: skip
def test_each_command_that_reads_a_setting_has_its_option(command, name):
    found = jughpc.get_command(click.Context(jughpc), command)
    assert name in {param.name for param in found.params if named()[name].option in param.opts}


def test_the_readme_shows_the_example_as_it_is():
    blocks = re.findall(r"^```python\n(.*?)^```", (DOCS.parent / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    jugfile, reduce = ((DOCS.parent / "examples" / name).read_text() for name in ("primes.py", "primes_reduce.py"))
    assert jugfile.partition("\n\n")[2] == blocks[0]
    assert blocks[1] in reduce


def test_each_exit_code_is_told_once():
    rows = re.findall(r"^\| (\d+) \|", (DOCS / "exit-codes.md").read_text(), re.MULTILINE)
    assert rows == [str(code.value) for code in ExitCode]


def test_commands_spell_exit_codes_by_name():
    modules = (DOCS.parent / "jughpc" / "cli").glob("*.py")
    assert [path.name for path in modules if re.search(r"\breturn \d|sys\.exit\(\d", path.read_text())] == []


@pytest.mark.parametrize("page", ["from-jug.md", "configuration.md", "submissions.md"])
def test_only_commands_that_exist_are_named(page):
    told = set(re.findall(r"`jughpc ([a-z-]+)", (DOCS / page).read_text()))
    assert told <= set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_listed_command_explains_itself(name):
    command = jughpc.get_command(click.Context(jughpc), name)
    assert command is not None
    assert command.help
    assert command.get_help(click.Context(command, info_name=name)).startswith("Usage:")
