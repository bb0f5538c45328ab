"""`python -m master`, and `trimast master`."""

import asyncio
import sys

from master.assembly import run_master
from master.config import MasterConfig
from master.edge.peers_text import peers_from_text
from replication.engine.identity import DataDirectoryRefused
from trimast.edge.listening import CannotListen
from trimast.edge.logs import set_up_logs
from trimast.edge.settings import settings_command

ABOUT = """Run one master.

Three or five of them keep the registry alike and elect one that leads; one alone works too."""


def start(config: MasterConfig) -> None:
    peers_from_text(config.peers)
    set_up_logs(config.log_level, config.log_json)
    try:
        asyncio.run(run_master(config))
    except (CannotListen, DataDirectoryRefused, OSError) as error:
        sys.stderr.write(f"trimast master: {error}\n")
        sys.exit(1)


def main() -> None:
    settings_command(MasterConfig, start, name="master", about=ABOUT)(prog_name="trimast master")


if __name__ == "__main__":
    main()
