"""Agents in the shape that readers of `/slaves` know."""

from dataclasses import replace

from master.leader.events import AgentDisconnected
from master.views.mesos.agents import agent_documents
from master.views.picture import take_picture
from tests.master.led_cluster import (
    AGENT_INFO,
    LINK,
    LedCluster,
    a_cluster_with_agent_and_framework,
)
from trimast.model.attributes import attributes_from_text


def test_an_agent_has_all_that_is_read_of_it() -> None:
    cluster = LedCluster()
    attributes = attributes_from_text("rack:r1;generation:3;nan:nan")
    cluster.agent_comes(info=replace(AGENT_INFO, attributes=attributes, version="0.1"))
    cluster.framework_comes()
    cluster.next_offer()
    [agent] = agent_documents(take_picture(cluster.leader.state), full=False)
    amounts = {"cpus": 2.0, "gpus": 0.0, "mem": 1024.0, "disk": 0.0}
    nothing = dict.fromkeys(amounts, 0.0)
    assert agent.pop("capabilities")
    assert agent == {
        "id": "a1",
        "hostname": "host-1",
        "port": 5051,
        "attributes": {"rack": "r1", "generation": 3.0, "nan": "nan"},
        "pid": "slave(1)@host-1:5051",
        "registered_time": 1001.0,
        "resources": amounts,
        "used_resources": nothing,
        "offered_resources": amounts,
        "reserved_resources": {},
        "unreserved_resources": amounts,
        "active": True,
        "deactivated": False,
        "version": "0.1",
    }


def test_all_resources_are_there_one_by_one_when_asked_for() -> None:
    cluster = a_cluster_with_agent_and_framework()
    cluster.running_task()
    [agent] = agent_documents(take_picture(cluster.leader.state), full=True)
    assert [row["name"] for row in agent["used_resources_full"]] == ["cpus", "mem"]
    assert agent["reserved_resources_full"] == {}


def test_one_that_is_away_is_shown_inactive_and_one_that_was_given_up_is_not_shown() -> None:
    cluster = a_cluster_with_agent_and_framework()
    cluster.feed(AgentDisconnected(LINK))
    [agent] = agent_documents(take_picture(cluster.leader.state), full=False)
    assert agent["active"] is False
    cluster.wait(40_000)
    assert list(agent_documents(take_picture(cluster.leader.state), full=False)) == []
