"""`jughpc completion`, and what a shell is told at each press of the tab key; no jugfile is run for that."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click
from click.shell_completion import BashComplete, CompletionItem, add_completion_class, get_completion_class

from jughpc.cli import common
from jughpc.cli.output.terminal import echo
from jughpc.config.asks import DEFAULT
from jughpc.config.layers import profiles
from jughpc.config.profiles import NONE
from jughpc.config.settings import named
from jughpc.exitcode import ExitCode
from jughpc.fs import Files, OsClock

SHELLS = ("bash", "zsh", "fish")
VARIABLE = "_JUGHPC_COMPLETE"  # click's name for it

_FOLDERS, _PATHS = ("DIR",), ("SCRIPT", "PATH")

Completer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


class _Bash(BashComplete):
    """Bash as it is: it takes `--jugdir=x` for three words."""

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words before the last one, and that."""
        words, incomplete = super().get_completion_args()
        return [word for word in words if word != "="], incomplete


def teach() -> None:
    """Have click know how shells ask."""
    add_completion_class(_Bash)


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> int:
    """Print what has a SHELL complete commands, options, files, task names and submissions.

    In ~/.bashrc: eval "$(jughpc completion bash)"; zsh likewise; fish: jughpc completion fish | source
    """
    found = get_completion_class(shell)
    assert found is not None, f"click knows {shell}"
    echo(found(click.get_current_context().find_root().command, {}, "jughpc", VARIABLE).source())
    return ExitCode.DONE


def completed(command: click.Command) -> click.Command:
    """Return `command` with parameters that complete themselves."""
    names = {param.name for param in command.params}
    for param in command.params:
        if (completer := _completer(param, names)) is not None:
            param._custom_shell_complete = completer
    return command


def _completer(param: click.Parameter, names: Iterable[str | None]) -> Completer | None:
    if param.name == "task" or param.metavar == "TASK":
        return _of_jugdir(_task_names)
    if param.name == "jugfile":
        return _jugfiles
    if param.name == "what":
        return _of_jugdir(_submissions, _jugfiles)
    if param.name == "profile" or (param.name == "name" and "action" in names):
        return _profiles
    if isinstance(param, click.Argument) and not isinstance(param.type, click.Choice):
        return _folders if param.metavar in _FOLDERS else _paths
    if param.name == "name" and "pattern" in names:
        return _of_jugdir(_task_names)
    by_name = {"number": _of_jugdir(_submissions), "scheduler": _schedulers, "only": _of_jugdir(_classes)}
    return by_name.get(param.name or "") or _by_kind(param.name) or _by_metavar(param.metavar)


def _by_kind(name: str | None) -> Completer | None:
    """Return what completes the option of a setting that is one of a few words."""
    setting = named().get(name or "")
    if setting is None or not (words := setting.kind.words):
        return None
    return lambda ctx, param, incomplete: _beginning(incomplete, words)


def _by_metavar(metavar: str | None) -> Completer | None:
    return _folders if metavar in _FOLDERS else _paths if metavar in _PATHS else None


def _folders(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(incomplete, type="dir")]


def _paths(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(incomplete, type="file")]


def _jugfiles(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete by Python files, which jugdirs beside them are called like; by any file where there are none."""
    folder, slash, _ = incomplete.rpartition("/")
    try:
        names = sorted(path.name for path in Path(folder + slash or ".").glob("*.py"))
    except OSError:
        names = []
    found = _beginning(incomplete, [folder + slash + one for one in names])
    return found or _paths(ctx, param, incomplete)


def _schedulers(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from jughpc.batch import registry

    return _beginning(incomplete, registry.names())


def _profiles(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    try:
        return _beginning(incomplete, [*profiles(Path.cwd(), Path.home()), NONE])
    except Exception:  # nobody who presses a key is to read an error
        return []


def _of_jugdir(words: Callable[[Files], Iterable[str]], besides: Completer | None = None) -> Completer:
    """Return what completes from the files of the jugdir that the command line means; whatever fails, nothing does."""

    def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        try:
            with ctx:
                files = _files(ctx.params)
            found = _beginning(incomplete, words(files) if files else ())
        except Exception:  # as above
            found = []
        return [*found, *(besides(ctx, param, incomplete) if besides else ())]

    return complete


def _files(given: dict[str, Any]) -> Files | None:
    from jughpc.app.context.site import Site

    target = common.find_target(given.get("jugfile"), ())
    return Site(target, common.settings(), OsClock(), common.say, Path.cwd()).files


def _task_names(files: Files) -> list[str]:
    from jughpc.app.context.kept import of_any

    return sorted(set(manifest.names)) if (manifest := of_any(files)) else []


def _submissions(files: Files) -> list[str]:
    from jughpc.batch import submissions

    return [str(number) for number in submissions.numbers(files)]


def _classes(files: Files) -> list[str]:
    from jughpc.batch import journal, submissions

    latest = submissions.latest(files, Path())
    found = {job.only for job in journal.accepted(files, latest) if job.only} if latest else set()
    return sorted({*found, DEFAULT})


def _beginning(incomplete: str, words: Iterable[str]) -> list[CompletionItem]:
    return [CompletionItem(word) for word in words if word.startswith(incomplete)]
