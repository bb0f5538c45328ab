"""The drill, as a user runs it: leaders are killed under running tasks, and nothing is touched."""

import json
import subprocess
import sys

import pytest

from tests.integration.conftest import StartCluster

KEYS = {
    "kill_to_leader_s",
    "kill_to_commit_s",
    "kill_to_offer_s",
    "tasks_lost",
    "tasks_doubled",
    "tasks_restarted",
}


def test_a_drill_touches_no_task(start_cluster: StartCluster) -> None:
    cluster = start_cluster(masters=3, agents=2)
    command = ["drill", "kill-leader", "--dir", str(cluster.folder), "--times", "3", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "trimast.cli", *command], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert [set(trial) for trial in report["trials"]] == [KEYS] * 3
    summary = report["summary"]
    assert (summary["lost"], summary["doubled"], summary["restarted"]) == (0, 0, 0)
    assert 0 < summary["commit_p50_s"] <= summary["commit_p99_s"]


@pytest.mark.parametrize("more", [[], ["--with-launcher"]])
def test_a_drill_of_agents_touches_no_task(start_cluster: StartCluster, more: list[str]) -> None:
    cluster = start_cluster(masters=1, agents=2)
    command = ["drill", "kill-agent", "--dir", str(cluster.folder), "--times", "3", "--json", *more]
    done = subprocess.run(
        [sys.executable, "-m", "trimast.cli", *command], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert [set(trial) for trial in report["trials"]] == [
        {"kill_to_back_s", "tasks_lost", "tasks_doubled", "tasks_restarted"}
    ] * 3
    summary = report["summary"]
    assert (summary["lost"], summary["doubled"], summary["restarted"]) == (0, 0, 0)
    assert 0 < summary["back_p50_s"] <= summary["back_p99_s"]
