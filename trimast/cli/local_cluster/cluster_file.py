"""What is known of a local cluster from one command to the next: `cluster.json` in its folder."""

import dataclasses
import json
import os
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from trimast.cli.local_cluster.processes import ProcessMark, is_alive

FILE_NAME: Final = "cluster.json"
TARGETS_NAME: Final = "targets.json"
"""For Prometheus: what to scrape, as its `file_sd_configs` read it."""
FORMAT: Final = 1


class BadClusterFile(Exception):
    """Its text names the file and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Master:
    """
    Attributes:
        http, grpc, raft: `host:port` each.
        process: None before it is started.
    """

    id: str
    http: str
    grpc: str
    raft: str
    process: ProcessMark | None = None


@dataclass(frozen=True, slots=True)
class Agent:
    """
    Attributes:
        id: a name within this cluster; what the masters call it is `agent_id`.
        resources: as text; "" for what the machine has.
    """

    id: str
    http: str
    resources: str
    agent_id: str = ""
    process: ProcessMark | None = None


Member = Master | Agent


@dataclass(frozen=True, slots=True)
class ClusterFile:
    folder: Path
    name: str
    masters: tuple[Master, ...]
    agents: tuple[Agent, ...]
    has_tls: bool = False
    """Between its masters."""

    @property
    def tls_folder(self) -> Path:
        return self.folder / "tls"

    @property
    def members(self) -> tuple[Member, ...]:
        return (*self.masters, *self.agents)

    @property
    def alive(self) -> tuple[Member, ...]:
        return tuple(member for member in self.members if is_alive(member.process))

    @property
    def master_addresses(self) -> list[str]:
        return [master.grpc for master in self.masters]

    def member(self, member_id: str) -> Member | None:
        return next((member for member in self.members if member.id == member_id), None)

    def replaced(self, new: Member) -> "ClusterFile":
        """With `new` in the place of the member of the same id."""
        if isinstance(new, Master):
            masters = tuple(new if old.id == new.id else old for old in self.masters)
            return dataclasses.replace(self, masters=masters)
        agents = tuple(new if old.id == new.id else old for old in self.agents)
        return dataclasses.replace(self, agents=agents)

    def as_printed(self) -> dict[str, Any]:
        """What `trimast up --json` promises to programs."""
        return {
            "dir": str(self.folder),
            "masters": [
                {"id": m.id, "http": m.http, "grpc": m.grpc, "pid": _pid(m)} for m in self.masters
            ],
            "agents": [
                {"id": a.agent_id or a.id, "http": a.http, "pid": _pid(a)} for a in self.agents
            ],
        }


def load(folder: Path) -> ClusterFile | None:
    """None if there is none.

    Raises:
        BadClusterFile: it cannot be read.
    """
    path = folder / FILE_NAME
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise BadClusterFile(f"{path} cannot be read: {error}") from error
    try:
        if document["format"] != FORMAT:
            raise BadClusterFile(f"{path} is of format {document['format']}, not {FORMAT}")
        return ClusterFile(
            folder=folder,
            name=document["name"],
            masters=tuple(Master(**_with_process(each)) for each in document["masters"]),
            agents=tuple(Agent(**_with_process(each)) for each in document["agents"]),
            has_tls=document.get("has_tls", False),
        )
    except (KeyError, TypeError) as error:
        raise BadClusterFile(f"{path} is not a cluster file: {error!r}") from error


def save(cluster: ClusterFile) -> None:
    """Whole or not at all."""
    document = {
        "format": FORMAT,
        "name": cluster.name,
        "has_tls": cluster.has_tls,
        "masters": [dataclasses.asdict(master) for master in cluster.masters],
        "agents": [dataclasses.asdict(agent) for agent in cluster.agents],
    }
    write_whole(cluster.folder / FILE_NAME, json.dumps(document, indent=2) + "\n")
    write_whole(cluster.folder / TARGETS_NAME, json.dumps(_targets(cluster), indent=2) + "\n")


def write_whole(path: Path, text: str) -> None:
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    with draft.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def planned(
    folder: Path,
    ports: Sequence[int],
    masters: int,
    agents: int,
    resources: str,
    *,
    has_tls: bool = False,
) -> ClusterFile:
    """A cluster that does not run yet; takes three ports a master and one an agent."""
    left = iter(f"127.0.0.1:{port}" for port in ports)
    return ClusterFile(
        folder=folder,
        name=f"local-{uuid.uuid4().hex[:8]}",
        masters=tuple(
            Master(f"m{number}", http=next(left), grpc=next(left), raft=next(left))
            for number in range(1, masters + 1)
        ),
        agents=tuple(
            Agent(f"a{number}", http=next(left), resources=resources)
            for number in range(1, agents + 1)
        ),
        has_tls=has_tls,
    )


def _targets(cluster: ClusterFile) -> list[dict[str, Any]]:
    return [
        {"labels": {"role": role}, "targets": [member.http for member in members]}
        for role, members in (("master", cluster.masters), ("agent", cluster.agents))
        if members
    ]


def _pid(member: Member) -> int | None:
    return member.process.pid if member.process is not None else None


def _with_process(fields: dict[str, Any]) -> dict[str, Any]:
    process = fields["process"]
    return {**fields, "process": ProcessMark(**process) if process is not None else None}
