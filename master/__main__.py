"""`python -m master`, and `trimast master`."""

import trimast.edge.without_rich  # noqa: F401

# isort: split
import asyncio
import sys
from typing import NoReturn

import click

from master.assembly import replication_config, run_master
from master.config import MasterConfig
from master.edge.credentials import CredentialsRefused
from replication.engine.checked_file import CheckedFileDamaged
from replication.engine.configuration_codec import ConfigurationUnreadable
from replication.engine.identity import DataDirectoryRefused
from replication.engine.snapshot_file import SnapshotDamaged
from replication.engine.term_file import TermFileDamaged
from replication.engine.wal import WalDamaged
from replication.state_machine import SnapshotUnreadable
from trimast.edge.listening import CannotListen
from trimast.edge.logs import set_up_logs
from trimast.edge.settings import settings_command
from trimast.edge.tls.files import TlsFilesRefused

ABOUT = """Run one master.

Three or five of them keep the registry alike and elect one that leads; one alone works too.

Orders to masters that run: trimast master add, remove, replace, list, transfer; try --help."""

_DAMAGE = (
    CheckedFileDamaged,
    ConfigurationUnreadable,
    SnapshotDamaged,
    SnapshotUnreadable,
    TermFileDamaged,
    WalDamaged,
)
"""What one of several masters cannot mend from the others by itself, or one alone from nobody."""


def start(config: MasterConfig) -> None:
    try:
        replication_config(config)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    set_up_logs(config.log_level, config.log_json)
    try:
        asyncio.run(run_master(config))
    except (
        CannotListen,
        CredentialsRefused,
        DataDirectoryRefused,
        TlsFilesRefused,
        OSError,
    ) as error:
        _refuse(str(error))
    except _DAMAGE as error:
        _refuse(
            f"{config.data_dir}: {error}. Keep this directory. If other masters are there, start "
            "with an empty one: this one comes back by itself. If not: trimast recover, or restore"
        )


def _refuse(text: str) -> NoReturn:
    sys.stderr.write(f"trimast master: {text}\n")
    sys.exit(1)


def main() -> None:
    settings_command(MasterConfig, start, name="master", about=ABOUT)(prog_name="trimast master")


if __name__ == "__main__":
    main()
