"""Whether a jughpc command runs this process, or a plain `python jugfile.py` does."""

from __future__ import annotations

_commands: list[str] = []


def enter(command: str) -> None:
    """Note that a jughpc command runs this process."""
    _commands.append(command)


def is_jug_running() -> bool:
    """Tell whether a jughpc command runs this process."""
    return bool(_commands)
