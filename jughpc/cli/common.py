"""What all commands share: choosing a jugfile, settings, and speaking to people."""

from __future__ import annotations

import functools
import math
import os
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from jughpc.app.context.target import Target, Usual, choose
from jughpc.cli.output.terminal import echo
from jughpc.config.kinds import Kind, Raw
from jughpc.config.layers import load
from jughpc.config.settings import Setting, Settings, named
from jughpc.config.trust import Trust, trust_of
from jughpc.errors import SettingError
from jughpc.fs import OsClock, environment, home
from jughpc.store.location import Folder
from jughpc.tasks import running
from jughpc.tasks.matching import by_both

if TYPE_CHECKING:
    from jughpc.app.context.site import Site
    from jughpc.batch.clusters import Clusters

PATIENCE = 20.0  # [s] outlasts a worker's longest run of short tasks under one claim

_COLUMNS = 80  # where there is no terminal

F = TypeVar("F", bound=Callable[..., Any])

_OF_EVERY_COMMAND = {"--aggressive-unload", "--debug", "--pdb", "--short", "--will-cite"}  # of jug's

_GIVEN, _SETTINGS, _TRUSTED, _CACHED = (
    f"{__name__}.given",
    f"{__name__}.settings",
    f"{__name__}.trusted",
    f"{__name__}.cached",
)  # in click's notes on a command line


def takes_settings(command: F) -> F:
    """Give `command` the options of the settings that its name is declared to read; `settings` has their values."""
    name = command.__name__.replace("_", "-")
    for setting in reversed(list(named().values())):
        if setting.is_option and name in setting.by.split():
            command = _option(setting)(command)
    return command


def takes_jugdir(command: F) -> F:
    """Give `command` the option --jugdir; `find_site` heeds it."""
    return _option(named()["jugdir"])(command)


def _option(setting: Setting) -> Callable[[F], F]:
    """Return what adds the option of a setting. It takes any text: what is wrong is told with all other layers."""
    kind, spelt = setting.kind, setting.option
    head = setting.text[:1].upper() + setting.text[1:] + (f": {kind.brief}." if kind.brief else ".")
    told: dict[str, Any] = {"help": f"{head}  [{setting.built_in}]", "expose_value": False, "callback": _note}
    if not kind.metavar:
        return click.option(f"{spelt}/--no-{spelt[2:]}", setting.name, default=None, **told)
    names = (spelt, setting.also, setting.name) if setting.also else (spelt, setting.name)
    return click.option(*names, metavar=kind.metavar, multiple=kind.many, type=str, **told)


def _note(ctx: click.Context, param: click.Parameter, value: str | tuple[str, ...] | bool | None) -> None:
    """Keep what the command line says of a setting until `settings` asks for it."""
    if value is None or value == () or param.name is None:
        return
    given: dict[str, Raw] = ctx.meta.setdefault(_GIVEN, {})
    given[param.name] = value if not isinstance(value, bool) else "yes" if value else "no"


def settings() -> Settings:
    """Return the settings as they hold in this folder for this command line. Raises SettingError."""
    notes = click.get_current_context().meta
    if _SETTINGS not in notes:
        notes[_SETTINGS] = load(Path.cwd(), home(), environment(), notes.get(_GIVEN, {}), trust=trust())
    found: Settings = notes[_SETTINGS]
    return found


def give(name: str, value: Raw) -> None:
    """Hold a setting as said on the command line."""
    meta = click.get_current_context().meta
    meta.setdefault(_GIVEN, {})[name] = value
    meta.pop(_SETTINGS, None)


def given(name: str) -> Raw | None:
    """Return what the command line itself says of a setting, None if nothing."""
    notes: dict[str, Raw] = click.get_current_context().meta.get(_GIVEN, {})
    return notes.get(name)


def trust() -> Trust:
    """Return whom this user trusts; the jobs of a submission do as their submitter did. Raises TrustError."""
    return trust_of(home(), environment(), _TRUSTED in click.get_current_context().meta)


def _note_trust(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value:
        ctx.meta[_TRUSTED] = True


class Takes(click.ParamType):  # type: ignore[type-arg]  # generic in newer click only
    """An option that is no setting, of a kind that settings have."""

    def __init__(self, kind: Kind[Any]) -> None:
        self.kind, self.name = kind, kind.metavar

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the value that a text means; a value stays as it is."""
        try:
            return self.kind.read(value) if isinstance(value, str) else value
        except SettingError as error:
            self.fail(str(error), param, ctx)


def takes_jugfile(command: F) -> F:
    """Give `command` a `site`, from JUGFILE, --jugdir and what stands behind `--`."""

    known = {name for param in getattr(command, "__click_params__", ()) for name in param.opts}

    @click.argument("jugfile", required=False)
    @click.argument("args", nargs=-1)
    @takes_jugdir
    @click.option("--trusted", is_flag=True, hidden=True, expose_value=False, callback=_note_trust)
    @click.option("--as-submitted", "text", hidden=True)  # as the jobs of a submission name its jugfile's text
    @needless("--verbose")
    @needless(*sorted(_OF_EVERY_COMMAND - known), is_flag=True)
    @click.pass_context
    @functools.wraps(command)
    def with_site(
        ctx: click.Context, /, *, jugfile: str | None, args: tuple[str, ...], text: str | None, **rest: Any
    ) -> Any:
        return command(site=find_site(jugfile, (*args, *ctx.obj), text), **rest)

    return with_site  # type: ignore[return-value]  # click calls it, with other arguments than `command`


def needless(*names: str, is_flag: bool = False) -> Callable[[F], F]:
    """Take options of jug's that mean nothing here, so that habits and scripts go on, and say that they do."""

    def tell(ctx: click.Context, param: click.Parameter, value: object) -> None:
        if value:
            echo(f"jughpc: {param.opts[0]} has no effect on `{ctx.info_name}`; docs/from-jug.md tells why", err=True)

    def with_options(command: F) -> F:
        for name in names:
            command = click.option(name, hidden=True, is_flag=is_flag, expose_value=False, callback=tell)(command)
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
            echo("jughpc: --target and --invalid are --name by now: whole names, * and ?", err=True)
        if former is not None and name is not None:
            raise SettingError("give --name, not --target or --invalid besides.")
        return command(name=former if name is None else name, **rest)

    return with_names  # type: ignore[return-value]  # click calls it, with other arguments than `command`


def matcher(name: str | None, pattern: str | None) -> Callable[[str], bool] | None:
    """Return what tells whether a task is chosen, None if all are. Raises SettingError."""
    if name and pattern is not None:
        raise SettingError("give --name or --pattern, not both.")
    return by_both(name, pattern)


def may_be_cached(command: F) -> F:
    """Give `command` the option --cached, as `site.cached`."""
    words = "Do not run the jugfile: take the tasks that it had when it was loaded last."
    option = click.option("--cached", is_flag=True, help=words, expose_value=False, callback=_note_cached)
    return option(command)


def _note_cached(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    ctx.meta[_CACHED] = value


def may_wait(command: F) -> F:
    """Give `command` the option --wait, as `patience` [s]."""

    @click.option("--wait", is_flag=True, help="Wait for live workers as long as it takes.")
    @functools.wraps(command)
    def with_patience(*, wait: bool, **rest: Any) -> Any:
        return command(patience=math.inf if wait else PATIENCE, **rest)

    return with_patience  # type: ignore[return-value]  # click calls it, with other arguments than `command`


def find_site(jugfile: str | None, args: tuple[str, ...], text: str | None = None) -> Site:
    """Return where to work, with the jugdir that the jugfile chooses, and say so if it was not named.

    Args:
        text: The name of the text that was submitted, None to take the jugfile as it is.
    """
    from jughpc.app.context.pinned import pinned
    from jughpc.app.context.session import may_choose_jugdir, with_own_jugdir
    from jughpc.app.context.site import Site

    running.enter(click.get_current_context().info_name or "")
    values, target = settings(), find_target(jugfile, args)
    if values.templates:
        trust().check(values.templates)
    if target.chosen:
        echo(f"jughpc: {target.jugfile}, {target.chosen}", err=True)
    if text is not None:
        target = pinned(target, text)
    cached = click.get_current_context().meta.get(_CACHED, False)
    if cached and not values.is_given("jugdir") and may_choose_jugdir(target):
        raise SettingError(f"{target.jugfile} may choose its jugdir itself; with --cached, name it: --jugdir DIR.")
    own = target if cached else with_own_jugdir(target)
    if isinstance(own.location, Folder):
        trust().check(own.location.path)
    return Site(own, values, OsClock(), say, Path.cwd(), cached=cached)


def find_target(jugfile: str | None, args: tuple[str, ...]) -> Target:
    """Return what the command line means, whatever jugdir the jugfile itself may choose."""
    values = settings()
    usual = Usual(values.jugfile, values.jugdir, datetime.now().strftime("%Y-%m-%d"))
    jugdir = values.jugdir if values.is_given("jugdir") else None
    return choose(Path.cwd(), jugfile, jugdir, args, usual, trust())


def clusters() -> Clusters:
    """Return the batch systems as they answer on this host."""
    from jughpc.batch.clusters import Clusters, on_this_host

    return Clusters(OsClock(), functools.partial(on_this_host, tell=say))


def say(text: str) -> None:
    """Tell people what goes on, with the time, apart from what a command puts out."""
    with suppress(OSError, ValueError):  # whoever read this has left: no reason for a worker to stop
        echo(f"{datetime.now():%H:%M:%S} {text}", err=True)


def width() -> int:
    """Return the width of the terminal [characters]; as shutil does, whose import takes 150 system calls."""
    columns = environment().get("COLUMNS", "")
    if columns.isdecimal() and int(columns):
        return int(columns)
    with suppress(AttributeError, ValueError, OSError):  # standard output may be closed, or no terminal
        return os.get_terminal_size(sys.__stdout__.fileno()).columns or _COLUMNS  # type: ignore[union-attr]
    return _COLUMNS


def show(lines: Iterable[str], err: bool = False) -> None:
    """Put out what a command has to show."""
    for line in lines:
        echo(line, err=err)
