"""What all commands share: choosing a jugfile, settings, and speaking to people."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from jughpc import config
from jughpc.app.context.target import Target, Usual, choose
from jughpc.errors import SettingError
from jughpc.fs import environment
from jughpc.store.base import Pace
from jughpc.tasks import running
from jughpc.tasks.matching import by_both

PATIENCE = 20.0  # [s] outlasts a worker's longest run of short tasks under one claim

F = TypeVar("F", bound=Callable[..., Any])

_OF_EVERY_COMMAND = {"--aggressive-unload", "--debug", "--pdb", "--short", "--will-cite"}  # of jug's
JUGDIR_HELP = "The folder of results; %(jugfile)s and %(date)s are filled in.  [%(jugfile)s.jugdata]"


def takes_jugfile(command: F) -> F:
    """Give `command` a `target`, from JUGFILE, --jugdir and what stands behind `--`."""

    known = {name for param in getattr(command, "__click_params__", ()) for name in param.opts}

    @click.argument("jugfile", required=False)
    @click.argument("args", nargs=-1)
    @click.option("--jugdir", metavar="DIR", help=JUGDIR_HELP)
    @needless("--verbose")
    @needless(*sorted(_OF_EVERY_COMMAND - known), is_flag=True)
    @click.pass_context
    @functools.wraps(command)
    def with_target(
        ctx: click.Context, /, *, jugfile: str | None, args: tuple[str, ...], jugdir: str | None, **rest: Any
    ) -> Any:
        return command(target=find_target(jugfile, jugdir, (*args, *ctx.obj)), **rest)

    return with_target  # type: ignore[return-value]  # click calls it, with other arguments than `command`


def needless(*names: str, is_flag: bool = False) -> Callable[[F], F]:
    """Take options of jug's that mean nothing here, so that habits and scripts go on; docs/from-jug.md tells why."""

    def with_options(command: F) -> F:
        for name in names:
            command = click.option(name, hidden=True, is_flag=is_flag, expose_value=False)(command)
        return command

    return with_options


def selects_tasks(command: F) -> F:
    """Give `command` the options `name` and `pattern`; --target and --invalid are jug's former words for the first."""
    named = click.option("--name", metavar="NAME", help="Tasks of this name, or its end behind a dot; * and ?.")
    like = click.option("--pattern", metavar="TEXT", help="Tasks whose name holds TEXT, or matches /TEXT/.")

    @named
    @like
    @click.option("--target", "--invalid", "former", hidden=True)
    @functools.wraps(command)
    def with_names(*, name: str | None, former: str | None, **rest: Any) -> Any:
        if former is not None:
            click.echo("jughpc: --target and --invalid are --name by now: whole names, * and ?", err=True)
        if former is not None and name is not None:
            raise SettingError("give --name, not --target or --invalid besides.")
        return command(name=former if name is None else name, **rest)

    return with_names  # type: ignore[return-value]  # click calls it, with other arguments than `command`


def matcher(name: str | None, pattern: str | None) -> Callable[[str], bool] | None:
    """Return what tells whether a task is chosen, None if all are. Raises SettingError."""
    if name and pattern is not None:
        raise SettingError("give --name or --pattern, not both.")
    return by_both(name, pattern)


def may_wait(command: F) -> F:
    """Give `command` the option --wait, as `patience` [s]."""

    @click.option("--wait", is_flag=True, help="Wait for live workers as long as it takes.")
    @functools.wraps(command)
    def with_patience(*, wait: bool, **rest: Any) -> Any:
        return command(patience=math.inf if wait else PATIENCE, **rest)

    return with_patience  # type: ignore[return-value]  # click calls it, with other arguments than `command`


def find_target(jugfile: str | None, jugdir: str | None, args: tuple[str, ...]) -> Target:
    """Return what to work on, and say so if it was not named."""
    from jughpc.app.context.session import with_own_jugdir

    running.enter(click.get_current_context().info_name or "")
    values = settings()
    usual = Usual(values["jugfile"].value, values["jugdir"].value, datetime.now().strftime("%Y-%m-%d"))
    target = choose(Path.cwd(), jugfile, jugdir, args, usual)
    if target.chosen:
        click.echo(f"jughpc: {target.jugfile}, {target.chosen}", err=True)
    return with_own_jugdir(target)


def settings() -> config.Settings:
    """Return the settings as they hold in this folder."""
    return config.load(Path.cwd(), Path.home(), environment())


def pace(values: config.Settings) -> Pace:
    """Return how fast lives prove themselves, for a store that is made now."""
    return Pace(values["beat"].value, values["lag"].value, values["ttl"].value)


def say(text: str) -> None:
    """Tell people what goes on, with the time, apart from what a command puts out."""
    click.echo(f"{datetime.now():%H:%M:%S} {text}", err=True)


def width() -> int:
    """Return the width of the terminal [characters]."""
    import shutil

    return shutil.get_terminal_size().columns
