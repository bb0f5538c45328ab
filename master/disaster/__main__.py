"""`trimast inspect`, `backup` of a data directory, `restore` and `recover`."""

import json
import sys
from pathlib import Path
from typing import Any

import click

from master.disaster.edge.backing_up import back_up_directory, checked_backup
from master.disaster.edge.data_directories import look_at
from master.disaster.edge.describing import (
    backup_fields,
    backup_lines,
    directory_fields,
    directory_lines,
)
from master.disaster.edge.recovering import apply_command, plan_command
from master.disaster.edge.restoring import restore_command

INTERRUPTED = 130


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def cli() -> None:
    """What is done with data directories and backups, aside from a running master."""


@cli.command("inspect")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.option("--backup", "is_backup", is_flag=True, hidden=True)
def inspect(path: Path, as_json: bool, is_backup: bool) -> None:
    """Say what a master's data directory holds and what is wrong with it, or check a backup.

    Changes nothing: a copy, a read-only disk and the directory of a running master will do. Exit
    code 1 if no master would start from it, or if the backup is damaged.
    """
    if is_backup or path.is_file():
        fields = backup_fields(str(path), checked_backup(path))
        _print(fields, backup_lines(fields), as_json=as_json)
        return
    fields = directory_fields(look_at(path))
    _print(fields, directory_lines(fields), as_json=as_json)
    if not fields["sound"]:
        sys.exit(1)


@cli.command("backup")
@click.option("--data-dir", required=True, type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path))
@click.option("--force", is_flag=True)
def backup(data_dir: Path, out: Path, force: bool) -> None:
    """Make a backup from the data directory of a master that does not run."""
    back_up_directory(look_at(data_dir), out, overwrite=force)
    fields = backup_fields(str(out), checked_backup(out))
    click.echo("\n".join(backup_lines(fields)), err=True)


@cli.group("recover")
def recover() -> None:
    """After the loss of a majority of masters: go on with what a survivor has.

    First `plan`, which changes nothing and says what may be lost; then `apply` on one survivor.
    """


cli.add_command(restore_command)
recover.add_command(plan_command)
recover.add_command(apply_command)


def _print(fields: dict[str, Any], lines: list[str], *, as_json: bool) -> None:
    click.echo(json.dumps(fields, indent=2) if as_json else "\n".join(lines))


def main() -> None:
    try:
        sys.exit(cli.main(prog_name="trimast", standalone_mode=False))
    except click.UsageError as error:
        where = error.ctx.command_path if error.ctx else "trimast"
        click.echo(f"{where}: {error.format_message().rstrip('.')}; see: {where} --help", err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
