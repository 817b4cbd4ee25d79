"""The documentation's site: each page is in it, and what is written from the code says all of it."""

from __future__ import annotations

import dataclasses
import inspect
import re
from pathlib import Path

import click
import pytest

from docs.site import api, commands, reference, systems
from jughpc.batch import registry
from jughpc.batch.scheduler import Resources
from jughpc.cli.main import jughpc
from jughpc.config.asks import KEYS
from jughpc.config.settings import named

from .site import faults

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
ALL = {command.name: command for command in commands.commands()}


def navigation():
    """Return the pages that the site's first page lists, as paths."""
    trees = re.findall(r"^```\{toctree\}\n(.*?)^```", (DOCS / "index.md").read_text(), re.MULTILINE | re.DOTALL)
    lines = [line for tree in trees for line in tree.splitlines() if line and not line.startswith(":")]
    return [(DOCS / f"{line}.md").resolve() for line in lines]


def test_each_page_is_in_the_navigation_once():
    outside = [ROOT / f"{name}.md" for name in ("SECURITY", "CONTRIBUTING", "CHANGELOG", "ARCHITECTURE")]
    assert sorted(navigation()) == sorted({*DOCS.glob("*.md"), *outside} - {DOCS / "index.md"})


@pytest.mark.parametrize("name", ALL)
def test_the_reference_has_each_option_that_is_not_hidden(name):
    found = jughpc.get_command(click.Context(jughpc), name)
    shown = [param for param in found.params if isinstance(param, click.Option) and not param.hidden]
    text = "\n".join(reference.section(ALL[name]))
    assert [param.opts[0] for param in shown if f"{param.opts[0]}" not in text] == []
    assert len(ALL[name].options) == len(shown)


@pytest.mark.parametrize("name", ALL)
def test_each_option_that_takes_something_says_what_holds_without_it(name):
    silent = [option.spelt for option in ALL[name].options if re.search(" [A-Z]", option.spelt) and not option.default]
    assert [spelt for spelt in silent if spelt.split()[0] not in NOTHING] == []


NOTHING = {"--name", "--only", "--pattern", "--reduce", "--more", "--after", "--socket", "--array", "--debug", "--task"}
"""Without these, what they tell of is not done, and nothing is chosen."""


@pytest.mark.parametrize("name", ALL)
def test_a_command_that_ends_otherwise_than_with_0_says_when(name):
    found = jughpc.get_command(click.Context(jughpc), name)
    others = re.findall(r"ExitCode\.(?!DONE)|\.code\b", inspect.getsource(inspect.unwrap(found.callback)))
    said = " ".join([*ALL[name].paragraphs, *(option.text for option in ALL[name].options)])
    assert not others or "exit" in said.lower()


def test_pages_are_filled_in_where_they_have_a_mark():
    page = (DOCS / "commands.md").read_text()
    assert "## submit\n" in reference.with_commands(page)
    assert reference.with_commands("no mark") == "no mark"
    assert "autofunction:: jughpc.barrier\n" in api.with_api((DOCS / "api.md").read_text())


def test_the_table_of_systems_has_each_resource_and_each_system():
    asked = {name for name, setting in named().items() if setting.by.split()[0] == "submit" and name in systems.ASKED}
    asked |= KEYS.keys() - named().keys()
    assert asked == systems.ASKED.keys()
    fields = {field.name for field in dataclasses.fields(Resources)}
    given = {name for _, job in systems.ASKED.values() for name in fields if getattr(job.resources, name) is not None}
    assert given == fields
    head, _, *rows = systems.table()
    assert all(f" {name} " in head for name in registry.names())
    assert "| `--qos high` | `--qos=high` | refused | refused | refused | not said |" in rows
    tasks = "| `--ntasks=32 --cpus-per-task=1` | `-l select=32:ncpus=1:mpiprocs=1` | refused | refused | heeded |"
    assert f"| `--resources '*:tasks=32'` {tasks}" in rows
    assert (
        "| `--time 90m` | `--time=01:30:00` | `-l walltime=01:30:00` | `-W 01:30` | `--time-limit=5400s` | heeded |"
        in rows
    )


def test_plain_text_stays_what_it_is_in_markdown():
    assert reference.prose("a * b, <c>, `x*y`, [d], e|f") == r"a \* b, \<c\>, `x*y`, \[d\], e\|f"


def test_a_link_that_leads_nowhere_is_found(tmp_path):
    (tmp_path / "a.html").write_text('<a href="b.html#there">x</a><a href="b.html#gone">x</a><a href="c.html">x</a>')
    (tmp_path / "b.html").write_text('<p id="there">x</p><a href="https://example.org/">x</a>')
    assert list(faults(tmp_path)) == ["a.html: b.html#gone leads nowhere", "a.html: c.html leads nowhere"]


def test_a_page_that_needs_the_network_is_found(tmp_path):
    (tmp_path / "a.html").write_text('<script src="https://example.org/x.js"></script><script src="x.js"></script>')
    assert list(faults(tmp_path)) == ["a.html: https://example.org/x.js is fetched from the network"]
    assert list(faults(tmp_path / "nothing")) == [f"there is no page in {tmp_path / 'nothing'}"]
