"""`trimast task files`: what is in a task's sandbox."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any, Final

import click

from trimast.cli.connecting import chosen_masters, masters_options
from trimast.cli.failing import Failed
from trimast.cli.listing import Row, json_option, print_rows
from trimast.cli.sandbox.agent_http import asked
from trimast.cli.sandbox.finding import framework_option, place_of_task

COLUMNS: Final = ("mode", "uid", "gid", "size", "mtime", "name")
LEFT_OFF_HEADER: Final = "Trimast-Entries-Left-Off"


@click.command("files")
@click.argument("task_id")
@click.argument("path", default="")
@masters_options
@framework_option
@json_option
@click.option(
    "--download",
    "target",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    metavar="FILE",
    help="Write the file at PATH to this one; - is stdout.",
)
def files(
    task_id: str,
    path: str,
    master: str | None,
    folder: Path | None,
    timeout_s: float,
    framework_id: str,
    as_json: bool,
    target: Path | None,
) -> None:
    """List a directory of a task's sandbox, or fetch a file of it.

    PATH is below the sandbox; without it the sandbox itself is listed.
    """
    masters = chosen_masters(master, folder, timeout_s)
    row, address = place_of_task(masters, task_id, framework_id)
    sandbox = f"/frameworks/{row['framework_id']}/executors/{task_id}/latest"
    whole = f"{sandbox}/{path}" if path else sandbox
    if target is not None:
        _download(address, whole, target)
        return
    with asked(address, "/files/browse", path=whole) as response:
        entries: list[dict[str, Any]] = json.load(response)
        left_off = response.headers.get(LEFT_OFF_HEADER)
    rows = [_row(entry, as_json) for entry in entries]
    print_rows(rows, COLUMNS, as_json=as_json, none="nothing is in there")
    if left_off is not None:
        click.echo(f"trimast: {left_off} more are not listed", err=True)


def _row(entry: dict[str, Any], as_json: bool) -> Row:
    name = entry["path"].rpartition("/")[2]
    # A task may have put into a name what a terminal would obey.
    return {**entry, "name": name if as_json or name.isprintable() else repr(name)}


def _download(address: str, path: str, target: Path) -> None:
    with asked(address, "/files/download", path=path) as response:
        size = int(response.headers["Content-Length"])
        if str(target) == "-":
            shutil.copyfileobj(response, sys.stdout.buffer)
            return
        try:
            with target.open("wb") as file:
                shutil.copyfileobj(response, file)
                written = file.tell()
        except OSError as error:
            raise Failed(f"{target}: {error.strerror or error}") from error
    if written != size:
        raise Failed(f"{target}: only {written} of {size} bytes came; the file was cut meanwhile")
