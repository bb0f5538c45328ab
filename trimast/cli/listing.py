"""Lists: a table for people, an array of objects for programs."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import click

Row = Mapping[str, Any]

_COLOURS: Final = {
    "active": "green",
    "leading": "green",
    "running": "green",
    "finished": "dim",
    "staging": "yellow",
    "starting": "yellow",
    "killing": "yellow",
    "disconnected": "yellow",
    "unreachable": "red",
    "failed": "red",
    "killed": "red",
    "lost": "red",
    "error": "red",
    "no leader": "red",
}

json_option = click.option("--json", "as_json", is_flag=True, help="For programs.")
completed_option = click.option("--completed", is_flag=True, help="Those that have ended, too.")


def print_rows(rows: Sequence[Row], columns: Sequence[str], *, as_json: bool, none: str) -> None:
    """
    Args:
        columns: names of the values to show, in order.
        none: what to tell people when there is nothing.
    """
    if as_json:
        print(json.dumps([{name: row[name] for name in columns} for row in rows], indent=2))
        return
    if not rows:
        click.echo(none, err=True)
        return
    _print_table(rows, columns)


def _print_table(rows: Sequence[Row], columns: Sequence[str]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        is_number = all(isinstance(row[name], int) for row in rows)
        is_key = name in {"id", "state"}
        table.add_column(
            name.replace("_", " "), justify="right" if is_number else "left", no_wrap=is_key
        )
    for row in rows:
        table.add_row(
            *(
                Text(
                    _shown(row[name]),
                    style=_COLOURS.get(row["state"], "") if name == "state" else "",
                )
                for name in columns
            )
        )
    console = Console()
    if not console.is_terminal:
        # A pipe has no width: nothing should be folded or cut.
        console = Console(width=10_000)
    console.print(table)


def _shown(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
