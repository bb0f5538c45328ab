"""What operators are told of the cluster, from a picture of it."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from master.edge.mesos.operator_answers import OF_THE_CLUSTER, response_to
from master.leader.events import AgentDisconnected, TeardownRequested
from master.views.picture import Picture, take_picture
from protos.mesos.v1 import mesos_pb2
from protos.mesos.v1.master import master_pb2
from tests.master.led_cluster import (
    LINK,
    STREAM,
    LedCluster,
    a_cluster_with_agent_and_framework,
    a_task,
)
from trimast.edge.mesos_http import JSON, PROTOBUF, in_slices
from trimast.model.command import CommandInfo
from trimast.model.executor import ExecutorInfo
from trimast.model.ids import ExecutorId, TaskId

_Call = master_pb2.Call


def answered(picture: Picture, kind: "_Call.Type.ValueType") -> master_pb2.Response:
    response = response_to(kind)
    steps = OF_THE_CLUSTER[kind](response, picture)
    whole = b"".join(in_slices(response, steps, PROTOBUF))
    return master_pb2.Response.FromString(whole)


def pictured(change: Callable[[LedCluster], object] = lambda _: None) -> Picture:
    cluster = a_cluster_with_agent_and_framework()
    cluster.running_task()
    change(cluster)
    return take_picture(cluster.leader.state)


def test_tasks_are_told_with_what_was_reported_of_them() -> None:
    [task] = answered(pictured(), _Call.GET_TASKS).get_tasks.tasks
    assert (task.task_id.value, task.framework_id.value, task.agent_id.value) == ("t1", "f1", "a1")
    assert task.state == task.status_update_state == mesos_pb2.TASK_RUNNING
    [status] = task.statuses
    assert (status.state, len(status.uuid)) == (mesos_pb2.TASK_RUNNING, 16)
    assert [(r.name, r.scalar.value) for r in task.resources] == [("cpus", 1.0), ("mem", 512.0)]


def test_tasks_that_cannot_be_reached_are_told_apart() -> None:
    def lose(cluster: LedCluster) -> None:
        cluster.feed(AgentDisconnected(LINK))
        cluster.wait(40_000)

    tasks = answered(pictured(lose), _Call.GET_TASKS).get_tasks
    assert not tasks.tasks
    assert [task.state for task in tasks.unreachable_tasks] == [mesos_pb2.TASK_UNREACHABLE]
    assert not answered(pictured(lose), _Call.GET_AGENTS).get_agents.agents


def test_agents_are_told_with_what_is_used_and_offered() -> None:
    picture = pictured(LedCluster.next_offer)
    [agent] = answered(picture, _Call.GET_AGENTS).get_agents.agents
    assert (agent.active, agent.pid, agent.agent_info.id.value) == (
        True,
        "slave(1)@host-1:5051",
        "a1",
    )
    for resources in (agent.allocated_resources, agent.offered_resources):
        assert [(r.name, r.scalar.value) for r in resources] == [("cpus", 1.0), ("mem", 512.0)]


def test_frameworks_are_told_with_their_offers_and_those_that_are_over() -> None:
    found = answered(pictured(LedCluster.next_offer), _Call.GET_FRAMEWORKS).get_frameworks
    [framework] = found.frameworks
    assert (framework.active, framework.recovered, len(framework.offers)) == (True, False, 1)
    assert not framework.framework_info.HasField("principal")
    over = pictured(lambda cluster: cluster.feed(TeardownRequested(STREAM)))
    found = answered(over, _Call.GET_FRAMEWORKS).get_frameworks
    assert not found.frameworks
    [framework] = found.completed_frameworks
    assert (framework.connected, framework.HasField("unregistered_time")) == (False, True)


def test_an_executor_is_told_once() -> None:
    executor = ExecutorInfo(ExecutorId("e1"), command=CommandInfo("./run"))
    picture = pictured()
    [record] = picture.tasks
    tasks = [
        replace(record, info=replace(a_task(TaskId(f"t{n}")), executor=executor)) for n in range(3)
    ]
    found = answered(replace(picture, tasks=tasks), _Call.GET_EXECUTORS).get_executors
    [told] = found.executors
    assert told.executor_info.executor_id.value == "e1"
    assert told.executor_info.framework_id.value == "f1"
    assert told.agent_id.value == "a1"


def test_roles_are_told_with_who_has_them() -> None:
    [role] = answered(pictured(), _Call.GET_ROLES).get_roles.roles
    assert (role.name, role.weight, [f.value for f in role.frameworks]) == ("*", 1.0, ["f1"])


def test_the_state_is_all_of_it() -> None:
    state = answered(pictured(), _Call.GET_STATE).get_state
    assert len(state.get_tasks.tasks) == len(state.get_agents.agents) == 1
    assert len(state.get_frameworks.frameworks) == 1
    assert state.HasField("get_executors")


@pytest.mark.parametrize("kind", OF_THE_CLUSTER)
def test_json_has_the_same(kind: "_Call.Type.ValueType") -> None:
    response = response_to(kind)
    steps = OF_THE_CLUSTER[kind](response, pictured())
    text: dict[str, Any] = json.loads(b"".join(in_slices(response, steps, JSON)))
    assert text["type"] == _Call.Type.Name(kind)
    assert text[text["type"].lower()].keys() == {
        field.name for field, _ in getattr(response, text["type"].lower()).ListFields()
    }


def test_many_tasks_are_written_in_small_pieces() -> None:
    picture = pictured()
    many = replace(picture, tasks=picture.tasks * 500)
    response = response_to(_Call.GET_STATE)
    pieces = list(in_slices(response, OF_THE_CLUSTER[_Call.GET_STATE](response, many), JSON))
    assert max(map(len, pieces)) < 2_000
    assert len(json.loads(b"".join(pieces))["get_state"]["get_tasks"]["tasks"]) == 500
