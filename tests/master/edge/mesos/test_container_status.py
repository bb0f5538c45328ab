"""Clients look for a task's address in its status: it is its agent's, if that goes by one."""

from dataclasses import replace

import pytest

from master.edge.mesos.container_status import add_address
from protos.mesos.v1 import mesos_pb2
from protos.mesos.v1.scheduler import scheduler_pb2
from tests.master.led_cluster import AGENT, AGENT_INFO, LedCluster


def an_update(uuid: bytes = b"u" * 16) -> scheduler_pb2.Event:
    event = scheduler_pb2.Event(type=scheduler_pb2.Event.UPDATE)
    event.update.status.agent_id.value = AGENT
    event.update.status.uuid = uuid
    return event


def addresses(event: scheduler_pb2.Event, hostname: str) -> list[tuple[str, int]]:
    cluster = LedCluster()
    cluster.agent_comes(info=replace(AGENT_INFO, hostname=hostname))
    add_address(event, cluster.registry)
    networks = event.update.status.container_status.network_infos
    return [(a.ip_address, a.protocol) for network in networks for a in network.ip_addresses]


@pytest.mark.parametrize(
    ("hostname", "expected"),
    [
        ("10.0.0.7", [("10.0.0.7", mesos_pb2.NetworkInfo.IPv4)]),
        ("fe80::1", [("fe80::1", mesos_pb2.NetworkInfo.IPv6)]),
        ("node-1", []),
    ],
)
def test_the_address_of_the_agent_is_added(hostname: str, expected: list[tuple[str, int]]) -> None:
    assert addresses(an_update(), hostname) == expected


def test_nothing_is_added_to_what_no_agent_said() -> None:
    assert addresses(an_update(uuid=b""), "10.0.0.7") == []
    assert addresses(scheduler_pb2.Event(type=scheduler_pb2.Event.HEARTBEAT), "10.0.0.7") == []
