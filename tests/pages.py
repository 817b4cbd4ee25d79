"""The pages of documentation, and what is in them that a reader may type."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])

_FENCE = re.compile(r"^( *)```(.*?)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_ENDS = {"|", "||", "&&", ";", "&", ">", ">>", "2>", "<", "<(", "(", ")"}


@dataclass(frozen=True)
class Block:
    """A block of code in a page.

    Attributes:
        kind: The language that its fence names, "" for none.
        line: Of the page, where it begins.
    """

    page: Path
    kind: str
    line: int
    text: str

    @property
    def name(self) -> str:
        """The file that its first line says it is, "" for none: `# sweep.py`."""
        found = re.match(r"# ([\w.-]+\.(?:py|yaml))\b", self.text)
        return found[1] if found else ""

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"


def blocks(*kinds: str) -> list[Block]:
    """Return the blocks of all pages, or of these languages."""
    return [block for page in PAGES for block in _in(page) if not kinds or block.kind in kinds]


def _in(page: Path) -> Iterator[Block]:
    text = page.read_text()
    for found in _FENCE.finditer(text):
        body = re.sub(rf"^{found[1]}", "", found[3], flags=re.MULTILINE)
        yield Block(page, found[2].strip(), text.count("\n", 0, found.start()) + 1, body)


def typed(block: Block) -> list[str]:
    """Return the lines that are typed in a block of a console, behind its prompt; those that go on are joined."""
    if block.kind != "console":
        return block.text.splitlines()
    lines = re.findall(r"^\$ ((?:.*\\\n)*.*)$", block.text, re.MULTILINE)
    return [line.replace("\\\n", "") for line in lines]


def commands(line: str) -> Iterator[list[str]]:
    """Yield the words of each command of ours in a line of shell, without its name."""
    for inner in re.findall(r"\$\(([^()]*)\)", line):
        yield from commands(inner)
    words = shlex.shlex(line, posix=True, punctuation_chars=True)
    words.whitespace_split = True
    command: list[str] = []
    for word in [*words, ";"]:
        if word not in _ENDS:
            command.append(word)
            continue
        while command and re.match(r"\w+=|timeout$|nohup$|srun$|\d+m?$|-n\d+$", command[0]):
            command = command[1:]
        if command and Path(command[0]).name == "jughpc":
            yield command[1:]
        command = []


def spans(text: str) -> list[str]:
    """Return what stands in backticks within a line of a page, outside of its blocks."""
    return re.findall(r"`([^`\n]+)`", _FENCE.sub("", text))
