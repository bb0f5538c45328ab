"""`python -m master`, and `trimast master`."""

import asyncio
import sys

import click

from master.assembly import replication_config, run_master
from master.config import MasterConfig
from replication.engine.identity import DataDirectoryRefused
from trimast.edge.collecting import collect_in_small_portions
from trimast.edge.listening import CannotListen
from trimast.edge.logs import set_up_logs
from trimast.edge.settings import settings_command
from trimast.edge.tls.files import TlsFilesRefused

ABOUT = """Run one master.

Three or five of them keep the registry alike and elect one that leads; one alone works too.

Orders to masters that run: trimast master add, remove, replace, list, transfer; try --help."""


def start(config: MasterConfig) -> None:
    try:
        replication_config(config)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    set_up_logs(config.log_level, config.log_json)
    collect_in_small_portions()
    try:
        asyncio.run(run_master(config))
    except (CannotListen, DataDirectoryRefused, TlsFilesRefused, OSError) as error:
        sys.stderr.write(f"trimast master: {error}\n")
        sys.exit(1)


def main() -> None:
    settings_command(MasterConfig, start, name="master", about=ABOUT)(prog_name="trimast master")


if __name__ == "__main__":
    main()
