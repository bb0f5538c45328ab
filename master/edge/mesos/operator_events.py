"""What happens in the cluster -> events of the operators' API of Mesos."""

from typing import assert_never

from master.edge.mesos.operator_codec import (
    agent_to_proto,
    framework_info_of,
    framework_to_proto,
    task_to_proto,
)
from master.leader.state import LeaderState
from master.presence.agents import LinkStage
from master.views.happening import (
    AgentAdded,
    AgentRemoved,
    FrameworkAdded,
    FrameworkRemoved,
    FrameworkUpdated,
    Happening,
    TaskAdded,
    TaskUpdated,
)
from protos.mesos.v1.master import master_pb2
from trimast.edge.wire.status_codec import status_to_proto, task_state_to_proto
from trimast.model.ids import AgentId, FrameworkId
from trimast.model.resources import NOTHING

_Event = master_pb2.Event


def event_of(leader: LeaderState, happening: Happening) -> _Event | None:
    """None if what it is about has gone meanwhile."""
    match happening:
        case TaskAdded():
            event = _Event(type=_Event.TASK_ADDED)
            state = leader.registry.state_of(happening.task)
            event.task_added.task.CopyFrom(task_to_proto(happening.task, state))
        case TaskUpdated():
            event = _Event(type=_Event.TASK_UPDATED)
            update = happening.update
            event.task_updated.framework_id.value = update.framework_id
            event.task_updated.status.CopyFrom(status_to_proto(update))
            event.task_updated.state = task_state_to_proto(update.state)
        case AgentAdded():
            return _agent_added(leader, happening.agent_id)
        case AgentRemoved():
            event = _Event(type=_Event.AGENT_REMOVED)
            event.agent_removed.agent_id.value = happening.agent_id
        case FrameworkAdded() | FrameworkUpdated():
            return _framework_event(leader, happening)
        case FrameworkRemoved():
            record = leader.registry.completed_frameworks.get(happening.framework_id)
            if record is None:
                return None
            event = _Event(type=_Event.FRAMEWORK_REMOVED)
            event.framework_removed.framework_info.CopyFrom(framework_info_of(record))
        case _:
            assert_never(happening)
    return event


def _agent_added(leader: LeaderState, agent_id: AgentId) -> _Event | None:
    agent = leader.registry.agents.get(agent_id)
    if agent is None:
        return None
    link = leader.agents.link_of.get(agent_id)
    account = leader.ledger.accounts.get(agent_id)
    event = _Event(type=_Event.AGENT_ADDED)
    event.agent_added.agent.CopyFrom(
        agent_to_proto(
            agent,
            total=leader.registry.total_on(agent_id),
            used=leader.registry.used_on(agent_id),
            offered=account.offered if account is not None else NOTHING,
            active=link is not None and link.stage is not LinkStage.ADMITTING,
        )
    )
    return event


def _framework_event(
    leader: LeaderState, happening: FrameworkAdded | FrameworkUpdated
) -> _Event | None:
    framework_id: FrameworkId = happening.framework_id
    record = leader.registry.frameworks.get(framework_id)
    if record is None:
        return None
    offers = leader.ledger.offers_to(framework_id)
    message = framework_to_proto(
        record,
        held=leader.registry.held.get(framework_id, NOTHING),
        offers=offers,
        connected=framework_id in leader.frameworks.stream_of,
    )
    if isinstance(happening, FrameworkAdded):
        event = _Event(type=_Event.FRAMEWORK_ADDED)
        event.framework_added.framework.CopyFrom(message)
    else:
        event = _Event(type=_Event.FRAMEWORK_UPDATED)
        event.framework_updated.framework.CopyFrom(message)
    return event
