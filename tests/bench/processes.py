"""What each process of a cluster spends, by the kernel's own account."""

import json
import os
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from trimast.cli.local_cluster.cluster_file import ClusterFile
from trimast.cli.local_cluster.processes import launchers_under

MiB = 2**20


@dataclass(frozen=True, slots=True)
class Spent:
    """
    Attributes:
        cpu_s: by kind of process, all of that kind together: leader, followers, agents, launchers,
            tasks and framework.
    """

    cpu_s: dict[str, float]

    def since(self, before: "Spent") -> dict[str, float]:
        return {kind: now_s - before.cpu_s[kind] for kind, now_s in self.cpu_s.items()}


def spent(cluster: ClusterFile) -> Spent:
    """Up to now."""
    leader, followers = _masters(cluster)
    launchers = [mark.pid for mark in launchers_under(cluster.folder)]
    return Spent(
        {
            "leader": sum(map(cpu_s, leader)),
            "followers": sum(map(cpu_s, followers)),
            "agents": sum(map(cpu_s, agents_of(cluster))),
            "launchers": sum(map(cpu_s, launchers)),
            "tasks": sum(map(_of_children_s, launchers)),
            "framework": cpu_s(os.getpid()),
        }
    )


def agents_of(cluster: ClusterFile) -> list[int]:
    return [agent.process.pid for agent in cluster.agents if agent.process is not None]


def cpu_s(pid: int) -> float:
    """Of all its threads, to the nanosecond."""
    return sum(_of_threads_s(pid))


def rss_mib(pid: int) -> float:
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / MiB


def isolation_of(cluster: ClusterFile) -> str:
    """How the first agent holds its tasks."""
    with urllib.request.urlopen(f"http://{cluster.agents[0].http}/state", timeout=5) as answer:
        return str(json.load(answer)["isolation"]["kind"])


def _of_threads_s(pid: int) -> Iterator[float]:
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with suppress(OSError):  # It has just ended.
            yield int((thread / "schedstat").read_text().split()[0]) / 1e9


def _of_children_s(pid: int) -> float:
    """Those that it has waited for."""
    stat = Path(f"/proc/{pid}/stat").read_text()
    user, system = map(int, stat[stat.rindex(")") + 2 :].split()[13:15])
    return (user + system) / os.sysconf("SC_CLK_TCK")


def _masters(cluster: ClusterFile) -> tuple[list[int], list[int]]:
    leader: list[int] = []
    followers: list[int] = []
    for master in cluster.masters:
        if master.process is None:
            continue
        with urllib.request.urlopen(f"http://{master.http}/metrics", timeout=5) as answer:
            leads = b"\ntrimast_master_leading 1" in answer.read()
        (leader if leads else followers).append(master.process.pid)
    return leader, followers
