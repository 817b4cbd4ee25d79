"""What the page of messages quotes is said by the code, word by word."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "troubleshooting.md").read_text()
QUOTED = re.findall(r"^\| `([^`]+)` \|", PAGE, re.MULTILINE)
GAP = "…"


def texts(path: Path) -> Iterator[str]:
    """Yield the texts of a module, with a gap for each value that is filled in."""
    if path.suffix == ".j2":
        yield path.read_text()
        return
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(part.value if isinstance(part, ast.Constant) else GAP for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


SAID = [
    text for folder in ("jughpc", "templates") for path in (ROOT / folder).rglob("*") if path.suffix in (".py", ".j2")
    for text in texts(path)
]  # fmt: skip


def is_said(message: str) -> bool:
    """Return whether the code has one text that holds all of `message` between its gaps, in this order."""
    parts = [re.escape(part) for part in message.split(GAP) if part.strip()]
    pattern = re.compile(".*".join(parts), re.DOTALL)
    return any(pattern.search(text) for text in SAID)


def test_messages_are_quoted():
    assert len(QUOTED) >= 40


@pytest.mark.parametrize("message", QUOTED)
def test_each_message_that_is_quoted_is_said_by_the_code(message):
    assert sum(len(part) for part in message.split(GAP)) >= 12, "too short to be told from others"
    assert is_said(message)


def test_a_message_that_nobody_says_is_noticed():
    assert not is_said("this is … said nowhere at all")
