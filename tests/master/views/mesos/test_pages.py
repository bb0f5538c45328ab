"""The older endpoints, whole: what is in them, and that a large cluster comes in small pieces."""

import json
from dataclasses import replace
from typing import Any

from master.leader.events import AgentDisconnected
from master.views.mesos.json_pieces import Pieces
from master.views.mesos.pages import (
    agents_page,
    roles_page,
    state_page,
    summary_page,
    tasks_page,
)
from master.views.mesos.tasks import TaskQuery
from master.views.picture import Picture, take_picture
from tests.master.led_cluster import AGENT, LINK, a_cluster_with_agent_and_framework
from trimast.model.ids import AgentId, TaskId


def a_picture() -> Picture:
    cluster = a_cluster_with_agent_and_framework()
    cluster.running_task()
    return take_picture(cluster.leader.state)


def read(pieces: Pieces) -> dict[str, Any]:
    document: dict[str, Any] = json.loads("".join(pieces))
    return document


def test_the_state_has_everything_and_what_the_master_says_of_itself() -> None:
    state = read(state_page(a_picture(), {"leader": "master@h:1"}))
    assert state["leader"] == "master@h:1"
    assert (state["activated_slaves"], state["deactivated_slaves"]) == (1.0, 0.0)
    assert [agent["id"] for agent in state["slaves"]] == ["a1"]
    assert [f["tasks"][0]["id"] for f in state["frameworks"]] == ["t1"]
    for name in ("recovered_slaves", "completed_frameworks", "orphan_tasks"):
        assert state[name] == []
    assert state["unregistered_frameworks"] == []


def test_tasks_of_an_unreachable_agent_are_unreachable_in_the_state() -> None:
    cluster = a_cluster_with_agent_and_framework()
    cluster.running_task()
    cluster.feed(AgentDisconnected(LINK))
    cluster.wait(40_000)
    state = read(state_page(take_picture(cluster.leader.state), {}))
    assert state["unreachable_slaves"] == 1.0
    [framework] = state["frameworks"]
    assert framework["tasks"] == []
    assert [task["state"] for task in framework["unreachable_tasks"]] == ["TASK_UNREACHABLE"]


def test_the_summary_counts_tasks_and_says_who_is_on_whom() -> None:
    summary = read(summary_page(a_picture(), {"hostname": "h", "cluster": "c", "flags": {}}))
    assert (summary["hostname"], summary["cluster"], "flags" in summary) == ("h", "c", False)
    [agent], [framework] = summary["slaves"], summary["frameworks"]
    assert (agent["TASK_RUNNING"], agent["TASK_FAILED"], agent["framework_ids"]) == (1, 0, ["f1"])
    assert (framework["TASK_RUNNING"], framework["slave_ids"]) == (1, ["a1"])


def test_agents_can_be_asked_for_one_by_one() -> None:
    assert [a["id"] for a in read(agents_page(a_picture(), None))["slaves"]] == ["a1"]
    assert [a["id"] for a in read(agents_page(a_picture(), AGENT))["slaves"]] == ["a1"]
    assert read(agents_page(a_picture(), AgentId("a2"))) == {"slaves": [], "recovered_slaves": []}


def test_tasks_and_roles_are_lists() -> None:
    assert [t["id"] for t in read(tasks_page(a_picture(), TaskQuery()))["tasks"]] == ["t1"]
    assert [r["name"] for r in read(roles_page(a_picture()))["roles"]] == ["*"]


def test_a_large_cluster_is_shown_in_small_pieces() -> None:
    picture = a_picture()
    [agent], [task] = picture.agents.values(), picture.tasks
    agents = [replace(agent, agent_id=AgentId(f"a{n}")) for n in range(100)]
    tasks = [
        replace(
            task, info=replace(task.info, task_id=TaskId(f"t{n}"), agent_id=AgentId(f"a{n % 100}"))
        )
        for n in range(5_000)
    ]
    large = replace(picture, agents={a.agent_id: a for a in agents}, tasks=tasks)
    pieces = list(state_page(large, {}))
    assert max(map(len, pieces)) < 4_000
    state = json.loads("".join(pieces))
    assert len(state["frameworks"][0]["tasks"]) == 5_000
