"""What can be done to a local cluster: up, down, one process killed, all dead ones revived."""

import contextlib
import dataclasses
import fcntl
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Final

from trimast.cli.local_cluster.cluster_file import (
    ClusterFile,
    Member,
    load,
    planned,
    save,
)
from trimast.cli.local_cluster.free_ports import free_ports, is_free
from trimast.cli.local_cluster.processes import (
    is_alive,
    launchers_under,
    send,
    stop,
    tasks_left_under,
    wait_gone,
)
from trimast.cli.local_cluster.starting import StartFailed, start_member, wait_until_it_serves

MEMBERS_DEFAULT: Final = 3
START_TIMEOUT_S: Final = 60.0
GRACE_S: Final = 10.0
KILL_WAIT_S: Final = 5.0
LOCAL_DAYS: Final = 3650
"""A local cluster's certificates: nobody should have to think of them."""


class WrongState(Exception):
    """What was asked for does not fit the cluster as it is; the text says what would."""


def default_folder() -> Path:
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "trimast"


def cluster_in(folder: Path) -> ClusterFile:
    """
    Raises:
        WrongState: there is none.
    """
    cluster = load(folder.absolute())
    if cluster is None:
        raise WrongState(f"there is no cluster in {folder}; start one: trimast up --dir {folder}")
    return cluster


async def bring_up(
    folder: Path,
    *,
    masters: int | None = None,
    agents: int | None = None,
    resources: str | None = None,
    tls: bool | None = None,
    timeout_s: float = START_TIMEOUT_S,
) -> ClusterFile:
    """Start a new cluster, or one that was brought down, with its data. Returns when it serves.

    Args:
        masters, agents, resources: None is what the cluster has, or 3, 3 and what the machine has.
        tls: between the masters; None is what the cluster has, or no.

    Raises:
        WrongState: it runs already, or it is of another size.
        StartFailed: nothing is left running then.
    """
    with _alone(_made(folder)):
        cluster = _prepared(folder, masters, agents, resources, tls)
        save(cluster)
        try:
            for member in cluster.members:
                cluster = start_member(cluster, member)
            return await wait_until_it_serves(cluster, timeout_s)
        except BaseException:
            _stop_all(cluster, GRACE_S)
            raise


def bring_down(folder: Path, *, grace_s: float = GRACE_S) -> int:
    """End every process of the cluster, agents with their tasks first. Returns how many ran.

    Raises:
        WrongState: there is no cluster.
    """
    cluster = cluster_in(folder)
    with _alone(cluster.folder):
        cluster = cluster_in(folder)
        alive = len(cluster.alive)
        _stop_all(cluster, grace_s)
        return alive


def kill_member(cluster: ClusterFile, member_id: str) -> Member:
    """kill -9. Returns when that process is gone.

    Raises:
        WrongState: no such member, or it does not run.
    """
    member = _member(cluster, member_id)
    if member.process is None or not send(member.process, signal.SIGKILL):
        raise WrongState(f"{member_id} does not run; start it: trimast revive {member_id}")
    wait_gone([member.process], KILL_WAIT_S)
    return member


def start_one(cluster: ClusterFile, member_id: str) -> ClusterFile:
    """Start a dead process with its ports and its data. Returns at once.

    Raises:
        WrongState: no such member, or it runs.
    """
    member = _member(cluster, member_id)
    if is_alive(member.process):
        raise WrongState(f"{member_id} is running")
    return start_member(cluster, member)


async def revive(folder: Path, *, timeout_s: float = START_TIMEOUT_S) -> list[Member]:
    """Start every process that is dead, and wait until the cluster is whole. Returns those.

    Raises:
        WrongState: there is no cluster.
        StartFailed: it does not become whole; what runs is left running.
    """
    cluster = cluster_in(folder)
    with _alone(cluster.folder):
        cluster = cluster_in(folder)
        dead = [member for member in cluster.members if not is_alive(member.process)]
        for member in dead:
            cluster = start_member(cluster, member)
        await wait_until_it_serves(cluster, timeout_s)
        return dead


def _stop_all(cluster: ClusterFile, grace_s: float) -> None:
    # An agent that is merely stopped leaves its tasks running; this ends them as well.
    for members, number in ((cluster.agents, signal.SIGUSR1), (cluster.masters, signal.SIGTERM)):
        stop([m.process for m in members if m.process is not None], grace_s, number)
    # Of agents that were killed: nobody else would end these. First what could start more.
    for find_left in (launchers_under, tasks_left_under):
        left = list(find_left(cluster.folder))
        for process in left:
            send(process, signal.SIGKILL)
        wait_gone(left, KILL_WAIT_S)


def _prepared(
    folder: Path,
    masters: int | None,
    agents: int | None,
    resources: str | None,
    tls: bool | None,
) -> ClusterFile:
    folder = folder.absolute()
    cluster = load(folder)
    if cluster is not None:
        _check_fits(cluster, masters, agents, resources, tls)
        return _on_free_ports(cluster)
    masters = MEMBERS_DEFAULT if masters is None else masters
    agents = MEMBERS_DEFAULT if agents is None else agents
    ports = free_ports(3 * masters + agents, Random())
    cluster = planned(folder, ports, masters, agents, resources or "", has_tls=bool(tls))
    if cluster.has_tls:
        _make_certificates(cluster)
    return cluster


def _make_certificates(cluster: ClusterFile) -> None:
    # What makes them takes 80 ms to import: only who wants some waits for it.
    from trimast.cli.certificate_folder import CertificateFolder, FolderRefused

    names = [master.id for master in cluster.masters]
    try:
        CertificateFolder(cluster.tls_folder).create(cluster.name, names, days=LOCAL_DAYS)
    except FolderRefused as error:
        raise WrongState(f"{error}; use another --dir, or move it away") from error


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _check_fits(
    cluster: ClusterFile,
    masters: int | None,
    agents: int | None,
    resources: str | None,
    tls: bool | None,
) -> None:
    where = f"the cluster in {cluster.folder}"
    if cluster.alive:
        dead = [member.id for member in cluster.members if member not in cluster.alive]
        hint = f"start its dead processes ({', '.join(dead)}): trimast revive" if dead else ""
        raise WrongState(f"{where} runs already; {hint or 'end it first: trimast down'}")
    has_resources = cluster.agents[0].resources if cluster.agents else resources
    for what, wanted, has in (
        ("masters", masters, len(cluster.masters)),
        ("agents", agents, len(cluster.agents)),
        ("agent resources", resources, has_resources),
    ):
        if wanted is not None and wanted != has:
            raise WrongState(f"{where} has {has} {what}, not {wanted}; use another --dir")
    if tls is not None and tls != cluster.has_tls:
        state = "TLS" if cluster.has_tls else "no TLS"
        raise WrongState(f"{where} has {state} between its masters; use another --dir")


def _on_free_ports(cluster: ClusterFile) -> ClusterFile:
    """The same ports, but for those that somebody else has by now."""
    masters = [address for m in cluster.masters for address in (m.http, m.grpc, m.raft)]
    addresses = [*masters, *(agent.http for agent in cluster.agents)]
    lost = [address for address in addresses if not is_free(_port(address))]
    ports = free_ports(len(lost), Random(), map(_port, addresses))
    new = {old: f"127.0.0.1:{port}" for old, port in zip(lost, ports, strict=True)}
    return dataclasses.replace(
        cluster,
        masters=tuple(
            dataclasses.replace(
                m,
                http=new.get(m.http, m.http),
                grpc=new.get(m.grpc, m.grpc),
                raft=new.get(m.raft, m.raft),
            )
            for m in cluster.masters
        ),
        agents=tuple(
            dataclasses.replace(agent, http=new.get(agent.http, agent.http))
            for agent in cluster.agents
        ),
    )


def _port(address: str) -> int:
    return int(address.rpartition(":")[2])


def _member(cluster: ClusterFile, member_id: str) -> Member:
    member = cluster.member(member_id)
    if member is None:
        known = ", ".join(each.id for each in cluster.members)
        raise WrongState(f"there is no {member_id} in {cluster.folder}; there are: {known}")
    return member


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Two commands that start and end processes would each see half of what the other does."""
    with (folder / "cluster.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise WrongState(f"another trimast command is at work on {folder}") from None
        yield


__all__ = [
    "StartFailed",
    "WrongState",
    "bring_down",
    "bring_up",
    "cluster_in",
    "default_folder",
    "kill_member",
    "revive",
    "start_one",
]
