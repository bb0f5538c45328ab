"""Starts the processes of a local cluster, and waits until they serve."""

import asyncio
import dataclasses
import json
from pathlib import Path
from random import Random
from typing import Any, Final

import grpc.aio

from protos.trimast.v1 import cluster_pb2, cluster_pb2_grpc
from trimast.cli.local_cluster.cluster_file import Agent, ClusterFile, Master, Member, save
from trimast.cli.local_cluster.processes import ProcessMark, is_alive, start_detached
from trimast.cli.portions import portions
from trimast.edge.leader_finder import LeaderFinder

AGENT_SERVES: Final = "active"
LOG_LINES_SHOWN: Final = 8
SETTINGS_NAME: Final = "settings.toml"
_POLL_S: Final = 0.02


class StartFailed(Exception):
    """Its text says which process, and ends with the last of what it logged."""


def log_of(cluster: ClusterFile, member: Member) -> Path:
    return cluster.folder / "logs" / f"{member.id}.log"


def start_member(cluster: ClusterFile, member: Member) -> ClusterFile:
    """Start one process on the ports and the data it had. Returns at once, the file written."""
    log = log_of(cluster, member)
    log.parent.mkdir(parents=True, exist_ok=True)
    _ready_file(cluster, member).unlink(missing_ok=True)
    started: Member
    if isinstance(member, Master):
        process = start_detached("master", master_arguments(cluster, member), log)
        started = dataclasses.replace(member, process=process)
    else:
        process = start_detached("agent", agent_arguments(cluster, member), log)
        started = dataclasses.replace(member, process=process)
    cluster = cluster.replaced(started)
    save(cluster)
    return cluster


def master_arguments(cluster: ClusterFile, master: Master) -> list[str]:
    peers = ",".join(f"{m.id}={m.raft}/{m.grpc}/{m.http}" for m in cluster.masters)
    tls = ["--raft-tls-dir", str(cluster.tls_folder / master.id)] if cluster.has_tls else []
    return [
        *("--id", master.id, "--cluster", cluster.name, "--host", "127.0.0.1"),
        *("--data-dir", str(cluster.folder / master.id)),
        *("--http-port", _port(master.http), "--grpc-port", _port(master.grpc)),
        *("--raft-port", _port(master.raft), "--peers", peers, *tls),
        *("--ready-file", str(_ready_file(cluster, master))),
        *_settings_of(cluster),
    ]


def agent_arguments(cluster: ClusterFile, agent: Agent) -> list[str]:
    return [
        *("--masters", ",".join(cluster.master_addresses)),
        *("--work-dir", str(cluster.folder / agent.id)),
        *("--hostname", "127.0.0.1", "--http-host", "127.0.0.1"),
        *("--http-port", _port(agent.http), "--resources", agent.resources),
        *("--ready-file", str(_ready_file(cluster, agent))),
        *_settings_of(cluster),
    ]


def _settings_of(cluster: ClusterFile) -> list[str]:
    """What somebody has put into its folder for all its members."""
    path = cluster.folder / SETTINGS_NAME
    return ["--config", str(path)] if path.exists() else []


async def wait_until_it_serves(cluster: ClusterFile, timeout_s: float) -> ClusterFile:
    """Every process listens, a leader is known to all its masters, and knows all agents.

    Raises:
        StartFailed: a process ended, or the time is up.
    """
    missing = "all processes to listen"
    finder = LeaderFinder(cluster.master_addresses, random=Random())
    try:
        async with asyncio.timeout(timeout_s):
            cluster = await _wait_until_ready(cluster)
            while missing := await _missing(cluster, finder):
                _fail_if_ended(cluster)
                await asyncio.sleep(_POLL_S)
    except TimeoutError:
        raise StartFailed(
            f"after {timeout_s:g} s the cluster still waits for {missing}; "
            f"logs are in {cluster.folder / 'logs'}"
        ) from None
    finally:
        await finder.close()
    return cluster


async def _wait_until_ready(cluster: ClusterFile) -> ClusterFile:
    waiting = list(cluster.members)
    while waiting:
        member = waiting[0]
        ready = _read_ready(cluster, member)
        if ready is None:
            _fail_if_ended(cluster)
            await asyncio.sleep(_POLL_S)
            continue
        waiting.pop(0)
        if isinstance(member, Agent):
            cluster = cluster.replaced(dataclasses.replace(member, agent_id=ready["id"]))
    save(cluster)
    return cluster


async def _missing(cluster: ClusterFile, finder: LeaderFinder) -> str:
    """What the cluster does not have yet; "" if it serves."""
    asked = [_who_leads(finder, master) for master in cluster.masters]
    replies = await asyncio.gather(*asked)
    leader = next((reply for reply in replies if reply is not None and reply.leading), None)
    if leader is None:
        return "a leader"
    members = {each.id for each in leader.masters}
    for master, reply in zip(cluster.masters, replies, strict=True):
        if master.id not in members:
            # It was removed, or was not added yet: nobody tells it who leads.
            continue
        if reply is None or reply.leader_id != leader.master_id:
            return f"{master.id} to know that {leader.master_id} leads"
        if reply.applied_index < leader.commit_index - _LAG_MAX:
            return f"{master.id} to catch up ({reply.applied_index} of {leader.commit_index})"
    return await _missing_agent(cluster, finder, leader)


_LAG_MAX: Final = 8
"""Entries that a master may be behind, since the leader goes on while we look."""


async def _missing_agent(
    cluster: ClusterFile, finder: LeaderFinder, leader: cluster_pb2.WhoLeadsReply
) -> str:
    [address] = (master.grpc for master in cluster.masters if master.id == leader.master_id)
    stub = cluster_pb2_grpc.ClusterStub(finder.channel(address))
    try:
        call = stub.ListAgents(cluster_pb2.ListAgentsRequest())
        replies = [reply async for reply in portions(call, silence_max_s=1)]
    except grpc.aio.AioRpcError:
        return "the leader to answer"
    rows = (row for reply in replies for row in reply.agents)
    serving = {row.http for row in rows if row.state == AGENT_SERVES}
    for agent in cluster.agents:
        if agent.http not in serving:
            return f"agent {agent.id} to be registered"
    return ""


async def _who_leads(finder: LeaderFinder, master: Master) -> cluster_pb2.WhoLeadsReply | None:
    stub = cluster_pb2_grpc.ClusterStub(finder.channel(master.grpc))
    try:
        return await stub.WhoLeads(cluster_pb2.WhoLeadsRequest(), timeout=1)
    except grpc.aio.AioRpcError:
        return None


def _fail_if_ended(cluster: ClusterFile) -> None:
    for member in cluster.members:
        if not is_alive(member.process):
            log = log_of(cluster, member)
            raise StartFailed(f"{member.id} ended; the end of {log}:\n{_end_of(log)}")


def _end_of(log: Path) -> str:
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    return "\n".join(f"  {line}" for line in lines[-LOG_LINES_SHOWN:]) or "  (it is empty)"


def _read_ready(cluster: ClusterFile, member: Member) -> dict[str, Any] | None:
    """None until this very process is ready: an agent is when it has an id."""
    try:
        text = _ready_file(cluster, member).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    ready: dict[str, Any] = json.loads(text)
    process: ProcessMark | None = member.process
    is_its_own = process is not None and ready["pid"] == process.pid
    return ready if is_its_own and ready["id"] else None


def _ready_file(cluster: ClusterFile, member: Member) -> Path:
    return cluster.folder / f"{member.id}.ready"


def _port(address: str) -> str:
    return address.rpartition(":")[2]
