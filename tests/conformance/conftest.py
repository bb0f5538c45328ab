"""Clusters of real processes: one for each test, as the integration tests have them, or one for
all tests of a file that leave it as they found it."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.conformance.strict_client import Client
from tests.conformance.told import Served, leader_and_follower
from tests.integration.conftest import RESOURCES, start_cluster
from trimast.cli.local_cluster.lifecycle import bring_down, bring_up, cluster_in

__all__ = ["start_cluster"]


@pytest.fixture(scope="module")
def lone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One master and an agent: it leads, however busy the machine is."""
    folder = tmp_path_factory.mktemp("lone") / "cluster"
    cluster = asyncio.run(bring_up(folder, masters=1, agents=1, resources=RESOURCES))
    [master] = cluster.masters
    yield Served(cluster, master.http, master.http)
    bring_down(folder, grace_s=5)
    assert cluster_in(folder).alive == ()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Three masters and an agent, which all tests of a file share."""
    folder = tmp_path_factory.mktemp("shared") / "cluster"
    cluster = asyncio.run(bring_up(folder, masters=3, agents=1, resources=RESOURCES))

    async def find() -> tuple[str, str]:
        async with Client() as client:
            return await leader_and_follower(client, cluster)

    yield Served(cluster, *asyncio.run(find()))
    bring_down(folder, grace_s=5)
    assert cluster_in(folder).alive == ()
