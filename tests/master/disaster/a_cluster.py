"""Data directories of a small cluster as its masters would have left them, and the commands."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from master.disaster.__main__ import cli
from master.edge.registry_codec import command_to_bytes
from master.registry.commands import (
    AdmitAgent,
    AdmitFramework,
    BeginEpoch,
    Command,
    Decision,
    LaunchTask,
)
from replication.config import PeerAddress
from replication.engine import entry
from replication.engine.disk_layout import Identity, store_configuration, store_identity
from replication.engine.files import OsDirectory
from replication.engine.term_file import Ballot, TermFile
from replication.engine.wal import Wal
from replication.engine.wal_flush import flush_now
from replication.membership import Configuration, Member
from tests.master.led_cluster import AGENT, AGENT_INFO, FRAMEWORK, FRAMEWORK_INFO, a_task
from trimast.model.ids import MasterId, TaskId

PEERS = "m1=h1:5053/h1:5052/h1:5050,m2=h2:5053/h2:5052/h2:5050,m3=h3:5053/h3:5052/h3:5050"
THREE = Configuration(
    5,
    {
        f"m{n}": Member(f"disk-m{n}", PeerAddress(f"h{n}", 5053), f"h{n}:5052/h{n}:5050")
        for n in (1, 2, 3)
    },
    {},
    1,
    0,
)


@dataclass(frozen=True, slots=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


def run(*arguments: object, stdin: str | None = None) -> Ended:
    """One of the commands, with the words and the exit code that its users see."""
    done = CliRunner().invoke(cli, [str(each) for each in arguments], input=stdin)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Ended(done.exit_code, done.stdout, done.stderr)


def decisions(tasks: int) -> list[Decision]:
    launches = [LaunchTask(FRAMEWORK, a_task(TaskId(f"t{n}"))) for n in range(1, tasks + 1)]
    return [
        BeginEpoch(MasterId("m1")),
        AdmitAgent(AGENT, AGENT_INFO),
        AdmitFramework(FRAMEWORK, FRAMEWORK_INFO),
        *launches,
    ]


def make_data_directory(
    path: Path,
    master: str = "m1",
    *,
    cluster: str = "prod",
    configuration: Configuration = THREE,
    tasks: int = 2,
    committed: int | None = None,
    term: int = 1,
) -> Path:
    """Entry 1 is the leader's own; 2 the epoch, 3 the agent, 4 the framework, then the launches.

    Args:
        committed: up to here it knows entries to be; None: all but the last.
    """
    path.mkdir(parents=True)
    directory = OsDirectory(path)
    store_identity(directory, Identity(cluster, master, f"disk-{master}", 3))
    store_configuration(directory, configuration)
    TermFile.create(directory).store(Ballot(term, master))
    wal = Wal(directory, segment_bytes_max=1 << 20)
    wal.add(b"\x01", 1, 0)
    for decision in decisions(tasks):
        command = command_to_bytes(Command(min(1, wal.last_index - 1), 7, decision))
        wal.add(b"\x01" + entry.pack([command]), wal.last_index + 1, term)
    wal.setRaftCommitIndex(wal.last_index - 1 if committed is None else committed)
    flush_now(wal)
    wal.close()
    return path


def contents(path: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in sorted(path.iterdir()) if each.is_file()}
