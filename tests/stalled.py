"""A scheduler's command whose answer comes late: what it was to do is done, and nobody knows yet."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable

from tests.conftest import User

_COMMAND = """#!/bin/bash
real=$(PATH=${PATH#*:} command -v NAME)
words=$("$real" "$@") || exit
touch FOLDER/accepted
until [ -e FOLDER/answer ]; do sleep 0.1; done
echo "$words"
"""


def interrupted(
    user: User, until: Callable[[Callable[[], bool]], None], command: str, number: int, *words: str
) -> tuple[int, str]:
    """Start a jughpc command, and send it a signal once a scheduler's command that it runs has done its work.

    Returns:
        Its exit code, and what it said.
    """
    folder = user.folder / "stalled"
    folder.mkdir()
    stub = folder / command
    stub.write_text(_COMMAND.replace("FOLDER", str(folder)).replace("NAME", command))
    stub.chmod(0o755)
    environ = {**user.env, "PATH": f"{folder}:{user.env['PATH']}"}
    with subprocess.Popen(
        user.argv(*words), cwd=user.folder, env=environ, text=True, start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as process:  # fmt: skip
        until((folder / "accepted").exists)
        os.kill(process.pid, number)
        told = process.stdout.read() if process.stdout else ""
    (folder / "answer").touch()
    return process.returncode, told
