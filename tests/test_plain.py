"""What reaches a terminal or a page steers neither."""

from __future__ import annotations

import ast
import json
import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import jughpc
from jughpc.plain import plain

CLI = Path(jughpc.__file__).parent / "cli"


def test_no_character_that_steers_a_terminal_comes_through():
    for code in range(sys.maxunicode + 1):
        shown = plain(chr(code))
        if unicodedata.category(chr(code)) in ("Cc", "Cs", "Zl", "Zp") and chr(code) not in "\t\n":
            assert (shown.isascii(), shown.isprintable()) == (True, True), hex(code)
        if unicodedata.bidirectional(chr(code)) in ("LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"):
            assert shown.isascii(), hex(code)


@given(st.text())
def test_what_is_shown_can_be_encoded_and_shown_again_unchanged(text):
    shown = plain(text)
    shown.encode()
    assert plain(shown) == shown


@given(st.text())
def test_json_stays_the_json_it_was(text):
    assert json.loads(plain(json.dumps({text: text}))) == {text: text}


def test_ordinary_words_of_all_languages_stay_as_they_are():
    words = "zoë müller 数値計算 עברית\tλ → ∞ 🙂\nnext"
    assert plain(words) == words


def test_every_command_speaks_through_the_one_way_to_a_terminal():
    for path in CLI.rglob("*.py"):
        if path.name == "terminal.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                assert ast.unparse(node.func) not in ("click.echo", "click.secho", "print", "sys.stdout.write"), path


@pytest.mark.parametrize("host", ["h", "h:6379/0", "[::1]/2?namespace=x"])
@pytest.mark.parametrize("user", ["", "ada"])
@pytest.mark.parametrize("password", ["secret", "sec@ret", "s:ecret", "%2Fsecret", "'secret'"])
def test_the_password_of_an_address_is_never_shown(host, user, password):
    for scheme in ("redis", "rediss"):
        shown = plain(f"jugdir: '{scheme}://{user}:{password}@{host}' is wrong")
        assert "ecret" not in shown
        assert f"{scheme}://{user}:***@{host}" in shown
