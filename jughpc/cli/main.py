"""The command `jughpc`: finds the subcommand, and turns mistakes into one clear message."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from jughpc._version import __version__
from jughpc.cli import faults
from jughpc.cli.output.terminal import echo
from jughpc.errors import JugError, JugfileError, UsageError
from jughpc.exitcode import ExitCode, after_signal
from jughpc.fs import environment, home
from jughpc.tasks.alias import OWN_COMMANDS

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from jughpc.jug.subcommands import SubCommand

GROUP = "jughpc.commands"  # entry points: click commands of other packages

_COMMANDS = {  # where each lives: a module is imported only when its command is wanted
    "submit": ("jughpc.cli.submit", "Submit a jugfile as an array job, with a collector and a reduce."),
    "status": ("jughpc.cli.status", "Show where the tasks, the workers and the submission stand."),
    "cancel": ("jughpc.cli.submit", "End the array, collector and reduce of a submission."),
    "submissions": ("jughpc.cli.history", "List all submissions: number, when, jobs and how each stands."),
    "resubmit": ("jughpc.cli.history", "Submit once more, as it was submitted before."),
    "report": ("jughpc.cli.report", "Write a page on what tasks took, and what to ask for next time."),
    "nodes": ("jughpc.cli.history", "List what ran where, with deaths and failures per node."),
    "cleanup": ("jughpc.cli.cleanup", "Remove results that no task needs, and free what crashed jobs held."),
    "invalidate": ("jughpc.cli.manage", "Remove the results of chosen tasks and of all that depends on them."),
    "count": ("jughpc.cli.look", "Count the tasks by name."),
    "graph": ("jughpc.cli.look", "Write which tasks need which, and draw it."),
    "pack": ("jughpc.cli.manage", "Merge small result files."),
    "rescue": ("jughpc.cli.manage", "Take up results that a worker could not store, and kept on its own host."),
    "repair": ("jughpc.cli.purged", "Make a half-deleted jugdir's store.yaml again, and tell what else is gone."),
    "touch": ("jughpc.cli.purged", "Renew the times of what is needed, where a site deletes old files."),
    "failures": ("jughpc.cli.failures", "Show what failed, alike failures together; --retry-failed runs it again."),
    "logs": ("jughpc.cli.logs", "Show what elements put out, or single tasks; --follow what comes."),
    "explain": ("jughpc.cli.explain", "Tell why a task is as it is, and what happens next."),
    "shell": ("jughpc.cli.shell", "Look at results in Python, with the jugfile's names."),
    "web": ("jughpc.cli.web", "Show how it goes on a web page of this machine."),
    "webstatus": ("jughpc.cli.web", "The same; jug calls it so."),
    "demo": ("jughpc.cli.demo", "Write a first jugfile to play with."),
    "import-jug": ("jughpc.cli.import_jug", "Take over the results that jug 2 left in a jugdir."),
    "trust": ("jughpc.cli.trust", "Use what others own or may write in a folder and below."),
    "completion": ("jughpc.cli.completion", "Print what completes commands, options and names in a shell."),
    "config": ("jughpc.cli.config", "Print the settings as they hold here."),
    "execute": ("jughpc.cli.execute", "Work on a jugfile, here and now; start as many as you like."),
    "check": ("jughpc.cli.collect", "Exit with 0 if all tasks are done, else with 1."),
    "wait": ("jughpc.cli.wait", "Wait until a submission has ended, and tell how."),
    "sleep-until": ("jughpc.cli.collect", "Wait until all tasks are done."),
    "collect": ("jughpc.cli.collect", "What the collector job runs: wait, repair, and tell whether all is done."),
    "reduce": ("jughpc.cli.collect", "What the reduce job runs: a script that sees the jugfile's names and `value`."),
    "profile": ("jughpc.cli.profile", "Make a site profile of what the batch system tells, or try one."),
    "doctor": ("jughpc.cli.doctor", "Tell whether this file system and cluster keep what jughpc relies on."),
}


_COMPLETE = "_JUGHPC_COMPLETE"  # in the environment of a command that a shell asks


class Commands(click.Group):
    """Subcommands that are imported when they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*_COMMANDS, *_of_users(), *_of_jug()]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            packaged = _of_users()
            return _load(packaged[cmd_name]) if cmd_name in packaged else _own(cmd_name)
        module = importlib.import_module(_COMMANDS[cmd_name][0])
        command: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return _completed(command) if _COMPLETE in environment() else command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in _COMMANDS and not _is_users(args[0]):
            import difflib  # only now: most commands are spelt well

            near = difflib.get_close_matches(args[0], self.list_commands(ctx), n=3)
            hint = f"did you mean {', '.join(near)}?" if near else f"there are {', '.join(_COMMANDS)}."
            raise click.UsageError(f"there is no command {args[0]!r}; {hint}")
        name, command, rest = super().resolve_command(ctx, args)
        return name, command, [_spelt_out(command, word) for word in rest] if command else rest

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])
        if users := _of_users():
            with formatter.section("Commands of other packages"):
                formatter.write_dl([(name, point.value) for name, point in users.items()])
        if own := _of_jug():
            with formatter.section("Commands of your own"):
                formatter.write_dl([(name, one.brief) for name, one in own.items()])


def _completed(command: click.Command) -> click.Command:
    from jughpc.cli.completion import completed  # only now: a shell asks

    return completed(command)


def _of_users() -> dict[str, EntryPoint]:
    """Return the commands that installed packages add."""
    from importlib.metadata import entry_points  # only now: it looks at every installed package

    return {point.name: point for point in entry_points(group=GROUP) if point.name not in _COMMANDS}


@cache
def _of_jug() -> dict[str, SubCommand]:
    """Return the commands that the user wrote for jug; if their file is broken, say so and go on without them."""
    if not (home() / OWN_COMMANDS).is_file():  # as mostly, and what follows takes 0.2 s
        return {}
    from jughpc.jug.subcommands import of_user

    try:
        return {name: own for name, own in of_user(home()).items() if name not in _COMMANDS}
    except UsageError as error:
        _complain(str(error))
        return {}


def _is_users(name: str) -> bool:
    return name in _of_users() or name in _of_jug()


def _own(name: str) -> click.Command:
    from jughpc.cli.own import command_of

    return command_of(_of_jug()[name])


def _load(point: EntryPoint) -> click.Command:
    try:
        command = point.load()
    except Exception as error:
        raise UsageError(f"the command {point.name}, from {point.value}, cannot be imported: {error}") from error
    if not isinstance(command, click.Command):
        raise UsageError(f"the command {point.name}, {point.value}, must be a click command; it is {command!r}.")
    return command


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(version)s")
def jughpc() -> None:
    """Run Python tasks on HPC clusters: workers pull them through a shared folder.

    A jugfile defines tasks; `jughpc submit JUGFILE --array 64` runs them as one array job of the batch system,
    or on this machine where there is no scheduler. `jughpc COMMAND --help` tells more.
    """


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run a command and exit with an ExitCode, or as `after_signal` tells."""
    words = list(sys.argv[1:] if argv is None else argv)
    faults.fill_gaps()
    if _COMPLETE in environment():
        from jughpc.cli.completion import teach  # only now: a shell asks

        teach()
    code = _run(*_split(words))
    if not faults.let_go() and code == ExitCode.DONE:
        code = ExitCode.FAILED
    sys.exit(code)


def _run(head: list[str], tail: tuple[str, ...]) -> int:
    """Run a command; return its exit code, once all that it has to say is said."""
    try:
        code = jughpc.main(head or ["--help"], prog_name="jughpc", standalone_mode=False, obj=tail)
        if sys.stdout is not None:
            sys.stdout.flush()
    except click.Abort as abort:
        return after_signal(number) if (number := _signal(abort)) else ExitCode.INTERRUPTED
    except click.UsageError as error:
        _complain(error.format_message(), _where_help_is(error.ctx))
        return ExitCode.USAGE
    except JugfileError as error:
        if _is_reader_gone(error.__cause__):  # its script prints
            return ExitCode.FAILED
        _say(error.trace.rstrip())
        _complain(error.words)
        return ExitCode.USAGE
    except JugError as error:
        _complain(str(error))
        is_mistake = isinstance(error, UsageError) and not _is_fault(error.__cause__)
        return ExitCode.USAGE if is_mistake else ExitCode.FAILED
    except (ImportError, AttributeError, TypeError, RuntimeError) as error:
        return _of_environment(error)
    except (OSError, MemoryError) as error:
        if not _is_reader_gone(error):
            _complain(faults.words(error))
        return ExitCode.FAILED
    return ExitCode.USAGE if not head else code if isinstance(code, int) else ExitCode.DONE


def _of_environment(error: Exception) -> int:
    """Say what around jughpc is behind `error`, and return the exit code; raise it if it is a mistake of our own."""
    if fault := faults.of_loading(error):
        _complain(faults.words(fault))
        return ExitCode.FAILED
    if isinstance(error, RuntimeError) or not (hidden := _hidden()):
        raise error
    _complain(f"{hidden}, which jughpc needs ({error}); rename what lies there.")
    return ExitCode.USAGE


def _hidden() -> str:
    """Return what in the folders of the user's own was imported in place of a module of ours; "" if nothing was."""
    from jughpc.tasks import hints  # only now: it is rarely so

    return " and ".join(words for place in sys.path[:2] for words in hints.hidden_modules(Path(place)))


def _signal(abort: click.Abort) -> int | None:
    """Return the number of the signal that ended a command which heeds signals, None for ^C."""
    return getattr(abort.__cause__ or abort.__context__, "number", None)


def _is_reader_gone(error: BaseException | None) -> bool:
    """Return whether nobody reads what is put out any more: `jughpc status | head -1`."""
    return isinstance(error, BrokenPipeError) and faults.is_reader_gone()


def _is_fault(cause: BaseException | None) -> bool:
    """Return whether the world is to blame, and no path that was mistyped."""
    return isinstance(cause, OSError) and not isinstance(cause, (FileNotFoundError, NotADirectoryError))


def _spelt_out(command: click.Command, word: str) -> str:
    """Return `word` with a long option in full, if it is the beginning of that one alone."""
    start, equals, value = word.partition("=")
    if not start.startswith("--"):
        return word
    names = [name for param in command.params for name in (*param.opts, *param.secondary_opts)]
    meant = [name for name in names if name.startswith(start)]
    return f"{meant[0]}{equals}{value}" if len(meant) == 1 and start not in names else word


def _split(words: list[str]) -> tuple[list[str], tuple[str, ...]]:
    """Return what is ours, and what stands behind `--`: the jugfile's own or the scheduler's."""
    if "--" not in words:
        return words, ()
    cut = words.index("--")
    return words[:cut], tuple(words[cut + 1 :])


def _where_help_is(context: click.Context | None) -> str:
    return f"{context.command_path if context else 'jughpc'} --help tells what there is."


def _complain(*lines: str) -> None:
    _say("jughpc: " + "\n".join(lines))


def _say(text: str) -> None:
    with suppress(OSError):  # there is nobody to tell
        echo(text, err=True)
