"""What does not fit the cluster as it is, is refused before anything is touched."""

import asyncio
import dataclasses
import os
from pathlib import Path

import pytest

from trimast.cli.local_cluster.cluster_file import ClusterFile, planned, save
from trimast.cli.local_cluster.lifecycle import (
    StartFailed,
    WrongState,
    bring_up,
    cluster_in,
    kill_member,
    start_one,
)
from trimast.cli.local_cluster.processes import mark_of


def a_cluster(folder: Path, *, runs: bool) -> ClusterFile:
    cluster = planned(folder, range(20_001, 20_005), masters=1, agents=1, resources="cpus:1")
    if runs:
        myself = dataclasses.replace(cluster.masters[0], process=mark_of(os.getpid()))
        cluster = cluster.replaced(myself)
    save(cluster)
    return cluster


def test_a_cluster_that_runs_is_not_started_again(tmp_path: Path) -> None:
    a_cluster(tmp_path, runs=True)
    with pytest.raises(WrongState, match=r"runs already; start its dead processes \(a1\)"):
        asyncio.run(bring_up(tmp_path))


def test_certificates_that_are_there_are_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "tls").mkdir()
    (tmp_path / "tls" / "ca-key.pem").write_text("somebody's")
    with pytest.raises(WrongState, match=r"is not empty; .* use another --dir"):
        asyncio.run(bring_up(tmp_path, tls=True))
    assert (tmp_path / "tls" / "ca-key.pem").read_text() == "somebody's"
    assert not (tmp_path / "cluster.json").exists()


def test_a_cluster_stays_with_or_without_tls(tmp_path: Path) -> None:
    a_cluster(tmp_path, runs=False)
    with pytest.raises(WrongState, match="has no TLS between its masters; use another --dir"):
        asyncio.run(bring_up(tmp_path, tls=True))


@pytest.mark.parametrize("wanted", [{"masters": 3}, {"agents": 3}])
def test_a_cluster_keeps_its_size(tmp_path: Path, wanted: dict[str, int]) -> None:
    a_cluster(tmp_path, runs=False)
    with pytest.raises(WrongState, match=r"has 1 .*, not 3; use another --dir"):
        asyncio.run(bring_up(tmp_path, **wanted))  # type: ignore[arg-type]


def test_only_what_runs_is_killed_and_only_what_is_dead_is_started(tmp_path: Path) -> None:
    with pytest.raises(WrongState, match="there is no cluster"):
        cluster_in(tmp_path)
    cluster = a_cluster(tmp_path, runs=True)
    with pytest.raises(WrongState, match="a1 does not run"):
        kill_member(cluster, "a1")
    with pytest.raises(WrongState, match="m1 is running"):
        start_one(cluster, "m1")
    with pytest.raises(WrongState, match=r"there is no m9 in .*; there are: m1, a1"):
        kill_member(cluster, "m9")


def test_a_process_that_cannot_start_is_named_with_the_end_of_its_log(tmp_path: Path) -> None:
    (tmp_path / "m1").write_text("a file where a folder should be", encoding="utf-8")
    with pytest.raises(StartFailed, match=r"(?s)m1 ended; the end of .*m1\.log:\n  .*m1"):
        asyncio.run(bring_up(tmp_path, masters=1, agents=0, timeout_s=20))
    assert cluster_in(tmp_path).alive == ()
