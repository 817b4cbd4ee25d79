"""What a person sees of `status`: as wide as the terminal is, in colours unless NO_COLOR or a pipe says otherwise."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
from contextlib import suppress

import pytest

COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def seen(jughpc, columns, **environ):
    """Return what `status` shows on a terminal of so many columns, line by line."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    kept = {key: value for key, value in jughpc.environ.items() if key not in ("COLUMNS", "LINES", "NO_COLOR")}
    env = {**kept, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", **environ}
    with subprocess.Popen(jughpc.argv("status"), cwd=jughpc.cwd, env=env, stdin=its, stdout=its, stderr=its) as shown:
        os.close(its)
        with open(ours, "rb", closefd=True) as terminal:
            text = b""
            with suppress(OSError):  # how a terminal tells that nobody writes any more
                while part := terminal.read1():
                    text += part
        assert shown.wait() == 1
    return text.decode().splitlines()


@pytest.mark.parametrize("columns", [80, 200])
def test_a_terminal_shows_colours_unless_there_are_to_be_none_and_no_line_is_longer_than_it_is_wide(failing, columns):
    failing("execute", "failing.py", "--keep-going")
    coloured = seen(failing, columns)
    plain = seen(failing, columns, NO_COLOR="1")
    assert any("\x1b[32m" in line for line in coloured)
    assert not any(re.search(r"\x1b\[[0-9;]*3[0-9]m", line) for line in plain)
    assert [COLOUR.sub("", line).rstrip() for line in plain] == [COLOUR.sub("", line).rstrip() for line in coloured]
    assert all(len(COLOUR.sub("", line)) <= columns for line in plain)
    bar = next(line for line in plain if COLOUR.sub("", line).startswith("invert"))
    assert len(re.findall("[█x·▒]", bar)) >= (30 if columns == 80 else 40)


def test_a_pipe_gets_no_colours(failing):
    failing("execute", "failing.py", "--keep-going")
    assert "\x1b" not in failing("status", FORCE_COLOR="1", TERM="xterm-256color").stdout
