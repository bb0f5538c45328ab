"""pymesos runs a framework and an executor to the end while two leaders are killed."""

import asyncio
import json
import os
import shlex
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.conformance.pymesos import installing
from tests.integration.conftest import StartCluster
from trimast.cli.local_cluster.cluster_file import ClusterFile
from trimast.cli.local_cluster.leader import leader_of
from trimast.cli.local_cluster.lifecycle import cluster_in, kill_member, revive

HERE = Path(__file__).parent
TASKS = 40
KILL_AFTER_ENDS = (8, 22)
LEADER_WITHIN_S = 20.0
DONE_WITHIN_S = 100


def events(scheduler: "subprocess.Popen[str]") -> Iterator[dict[str, Any]]:
    assert scheduler.stdout is not None
    for line in scheduler.stdout:
        yield json.loads(line)


def kill_leader(cluster: ClusterFile) -> None:
    kill_member(cluster, asyncio.run(leader_of(cluster, LEADER_WITHIN_S)).id)
    # pymesos knows one address, and waits there until somebody answers.
    asyncio.run(revive(cluster.folder))


def test_a_framework_on_pymesos_outlives_two_leaders(
    start_cluster: StartCluster, tmp_path: Path
) -> None:
    cluster = start_cluster(masters=3, agents=2)
    ledger = tmp_path / "ledger"
    executor = shlex.join([sys.executable, str(HERE / "an_executor.py")])
    executor = f"PYTHONPATH={shlex.quote(str(installing.FOLDER))} exec {executor}"
    leader = asyncio.run(leader_of(cluster, LEADER_WITHIN_S))
    follower = next(m for m in cluster.masters if m.id != leader.id)
    command = [sys.executable, str(HERE / "a_scheduler.py"), follower.http, str(TASKS)]
    kills = list(KILL_AFTER_ENDS)
    states: dict[str, list[str]] = {}
    heard: Counter[str] = Counter()
    ids: set[str] = set()
    deadline_s = time.monotonic() + DONE_WITHIN_S
    with subprocess.Popen(
        [*command, str(ledger), executor],
        env={**os.environ, "PYTHONPATH": str(installing.FOLDER)},
        stdout=subprocess.PIPE,
        text=True,
    ) as scheduler:
        for event in events(scheduler):
            assert time.monotonic() < deadline_s
            heard[event["kind"]] += 1
            if event["kind"] == "registered":
                ids.add(event["framework_id"])
            if event["kind"] == "update":
                told = states.setdefault(event["task_id"], [])
                told += [event["state"]] if event["state"] not in told else []
            finished = sum("TASK_FINISHED" in told for told in states.values())
            if kills and finished >= kills[0]:
                kills.pop(0)
                kill_leader(cluster_in(cluster.folder))
    assert scheduler.returncode == 0
    assert kills == []
    assert len(ids) == 1
    assert heard["disconnected"] >= len(KILL_AFTER_ENDS)
    assert heard["error"] == 0
    ran = Counter(ledger.read_text().splitlines())
    kinds = ("by an executor", "by a command")
    assert ran == Counter(f"t{number} {kinds[number % 2]}" for number in range(TASKS))
    ends = [told[-1] for told in states.values() if "TASK_RUNNING" in told]
    assert ends == ["TASK_FINISHED"] * TASKS
