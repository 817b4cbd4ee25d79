"""Commands that users wrote for jug, as commands of ours."""

from __future__ import annotations

import argparse
from typing import Any

import click

from jughpc.app.context import session as sessions
from jughpc.app.context.site import Site
from jughpc.app.context.target import Target
from jughpc.cli import common
from jughpc.jug import options as jugs
from jughpc.jug.subcommands import SubCommand
from jughpc.tasks.task import Task


class _Own(click.Command):
    """A command whose own options argparse reads, before click reads what all commands take."""

    parser: argparse.ArgumentParser

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        given, rest = self.parser.parse_known_args(args)
        ctx.meta[__name__] = vars(given)
        return super().parse_args(ctx, rest)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write("\n" + self.parser.format_help().partition("options:\n")[2])


def command_of(own: SubCommand) -> click.Command:
    """Return the command that runs `own`."""

    @click.command(own.name, cls=_Own, help=own.__doc__)
    @common.takes_jugfile
    @click.pass_context
    def run(ctx: click.Context, /, *, site: Site) -> int:
        session = sessions.begin(site)
        code = own.run(_options(own, site.target, ctx.meta[__name__]), Task.store, session.jugfile.space)
        sessions.close(session)
        return code or 0

    assert isinstance(run, _Own)
    run.parser = argparse.ArgumentParser(own.name, add_help=False, argument_default=argparse.SUPPRESS)
    own.parse(run.parser)
    return run


def _options(own: SubCommand, target: Target, given: dict[str, Any]) -> jugs.Options:
    named = {"subcommand": own.name, "jugfile": str(target.jugfile), "jugdir": target.location.spell()}
    read = jugs.read_configuration_file(None, jugs.default_options)
    return jugs.Options(read, **{**own.parse_defaults(), **named, "user_args": list(target.args), **given})
