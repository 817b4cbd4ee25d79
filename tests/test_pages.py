"""What the documentation has its readers type is right: commands, options, settings and code."""

from __future__ import annotations

import json
import re
import subprocess

import click
import pytest

from jughpc.cli.main import _split, jughpc
from jughpc.config.files import read_yaml
from jughpc.config.layers import load
from jughpc.config.settings import named

from .pages import PAGES, blocks, commands, spans, typed

CHECKED = {"python", "yaml", "console", "bash", "json", "toml"}
SHOWN = {"text", "{toctree}", ""}
"""Not code: what is put out, and lists of files; no command may hide there."""

GROUP = click.Context(jughpc)
NAMES = jughpc.list_commands(GROUP)
SHELL = blocks("console", "bash")


def ids(things):
    return [str(thing) for thing in things]


def parse(words):
    """Have click read a command line as it would if it was typed; raises UsageError for what it would not take."""
    head, tail = _split(words)
    if not head or head[0].startswith("-"):
        return jughpc.make_context("jughpc", head, resilient_parsing=True)
    name, command, rest = jughpc.resolve_command(GROUP, head)
    return command.make_context(name, rest, obj=tail, resilient_parsing="--help" in rest)


def test_every_block_is_of_a_kind_that_is_checked():
    odd = [str(block) for block in blocks() if block.kind not in CHECKED | SHOWN]
    odd += [str(block) for block in blocks(*SHOWN) if re.search(r"^\$ |^ *jughpc [a-z]", block.text, re.MULTILINE)]
    odd += [page.name for page in PAGES if re.search(r"^ {4,}(?:\$ )?jughpc [a-z]", page.read_text(), re.MULTILINE)]
    assert odd == []


@pytest.mark.parametrize("block", SHELL, ids=ids(SHELL))
def test_commands_that_are_to_be_typed_are_taken(block):
    lines = typed(block)
    subprocess.run(["bash", "-n"], input="\n".join(lines), text=True, check=True)
    for line in lines:
        for words in commands(line):
            assert parse(words), words


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_in_the_midst_of_a_text_are_taken(page):
    for span in spans(page.read_text()):
        if not span.startswith("jughpc ") or span.split()[1] == "COMMAND":
            continue
        words, _ = _split(span.split()[1:])
        assert words[0].startswith("-") or words[0] in NAMES, span
        options = [word.partition("=")[0] for word in words if word.startswith("--") and len(word) > 2]
        known = {name for param in _params(words[0]) for name in (*param.opts, *param.secondary_opts)}
        assert set(options) - {"--help", "--version"} <= known, span


def _params(name):
    return jughpc.get_command(GROUP, name).params if name in NAMES else []


YAML = blocks("yaml")


@pytest.mark.parametrize("block", YAML, ids=ids(YAML))
def test_settings_that_are_shown_are_taken(block, tmp_path):
    (tmp_path / "jughpc.yaml").write_text(block.text)
    for profile in ["none", *read_yaml(tmp_path / "jughpc.yaml").profiles]:
        found = load(tmp_path, tmp_path, {}, {"profile": profile}, site=tmp_path / "none")
        assert [name for name in named() if found.is_given(name)] == ["profile"]
    assert len(found.origins) > 1


PYTHON = blocks("python", "json")


@pytest.mark.parametrize("block", PYTHON, ids=ids(PYTHON))
def test_code_that_is_shown_can_be_read(block):
    if block.kind == "json":
        json.loads(block.text)
    else:
        compile(block.text, str(block), "exec")


def test_a_command_that_is_wrong_is_noticed():
    (words,) = commands('FOO=1 jughpc submit primes.py --arry 64 --setup "a; b" | head')
    assert words == ["submit", "primes.py", "--arry", "64", "--setup", "a; b"]
    with pytest.raises(click.UsageError):
        parse(words)
    with pytest.raises(click.UsageError):
        parse(["submitt"])
    assert list(commands('eval "$(jughpc completion bash)"')) == [["completion", "bash"]]
