"""How long masters with very many tasks are held up: by snapshots, garbage, a change of leader.

python -m tests.bench.pauses [--tasks 1000000] [--count 3000] [--json]

A registry with so many tasks is made, and three masters are restored from it. Then tasks run on
two agents, snapshots follow one another, all tasks are listed, and the leader is killed. What is
told of each master is its longest turn of the event loop, without what it waited for a core, which
three masters, two agents and the tasks share two of; how late the loop came to its timers, with
that; and how much its memory grew.
"""

import argparse
import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final
from unittest.mock import patch

from master.disaster.counting import count
from master.edge.registry_log import CapturedRegistry
from master.registry.snapshot import capture
from replication.config import PeerAddress
from replication.engine.backup_file import BackupHeader, backup_parts, write_backup
from replication.membership import Configuration, Member
from tests.bench.crowded import TASKS_AN_AGENT, crowded_registry
from tests.bench.tasks import AsFastAsOffered
from tests.bench.turns import FOLDER_VARIABLE, turns_of
from trimast.cli.local_cluster import starting
from trimast.cli.local_cluster.cluster_file import ClusterFile, Master
from trimast.cli.local_cluster.lifecycle import bring_down, bring_up, cluster_in, kill_member
from trimast.cli.local_cluster.processes import ProcessMark, start_detached
from trimast.framework import SchedulerDriver

RESOURCES: Final = "cpus:2;mem:4096;disk:1024"
SNAPSHOT_AFTER_BYTES: Final = 100_000
_START_WITHIN_S: Final = 900.0
_LATE: Final = re.compile(r'^trimast_event_loop_late_seconds_bucket{le="([^"]+)"} (\S+)$', re.M)
_SNAPSHOTS: Final = re.compile(r"^trimast_log_snapshot_duration_seconds_count (\S+)$", re.M)
_LEADING: Final = re.compile(r"^trimast_master_leading (\S+)$", re.M)


@dataclass(frozen=True, slots=True)
class Held:
    """One master while something went on.

    Attributes:
        turn_s: the longest turn of its loop, without what it waited for a core.
        turns_above_50_ms: turns that took longer than that.
        waited_s: the longest that a turn waited for a core.
        late_s: no timer was later; the upper bound of a histogram's bucket.
        late_above_50_ms: timers that were later than that.
        grew: peak memory over what it was before.
    """

    master: str
    while_: str
    led: bool
    turn_s: float
    turns_above_50_ms: int
    waited_s: float
    late_s: float
    late_above_50_ms: int
    snapshots: int
    grew: float


@dataclass(frozen=True, slots=True)
class _Seen:
    late: Mapping[float, float]
    snapshots: int
    leads: bool
    memory_kib: int


_FRESH: Final = _Seen({}, 0, leads=False, memory_kib=0)


class Watched:
    """What the masters' metrics say, from one moment to the next."""

    def __init__(self, cluster: ClusterFile, turns: Path) -> None:
        self._turns = turns
        self._began_s = 0.0
        self._pids = {m.id: m.process.pid for m in cluster.masters if m.process is not None}
        self._urls = {m.id: f"http://{m.http}/metrics" for m in cluster.masters}
        self._before: dict[str, _Seen] = {}

    def begin(self) -> None:
        self._began_s = time.time()
        for master_id, pid in self._pids.items():
            Path(f"/proc/{pid}/clear_refs").write_text("5")  # The peak counts from here.
            self._before[master_id] = self._see(master_id, "VmRSS")

    def forget(self, master_id: str) -> None:
        del self._pids[master_id]

    def have_snapshots(self) -> bool:
        """Since the beginning, every master has written one whole."""
        return all(
            self._see(master_id, "VmHWM").snapshots > before.snapshots
            for master_id, before in self._before.items()
        )

    def end(self, while_: str) -> list[Held]:
        """Since `begin`, or since the masters started."""
        return [self._held(master_id, while_) for master_id in self._pids]

    def _held(self, master_id: str, while_: str) -> Held:
        after = self._see(master_id, "VmHWM")
        before = self._before.get(master_id, _FRESH)
        new = {le: number - before.late.get(le, 0.0) for le, number in after.late.items()}
        total = max(new.values())
        turns = [
            turn
            for turn in turns_of(self._turns, self._pids[master_id])
            if turn.ended_s >= self._began_s
        ]
        return Held(
            master_id,
            while_,
            before.leads or after.leads,
            turn_s=max((turn.took_s for turn in turns), default=0.0),
            turns_above_50_ms=sum(turn.took_s > 0.05 for turn in turns),
            waited_s=max((turn.waited_s for turn in turns), default=0.0),
            late_s=min(le for le, number in new.items() if number == total),
            late_above_50_ms=round(total - new[0.05]),
            snapshots=after.snapshots - before.snapshots,
            grew=after.memory_kib / before.memory_kib - 1 if before.memory_kib else 0.0,
        )

    def _see(self, master_id: str, memory: str) -> _Seen:
        with urllib.request.urlopen(self._urls[master_id], timeout=60) as answer:
            text = answer.read().decode()
        status = Path(f"/proc/{self._pids[master_id]}/status").read_text()
        found = re.search(rf"^{memory}:\s+(\d+) kB$", status, re.M)
        leading, snapshots = _LEADING.search(text), _SNAPSHOTS.search(text)
        assert found is not None
        assert leading is not None
        return _Seen(
            {float(le): float(number) for le, number in _LATE.findall(text)},
            0 if snapshots is None else round(float(snapshots[1])),
            float(leading[1]) == 1,
            int(found[1]),
        )


def write_crowded(
    path: Path, tasks: int, cluster_id: str, tasks_an_agent: int = TASKS_AN_AGENT
) -> None:
    state = capture(crowded_registry(tasks, tasks_an_agent))
    nobody = Configuration(1, {"m1": Member("disk", PeerAddress("127.0.0.1", 1))})
    header = BackupHeader(cluster_id, nobody, tasks + 10, 1, 0, "m1", count(state).as_fields())
    parts = backup_parts(header, CapturedRegistry(state).chunks())
    write_backup(path, parts, overwrite=False, told=lambda size_bytes: None)


def restore_all(cluster: ClusterFile, backup: Path) -> None:
    peers = ",".join(f"{m.id}={m.raft}/{m.grpc}/{m.http}" for m in cluster.masters)
    restoring = []
    for master in cluster.masters:
        shutil.rmtree(cluster.folder / master.id)
        command = [sys.executable, "-m", "trimast.cli", "restore", str(backup), "--peers", peers]
        command += ["--data-dir", str(cluster.folder / master.id), "--id", master.id]
        restoring.append(subprocess.Popen(command, stdout=subprocess.DEVNULL))
    assert [each.wait() for each in restoring] == [0] * len(restoring)


async def run_tasks(cluster: ClusterFile, number: int) -> None:
    scheduler = AsFastAsOffered(number)
    await SchedulerDriver(scheduler, "bench", cluster.master_addresses).run()


async def bench(folder: Path, tasks: int, number: int) -> list[Held]:
    cluster = await bring_up(folder / "cluster", masters=3, agents=2, resources=RESOURCES)
    await asyncio.to_thread(bring_down, cluster.folder)
    backup = folder / "crowded.backup"
    with Told(f"a registry with {tasks} tasks is made"):
        # In a process of its own, which gives its memory back.
        arguments = f"Path({str(backup)!r}), {tasks}, {cluster.name!r}"
        make = f"from tests.bench.pauses import *; write_crowded({arguments})"
        await asyncio.to_thread(subprocess.run, [sys.executable, "-c", make], check=True)
    with Told("three masters are restored from it"):
        await asyncio.to_thread(restore_all, cluster, backup)
    with Told("they start"):
        cluster = await bring_up(cluster.folder, timeout_s=_START_WITHIN_S)
    watched = Watched(cluster, folder)
    # From the start on: whoever asked for one has led by now, and was asked for its agents.
    seen = watched.end("it started")
    await run_tasks(cluster, max(50, number // 10))  # Warm.
    watched.begin()
    with Told(f"{number} tasks run, and more until snapshots are written"):
        await run_tasks(cluster, number)
        while not watched.have_snapshots():
            await run_tasks(cluster, number // 10)
    seen += watched.end("tasks ran")
    watched.begin()
    with Told("all tasks are listed"):
        await asyncio.to_thread(list_tasks, cluster)
    seen += watched.end("tasks listed")
    watched.begin()
    leader = next(held.master for held in seen[-3:] if held.led)
    with Told(f"the leader, {leader}, is killed, and {number // 10} tasks run"):
        await asyncio.to_thread(kill_member, cluster_in(cluster.folder), leader)
        watched.forget(leader)
        await run_tasks(cluster, number // 10)
    return [*seen, *watched.end("leader killed")]


def list_tasks(cluster: ClusterFile) -> None:
    command = [sys.executable, "-m", "trimast.cli", "tasks", "--json", "--dir", str(cluster.folder)]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)


def _time_turns(folder: Path) -> None:
    os.environ[FOLDER_VARIABLE] = str(folder)

    def start(module: str, arguments: Sequence[str], log: Path) -> ProcessMark:
        return start_detached("tests.bench.turns" if module == "master" else module, arguments, log)

    patch.object(starting, "start_detached", start).start()


def _write_snapshots_often() -> None:
    """No setting of local clusters: theirs are those that a newcomer wants."""
    usual = starting.master_arguments

    def arguments(cluster: ClusterFile, master: Master) -> list[str]:
        return [*usual(cluster, master), "--snapshot-after-bytes", str(SNAPSHOT_AFTER_BYTES)]

    starting.master_arguments = arguments


class Told:
    """Says on stderr what takes long, and how long it took."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._began_s = 0.0

    def __enter__(self) -> None:
        self._began_s = time.monotonic()

    def __exit__(self, *_: object) -> None:
        print(
            f"  {self._what}: {time.monotonic() - self._began_s:.1f} s", file=sys.stderr, flush=True
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tasks", type=int, default=1_000_000)
    parser.add_argument("--count", type=int, default=3_000)
    parser.add_argument("--dir", type=Path, default=Path("/var/tmp"))
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    _write_snapshots_often()
    folder = Path(tempfile.mkdtemp(prefix="trimast-bench-", dir=options.dir))
    _time_turns(folder)
    try:
        found = asyncio.run(bench(folder, options.tasks, options.count))
    finally:
        bring_down(folder / "cluster")
        shutil.rmtree(folder, ignore_errors=True)
    if options.json:
        print(json.dumps([asdict(held) for held in found]))
        return
    print(f"masters with {options.tasks} tasks: how long they were held up")
    for held in found:
        role = "leader" if held.led else "follower"
        print(
            f"  while {held.while_:14} {held.master} {role:8}  turns at most {held.turn_s:6.3f} s, "
            f"{held.turns_above_50_ms:3} above 0.05 s; beside that waited for a core at most "
            f"{held.waited_s:5.3f} s; late at most {held.late_s:5.3f} s, {held.late_above_50_ms:3} "
            f"times above 0.05 s;  {held.snapshots:3} snapshots, memory at most {held.grew:+.0%}"
        )


if __name__ == "__main__":
    main()
