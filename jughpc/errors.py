"""The one tree of errors.

JugError
├── UsageError            the user can mend it; one message, exit code 2, no traceback of ours
│   ├── JugfileNotFoundError   no such jugfile, or none could be chosen
│   ├── JugfileError      the jugfile, or a reduce script, raised; carries *its* traceback
│   │   └── HookError     a hook raised, after a task or at the end
│   ├── LazyJugfileError  a lazy map or generator where a list was meant
│   ├── DigestError       an argument that cannot be told from others: it cannot be pickled
│   ├── TrustError        what others own or may write, and would run code, is not used unasked
│   ├── JugdirError       the jugdir cannot be used: unwritable, not ours, of another format
│   ├── SettingError      a value that does not parse: a time, a memory size, an option
│   │   ├── PatternError  a pattern of names that matches all, or is no regular expression
│   │   └── LimitError    a limit in the environment that is no number
│   ├── JugModuleError    a module of jug's in whose place there is something else here
│   ├── TemplateError     a script template that is absent or does not render
│   └── SubmitError       the scheduler refused; nothing was queued
├── SchedulerError        the scheduler did not answer as it should; says nothing about jobs
│   ├── CommandMissingError    there is no such command on this host, or none that it can run
│   ├── CommandUnstartedError  the command could not be started now; it has done nothing
│   └── CommandTimeoutError    the command was killed; it may have done its work
├── StoreError
│   ├── ResultMissingError     there is no result for this digest
│   ├── CorruptResultError     a result file that fails its checksum; it was set aside
│   └── UnstorableError   a result that cannot be pickled: the task's failure, not the store's
└── BusyError             live workers hold what a command was to change; nothing was changed
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence


class JugError(Exception):
    """Root of all errors that jughpc raises on purpose."""


class UsageError(JugError):
    """The user can mend it: the text names the thing, the fact and the next step."""


class JugfileNotFoundError(UsageError):
    """No jugfile at that path, or none could be chosen."""


class JugfileError(UsageError):
    """The jugfile, or a script that sees its names, raised.

    Attributes:
        path: The file.
        trace: The user's own traceback, from the jugfile's first line on.
        hint: What probably led to it, and what to do; "" if nobody knows.
    """

    def __init__(self, path: str, trace: str, hint: str = "") -> None:
        super().__init__(path, trace, hint)
        self.path, self.trace, self.hint = path, trace, hint

    def __str__(self) -> str:
        return f"{self.trace.rstrip()}\n{self.words}"

    @property
    def words(self) -> str:
        """Our one line on it, without the traceback."""
        return f"{self.path} could not be run to its end: it raised the error above. {self.hint}".rstrip()


class HookError(JugfileError):
    """A hook of the jugfile raised, where no task is to blame.

    Attributes:
        path: The hook's name.
    """

    @property
    def words(self) -> str:
        """Our one line on it, without the traceback."""
        return f"the hook {self.path} raised the error above, which ended this worker. What was computed is stored."


class LazyJugfileError(UsageError):
    """A jugfile defines no task, but leaves a lazy `map` or generator behind."""


class DigestError(UsageError):
    """An argument of a task cannot be digested: it cannot even be pickled."""


class TrustError(UsageError):
    """Others own or may write what would run code; the text says whose it is and how to trust them."""


class JugdirError(UsageError):
    """The jugdir cannot be used."""


class NumberTakenError(JugdirError):
    """Somebody else adds jobs to the submission at this moment; nothing was queued."""


class SettingError(UsageError):
    """An option or a setting whose value does not parse."""


class JugModuleError(UsageError, ModuleNotFoundError):
    """There is no such module of jug's here; the text says what takes its place."""


class PatternError(SettingError, ValueError):
    """A pattern of task names that matches every task, or is no regular expression."""


class LimitError(SettingError, ValueError):
    """A limit in the environment that is no number."""


class TemplateError(UsageError):
    """A script template is absent or does not render."""


class SubmitError(UsageError):
    """The scheduler refused the submission; nothing was queued.

    Attributes:
        argv: The command that was refused.
        code: Its exit code.
        stderr: The scheduler's words.
    """

    def __init__(self, argv: Sequence[str], code: int, stderr: str) -> None:
        super().__init__(argv, code, stderr)  # every argument, or unpickling fails
        self.argv, self.code, self.stderr = argv, code, stderr

    def __str__(self) -> str:
        command = shlex.join(self.argv)
        return f"{self.argv[0]} exited with {self.code}: {self.stderr.strip()}\nThe command was: {command}"


class FullError(SubmitError):
    """The system took no further job for as long as was waited for room; nothing was queued."""

    def __str__(self) -> str:
        return f"{super().__str__()}\nNo room came while it was waited for; nothing was queued."


class SchedulerError(JugError):
    """The scheduler did not answer as it should; this says nothing about the jobs."""


class CommandMissingError(SchedulerError):
    """There is no such command on this host, or none that it can run.

    Args:
        command: Its name or path.
        why: What the system says of the file that is there, "" if there is none.
    """

    def __init__(self, command: str, why: str = "") -> None:
        super().__init__(command, why)
        self.command, self.why = command, why

    def __str__(self) -> str:
        fact = f"cannot be run here ({self.why})" if self.why else "no such command here"
        return f"{self.command}: {fact}. Run this on a host that has it, or put it on PATH."


class CommandUnstartedError(SchedulerError):
    """A command could not be started, for want of processes, memory or descriptors, or of an answer from its disk.

    It has done nothing, and may start a moment later.

    Args:
        command: Its name or path.
        why: What the system says.
    """

    def __init__(self, command: str, why: str) -> None:
        super().__init__(command, why)
        self.command, self.why = command, why

    def __str__(self) -> str:
        return f"{self.command} could not be started: {self.why}. It has done nothing; try again."


class CommandTimeoutError(SchedulerError):
    """A command did not end in time and was killed; it may have done its work.

    Attributes:
        argv: The command.
        seconds: How long it was given.
    """

    def __init__(self, argv: Sequence[str], seconds: float) -> None:
        super().__init__(argv, seconds)  # every argument, or unpickling fails
        self.argv, self.seconds = argv, seconds

    def __str__(self) -> str:
        command = shlex.join(self.argv)
        return f"{self.argv[0]} did not answer within {self.seconds:g} s and was stopped: {command}"


class StoreError(JugError):
    """The store could not do what was asked."""


class ResultMissingError(StoreError):
    """There is no result for this digest."""


class CorruptResultError(StoreError):
    """A result file fails its checksum; it was set aside as `<name>.corrupt`."""


class UnstorableError(StoreError):
    """A result that cannot be pickled."""


class BusyError(JugError):
    """Live workers hold what a command was to change; nothing was changed."""
