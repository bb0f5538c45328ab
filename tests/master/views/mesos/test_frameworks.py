"""Frameworks in the shape that readers of `/frameworks` know."""

import json
from dataclasses import replace
from typing import Any

from master.leader.events import FrameworkDisconnected, TeardownRequested
from master.views.mesos.pages import frameworks_page
from master.views.picture import take_picture
from tests.master.led_cluster import (
    FRAMEWORK_INFO,
    STREAM,
    LedCluster,
    a_cluster_with_agent_and_framework,
)


def shown(cluster: LedCluster) -> dict[str, Any]:
    page: dict[str, Any] = json.loads(
        "".join(frameworks_page(take_picture(cluster.leader.state), None))
    )
    return page


def test_a_framework_has_its_tasks_and_offers() -> None:
    cluster = a_cluster_with_agent_and_framework()
    cluster.running_task()
    cluster.next_offer()
    [framework] = shown(cluster)["frameworks"]
    assert [task["id"] for task in framework["tasks"]] == ["t1"]
    assert framework["resources"] == {"cpus": 2.0, "gpus": 0.0, "mem": 1024.0, "disk": 0.0}
    assert framework["used_resources"]["cpus"] == framework["offered_resources"]["cpus"] == 1.0
    [offer] = framework["offers"]
    assert (offer["slave_id"], offer["framework_id"]) == ("a1", "f1")
    assert (framework["role"], "roles" in framework, "pid" in framework) == ("*", False, False)
    assert (framework["active"], framework["connected"], framework["recovered"]) == (
        True,
        True,
        False,
    )
    for name in ("unreachable_tasks", "completed_tasks", "executors"):
        assert framework[name] == []


def test_with_several_roles_and_a_principal_both_are_shown() -> None:
    cluster = LedCluster()
    capabilities = frozenset({"MULTI_ROLE"})
    info = replace(
        FRAMEWORK_INFO,
        roles=("a", "b"),
        capabilities=capabilities,
        principal="p",
        labels=(("k", "v"),),
    )
    cluster.framework_comes(info=info)
    [framework] = shown(cluster)["frameworks"]
    assert (framework["roles"], "role" in framework) == (["a", "b"], False)
    assert framework["principal"] == "p"
    assert framework["labels"] == [{"key": "k", "value": "v"}]


def test_one_that_is_away_is_not_connected_and_one_of_an_earlier_leader_is_recovered() -> None:
    cluster = a_cluster_with_agent_and_framework()
    cluster.feed(FrameworkDisconnected(STREAM))
    [framework] = shown(cluster)["frameworks"]
    assert (framework["connected"], framework["recovered"]) == (False, False)
    cluster = a_cluster_with_agent_and_framework()
    cluster.begin_reign("m2")
    [framework] = shown(cluster)["frameworks"]
    assert (framework["connected"], framework["recovered"]) == (False, True)


def test_one_that_is_over_is_among_the_completed() -> None:
    cluster = a_cluster_with_agent_and_framework()
    cluster.feed(TeardownRequested(STREAM))
    page = shown(cluster)
    assert page["frameworks"] == page["unregistered_frameworks"] == []
    [framework] = page["completed_frameworks"]
    assert framework["unregistered_time"] > 0
    assert framework["connected"] is False
