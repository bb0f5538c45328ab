"""What the operators' API of Mesos tells of the cluster: each answer is built in small steps."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from master.edge.mesos.operator_codec import (
    agent_to_proto,
    executor_to_proto,
    framework_to_proto,
    task_to_proto,
)
from master.registry.records import FrameworkRecord, FrameworkState
from master.views.mesos.agents import offered_by_agent
from master.views.mesos.roles import WEIGHT, role_sums
from master.views.picture import Picture
from protos.mesos.v1 import mesos_pb2
from protos.mesos.v1.master import master_pb2
from trimast.edge.mesos_http import Steps
from trimast.edge.wire.resources_codec import resources_to_proto
from trimast.model.ids import FrameworkId
from trimast.model.offer import Offer
from trimast.model.resources import NOTHING
from trimast.model.task_lifecycle import TaskState

_Call = master_pb2.Call
_Response = master_pb2.Response

_STEP: Final = 20


def fill_tasks(tasks: _Response.GetTasks, picture: Picture) -> Steps:
    for number, record in enumerate(picture.tasks):
        state = picture.state_of(record)
        is_away = state is TaskState.UNREACHABLE
        (tasks.unreachable_tasks if is_away else tasks.tasks).append(task_to_proto(record, state))
        if number % _STEP == 0:
            yield
    for number, record in enumerate(picture.completed_tasks):
        tasks.completed_tasks.append(task_to_proto(record, record.state))
        if number % _STEP == 0:
            yield


def fill_executors(executors: _Response.GetExecutors, picture: Picture) -> Steps:
    seen: set[tuple[str, str, str]] = set()
    for number, record in enumerate(picture.tasks):
        key = record.executor_key
        if key is not None and key not in seen and record.holds_resources:
            seen.add(key)
            executor = executor_to_proto(record)
            assert executor is not None
            executors.executors.append(executor)
        if number % _STEP == 0:
            yield


def fill_frameworks(frameworks: _Response.GetFrameworks, picture: Picture) -> Steps:
    offers: dict[FrameworkId, list[Offer]] = defaultdict(list)
    for offer in picture.offers:
        offers[offer.framework_id].append(offer)

    def fill(
        into: Iterable[FrameworkRecord], put: Callable[[_Response.GetFrameworks.Framework], None]
    ) -> Steps:
        for record in into:
            is_over = record.state is FrameworkState.REMOVED
            put(
                framework_to_proto(
                    record,
                    held=picture.held.get(record.framework_id, NOTHING),
                    offers=offers.get(record.framework_id, ()),
                    connected=not is_over and record.framework_id in picture.subscribed,
                )
            )
            yield

    yield from fill(picture.frameworks.values(), frameworks.frameworks.append)
    yield from fill(picture.completed_frameworks.values(), frameworks.completed_frameworks.append)


def fill_agents(agents: _Response.GetAgents, picture: Picture) -> Steps:
    offered = offered_by_agent(picture)
    for record in picture.known_agents:
        agents.agents.append(
            agent_to_proto(
                record,
                total=picture.total_on(record),
                used=picture.used_on(record),
                offered=offered.get(record.agent_id, NOTHING),
                active=record.agent_id in picture.linked,
            )
        )
        yield


def fill_state(state: _Response.GetState, picture: Picture) -> Steps:
    for part in (state.get_tasks, state.get_executors, state.get_frameworks, state.get_agents):
        part.SetInParent()
    yield from fill_tasks(state.get_tasks, picture)
    yield from fill_executors(state.get_executors, picture)
    yield from fill_frameworks(state.get_frameworks, picture)
    yield from fill_agents(state.get_agents, picture)


def fill_roles(roles: _Response.GetRoles, picture: Picture) -> Steps:
    for name, sums in role_sums(picture).items():
        roles.roles.append(
            mesos_pb2.Role(
                name=name,
                weight=WEIGHT,
                frameworks=[mesos_pb2.FrameworkID(value=each) for each in sums.frameworks],
                resources=resources_to_proto(sums.allocated + sums.offered),
            )
        )
        yield


def _tasks(response: _Response, picture: Picture) -> Steps:
    return fill_tasks(response.get_tasks, picture)


def _executors(response: _Response, picture: Picture) -> Steps:
    return fill_executors(response.get_executors, picture)


def _frameworks(response: _Response, picture: Picture) -> Steps:
    return fill_frameworks(response.get_frameworks, picture)


def _agents(response: _Response, picture: Picture) -> Steps:
    return fill_agents(response.get_agents, picture)


def _state(response: _Response, picture: Picture) -> Steps:
    return fill_state(response.get_state, picture)


def _roles(response: _Response, picture: Picture) -> Steps:
    return fill_roles(response.get_roles, picture)


Fill = Callable[[_Response, Picture], Steps]

OF_THE_CLUSTER: Final[Mapping["_Call.Type.ValueType", Fill]] = {
    _Call.GET_STATE: _state,
    _Call.GET_AGENTS: _agents,
    _Call.GET_FRAMEWORKS: _frameworks,
    _Call.GET_EXECUTORS: _executors,
    _Call.GET_TASKS: _tasks,
    _Call.GET_ROLES: _roles,
}
"""The calls that ask for what the leader knows."""


def response_to(call_type: "_Call.Type.ValueType") -> _Response:
    """Empty, but for what it answers. Types have other numbers in answers than in calls."""
    name = _Call.Type.Name(call_type)
    response = _Response(type=_Response.Type.Value(name))
    getattr(response, name.lower()).SetInParent()
    return response
