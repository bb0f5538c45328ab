"""What every process says of itself can be read by Prometheus' own parser."""

import asyncio
import subprocess
import sys
import urllib.request
from collections.abc import Iterator

from prometheus_client.parser import text_string_to_metric_families

from tests.integration.conftest import StartCluster
from trimast.cli.local_cluster.leader import leader_of

OF_A_MASTER = {
    "trimast_log_applied_index",
    "trimast_log_commands_committed",
    "trimast_log_commit_index",
    "trimast_log_commit_latency_seconds",
    "trimast_log_entries_committed",
    "trimast_log_leader_changes",
    "trimast_log_term",
    "trimast_master_agents",
    "trimast_master_epoch",
    "trimast_master_failover_phase_seconds",
    "trimast_master_frameworks",
    "trimast_master_leading",
    "trimast_master_offers",
    "trimast_master_offers_outstanding",
    "trimast_master_tasks",
}
OF_AN_AGENT = {
    "trimast_agent_launches",
    "trimast_agent_link_up",
    "trimast_agent_reports_resent",
    "trimast_agent_tasks",
}
UNITS = ("_seconds", "_bytes")


def samples_of(address: str) -> Iterator[tuple[str, dict[str, str], float, str]]:
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=5) as reply:
        text = reply.read().decode()
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            yield sample.name, sample.labels, sample.value, family.name


def test_the_metrics_of_every_process_parse_and_are_all_there(
    start_cluster: StartCluster,
) -> None:
    cluster = start_cluster(masters=3, agents=1)
    masters = ",".join(cluster.master_addresses)
    run = [sys.executable, "-m", "trimast.cli", "run", "--master", masters, "--count", "3"]
    subprocess.run([*run, "--", "true"], check=True, capture_output=True)

    leaders = {}
    for master in cluster.masters:
        samples = list(samples_of(master.http))
        assert {family for *_, family in samples} >= OF_A_MASTER
        values = {name: value for name, labels, value, _ in samples if not labels}
        leaders[master.id] = values["trimast_master_leading"]
        assert values["trimast_log_commit_index"] > 3
    leader = asyncio.run(leader_of(cluster, 10))
    assert leaders == {m.id: float(m.id == leader.id) for m in cluster.masters}
    offers = {
        labels["fate"]: value
        for name, labels, value, _ in samples_of(leader.http)
        if name == "trimast_master_offers_total"
    }
    assert offers["accepted"] >= 1
    [agent] = cluster.agents
    samples = list(samples_of(agent.http))
    assert {family for *_, family in samples} >= OF_AN_AGENT
    launches = [value for name, *_, value, _ in samples if name == "trimast_agent_launches_total"]
    assert launches == [3.0]
