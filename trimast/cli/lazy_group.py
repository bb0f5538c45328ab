"""A click group that knows its commands by name, and imports one only to run it."""

import importlib
from collections.abc import Mapping
from typing import Any

import click

Places = Mapping[str, tuple[str, str]]
"""By name of the command: `module:attribute` below `trimast.cli`, and what it does."""


class LazyGroup(click.Group):
    def __init__(self, *args: Any, commands_by_title: Mapping[str, Places], **more: Any) -> None:
        super().__init__(*args, **more)
        self._by_title = commands_by_title
        self._places = {
            name: at for places in commands_by_title.values() for name, at in places.items()
        }

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._places)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self._places:
            return None
        module, _, attribute = self._places[cmd_name][0].partition(":")
        command = getattr(importlib.import_module(f"trimast.cli.{module}"), attribute)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from difflib import get_close_matches

            close = get_close_matches(args[0], self._places, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise click.UsageError(f"there is no command {args[0]!r}{hint}", ctx) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, places in self._by_title.items():
            with formatter.section(title):
                formatter.write_dl([(name, about) for name, (_, about) in places.items()])
