"""Masters that speak TLS to each other: a dead leader, new certificates, one that is not theirs."""

import asyncio
import shutil
import time
import urllib.request
from collections.abc import Callable

from prometheus_client.parser import text_string_to_metric_families

from tests.integration.conftest import StartCluster
from tests.integration.registry_client import RegistryClient, until_all_have
from trimast.cli.certificate_folder import CertificateFolder
from trimast.cli.local_cluster.cluster_file import ClusterFile
from trimast.cli.local_cluster.leader import leader_of
from trimast.cli.local_cluster.lifecycle import cluster_in, kill_member, revive, start_one
from trimast.cli.local_cluster.starting import log_of

DAY_S = 86_400


def test_a_cluster_with_tls_outlives_its_leader_and_its_certificates(
    start_cluster: StartCluster,
) -> None:
    cluster = start_cluster(masters=3, agents=0, tls=True)
    assert all(10 * 365 * DAY_S > left > 9 * 365 * DAY_S for left in seconds_left(cluster))
    acknowledged = asyncio.run(write(cluster, "before"))

    # New certificates, while all run: seen at once, and used by sessions from now on.
    CertificateFolder(cluster.tls_folder).renew([], days=30)
    assert all(left < 30 * DAY_S for left in seconds_left(cluster))

    leader = asyncio.run(leader_of(cluster, 10))
    kill_member(cluster, leader.id)
    asyncio.run(leader_of(cluster, 10))
    acknowledged += asyncio.run(write(cluster, "after"))
    asyncio.run(revive(cluster.folder))
    asyncio.run(read_back(cluster, set(acknowledged)))
    for master in cluster.masters:
        log = log_of(cluster, master).read_text(encoding="utf-8")
        assert "raft_certificate_loaded" in log
        assert "raft_session_rejected" not in log


def test_a_master_of_another_authority_gets_no_word_in(start_cluster: StartCluster) -> None:
    cluster = start_cluster(masters=3, agents=0, tls=True)
    leader = asyncio.run(leader_of(cluster, 10))
    # The lowest of the others: it dials at least one.
    stranger = next(master for master in cluster.masters if master.id != leader.id)
    kill_member(cluster, stranger.id)
    shutil.move(cluster.tls_folder, cluster.folder / "tls-of-the-others")
    # The others have read theirs already, and keep them.
    CertificateFolder(cluster.tls_folder).create(cluster.name, [stranger.id], days=30)
    start_one(cluster_in(cluster.folder), stranger.id)

    log = log_of(cluster, stranger)
    until(lambda: "tls_" in log.read_text(encoding="utf-8"))
    assert asyncio.run(leader_of(cluster, 10)).id == leader.id
    assert asyncio.run(write(cluster, "without"))
    kill_member(cluster_in(cluster.folder), stranger.id)
    shutil.rmtree(cluster.tls_folder)
    shutil.move(cluster.folder / "tls-of-the-others", cluster.tls_folder)
    asyncio.run(revive(cluster.folder))
    asyncio.run(read_back(cluster, {"without-0"}))


async def write(cluster: ClusterFile, name: str) -> list[str]:
    client = RegistryClient(cluster)
    try:
        for number in range(10):
            assert await client.write(f"{name}-{number}")
    finally:
        await client.close()
    return client.acknowledged


async def read_back(cluster: ClusterFile, wanted: set[str]) -> None:
    client = RegistryClient(cluster)
    try:
        async with asyncio.timeout(30):
            await until_all_have(client, cluster, wanted)
    finally:
        await client.close()


def seconds_left(cluster: ClusterFile) -> list[float]:
    left: list[float] = []
    for master in cluster.masters:
        with urllib.request.urlopen(f"http://{master.http}/metrics", timeout=5) as page:
            text = page.read().decode()
        [sample] = (
            sample
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == "trimast_raft_link_certificate_expires_in_seconds"
        )
        left.append(sample.value)
    return left


def until(condition: Callable[[], bool], within_s: float = 20.0) -> None:
    end_s = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end_s
        time.sleep(0.05)
