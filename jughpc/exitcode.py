"""What the exit code of a command says: one meaning each, for scripts and for the jobs that follow an array."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """How a command ended. docs/exit-codes.md tells each of them to people; a test holds the two together."""

    DONE = 0  # all is done
    FAILED = 1  # trouble: some task failed, or what was asked for is not so
    USAGE = 2  # a mistake that the user can mend; one message says how
    LEFT = 3  # stopped in good order, with work left
    TIMEOUT = 124  # the time to wait is over, and all goes on; timeout(1) says it so
    INTERRUPTED = 130  # by Ctrl-C


def after_signal(number: int) -> int:
    """Return the exit code of what ended by signal `number`, as shells and schedulers count it: 143 for SIGTERM."""
    return 128 + number
