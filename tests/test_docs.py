"""What the documentation lists is what there is."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import click
import pytest

from jughpc.app.context import target
from jughpc.app.submit import collect, wait
from jughpc.cli import demo, execute
from jughpc.cli.main import jughpc
from jughpc.config import layers as files_of_settings
from jughpc.config import trust
from jughpc.config.settings import EVERY, Settings, named
from jughpc.config.table import with_table
from jughpc.exitcode import ExitCode
from jughpc.library import exit_checks
from jughpc.store.redis import server
from jughpc.tasks import alias
from jughpc.worker import loop
from jughpc.worker.deadline import LEAST, MARGIN

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


def test_each_file_and_variable_outside_of_the_jugdir_is_told():
    page = (DOCS / "files.md").read_text()
    files = [target.MEMORY, f"~/{trust.TRUSTED}", f"~/{server.PASSWORD_FILE}", str(files_of_settings.SITE)]
    files += [f"~/{alias.OWN_COMMANDS}", execute.STOP_FILE, f"{demo.FOLDER}/"]
    scripts = "".join(path.read_text() for path in (DOCS.parent / "templates").rglob("*.j2"))
    exported = re.findall(r"export (JUGHPC_[A-Z]+)", scripts)
    heeded = re.findall(r"\bJUG_[A-Z_]+[A-Z]\b", inspect.getdoc(exit_checks.exit_env_vars) or "")
    assert len(exported) >= 8
    assert len(heeded) == 5
    assert [name for name in [*files, server.PASSWORD, *exported, *heeded] if f"`{name}`" not in page] == []


def test_commands_spell_exit_codes_by_name():
    modules = (DOCS.parent / "jughpc" / "cli").glob("*.py")
    assert [path.name for path in modules if re.search(r"\breturn \d|sys\.exit\(\d", path.read_text())] == []


def test_the_pace_that_pages_tell_is_the_codes():
    page = (DOCS / "administrators.md").read_text()
    pauses = f"a pause that grows to {wait.LONGEST_PAUSE:g} s (`--wait`) or {collect.LONGEST_PAUSE:g} s (collector)"
    assert pauses in page
    assert f"in place each {Settings.beat:g} s" in page
    assert f"| {loop.FIRST_PAUSE:g} s at first, up to {loop.LONGEST_PAUSE:g} s |" in page
    needs = (
        f"A worker needs {LEAST:g} s beside its tasks: some {LEAST - MARGIN:g} s to start, and the last {MARGIN:g} s"
    )
    assert needs in (DOCS / "configuration.md").read_text()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_listed_command_explains_itself(name):
    command = jughpc.get_command(click.Context(jughpc), name)
    assert command is not None
    assert command.help
    assert command.get_help(click.Context(command, info_name=name)).startswith("Usage:")
