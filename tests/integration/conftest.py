"""A cluster of real processes for each test, ended and looked after when the test is over."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from trimast.cli.local_cluster.cluster_file import ClusterFile
from trimast.cli.local_cluster.lifecycle import bring_down, bring_up, cluster_in

StartCluster = Callable[..., ClusterFile]


@pytest.fixture
def start_cluster(tmp_path: Path) -> Iterator[StartCluster]:
    """`start_cluster(masters=3, agents=1)`; nothing of it is left when the test ends."""
    folder = tmp_path / "cluster"

    def start(
        *, masters: int = 3, agents: int = 1, resources: str = RESOURCES, tls: bool = False
    ) -> ClusterFile:
        return asyncio.run(
            bring_up(folder, masters=masters, agents=agents, resources=resources, tls=tls)
        )

    yield start
    if (folder / "cluster.json").exists():
        bring_down(folder, grace_s=5)
        assert cluster_in(folder).alive == ()


RESOURCES = "cpus:4;mem:2048;disk:1024;ports:[31000-31999]"
