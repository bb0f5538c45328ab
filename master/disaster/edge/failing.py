"""How these commands end when they cannot do what they were asked: one line, and the exit code."""

from typing import Any

import click


class Failed(click.ClickException):
    """Its text names what is wrong and what would be right."""

    exit_code = 1

    def show(self, file: Any = None) -> None:
        click.echo(f"trimast: {self.format_message()}", file=file, err=True)


class WrongUse(Failed):
    exit_code = 2
