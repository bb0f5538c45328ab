"""Looking at the data of masters that run, and keeping a copy of what they know."""

import json
import subprocess
import sys
from pathlib import Path

from tests.integration.conftest import StartCluster


def trimast(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "trimast.cli", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done


def test_a_running_master_may_be_inspected(start_cluster: StartCluster) -> None:
    cluster = start_cluster(masters=1, agents=1)
    for _ in range(3):
        trimast("run", "--dir", str(cluster.folder), "--", "true")
        found = json.loads(trimast("inspect", str(cluster.folder / "m1"), "--json").stdout)
        assert found["in_use"]
        assert found["sound"]
        assert found["identity"]["cluster_id"] == cluster.name
        assert found["registry"]["agents"] == {"active": 1}


def test_a_running_cluster_is_backed_up(start_cluster: StartCluster, tmp_path: Path) -> None:
    cluster = start_cluster(masters=3, agents=1)
    backup = tmp_path / "registry.backup"
    trimast("run", "--dir", str(cluster.folder), "--", "true")
    trimast("backup", "--dir", str(cluster.folder), "--out", str(backup))
    found = json.loads(trimast("inspect", str(backup), "--json").stdout)
    assert found["cluster_id"] == cluster.name
    assert found["registry"]["agents"] == {"active": 1}
    assert found["registry"]["ended_tasks"] == 1
