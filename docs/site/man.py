"""The manual page, of what the commands and the pages beside this say: python -m docs.site.man FILE"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from jughpc._version import __version__
from jughpc.cli.main import _COMMANDS

DOCS = Path(__file__).parents[1]


def page() -> str:
    """Return the manual page in roff."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield f'.TH JUGHPC 1 "" "jughpc {__version__}" "User Commands"'
    yield from (".SH NAME", r"jughpc \- run Python tasks on HPC clusters")
    yield from (".SH SYNOPSIS", r".B jughpc", r"\fICOMMAND\fR [\fIOPTIONS\fR] [\fIJUGFILE\fR] [\fIARGS\fR]...")
    yield from (".SH DESCRIPTION", _roff(_OF_IT[0]), ".PP", _roff(_OF_IT[1]))
    yield from (".SH COMMANDS", *(line for name, (_, text) in _COMMANDS.items() for line in _item(name, text)))
    yield from (".SH FILES", *_rows("files.md"))
    yield from (".SH EXIT STATUS", *_rows("exit-codes.md"))
    yield from (".SH SEE ALSO", _roff("The documentation, in the folder docs/ of the source."))


_OF_IT = (
    "A jugfile is a Python script that marks functions as worth distributing: each call of one makes a task. "
    "`jughpc submit JUGFILE --array 64` runs them as one array job of your batch system, or on this machine where "
    "there is none; its elements pull tasks from a shared folder until all are done. Results are stored once and kept.",
    "`jughpc COMMAND --help` lists the options of a command. A command that names no JUGFILE takes the one that was "
    "last submitted or executed in this folder. Settings for all commands: `jughpc config --show-origin`.",
)


def _rows(name: str) -> Iterator[str]:
    """Yield the first table of a page, its first two columns."""
    rows = re.findall(r"^\| (.+?) \| (.+?) \|", (DOCS / name).read_text().split("\n\n|")[1], re.MULTILINE)
    for what, text in rows[1:]:
        yield from _item(what, text)


def _item(what: str, text: str) -> Iterator[str]:
    yield from (".TP", rf"\fB{_roff(what)}\fR", _roff(text))


def _roff(text: str) -> str:
    """Return a line of Markdown as roff has it: links as their text, code in bold."""
    bare = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", text).replace("\\", r"\e").replace("-", r"\-")
    return re.sub(r"`([^`]*)`", r"\\fB\1\\fR", bare)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page())
