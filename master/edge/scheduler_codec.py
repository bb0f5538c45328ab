"""mesos.v1.scheduler calls -> the leader's events, and the leader's effects -> events to send."""

import math
from collections.abc import Iterable
from typing import Final, assert_never

from master.edge.group_codec import group_from_proto
from master.edge.operations_codec import (
    launches_with_an_id,
    operation_acknowledged,
    operation_or_fault,
    operations_asked,
)
from master.leader.effects import (
    AnnounceAgentFailure,
    AnnounceExecutorEnd,
    ConfirmSubscription,
    RescindOffer,
    SendExecutorMessage,
    SendHeartbeat,
    SendOffers,
    SendOperationUpdate,
    SendUpdate,
)
from master.leader.events import (
    ExecutorShutdownRequested,
    FrameworkSaid,
    FrameworkSubscribed,
    FrameworkUpdateRequested,
    InvalidTask,
    KillRequested,
    LeaderEvent,
    OffersAccepted,
    OffersDeclined,
    OffersRevived,
    OffersSuppressed,
    ReconciliationRequested,
    ReportAcknowledged,
    Step,
    TeardownRequested,
)
from master.presence.frameworks import StreamId
from protos.mesos.v1 import mesos_pb2
from protos.mesos.v1.scheduler import scheduler_pb2
from trimast.edge.wire.bad_message import BadMessage
from trimast.edge.wire.framework_codec import framework_info_from_proto
from trimast.edge.wire.missing_fields import missing_fields
from trimast.edge.wire.offer_codec import offer_to_proto
from trimast.edge.wire.operation_update_codec import operation_update_to_proto
from trimast.edge.wire.status_codec import UUID_BYTES, status_to_proto
from trimast.edge.wire.task_codec import kill_grace_ms_from_proto, task_info_from_proto
from trimast.model.executor import ExecutorKind
from trimast.model.framework import FrameworkInfo
from trimast.model.ids import AgentId, ExecutorId, FrameworkId, OfferId, TaskId, fault_of_id
from trimast.model.offer import REFUSE_DEFAULT_MS, REFUSE_MAX_MS
from trimast.model.task import TaskInfo
from trimast.model.task_rules import fault_of_task

STEPS_MAX: Final = 10_000
"""Of one ACCEPT: whoever has more takes several, and others have their turn in between."""
RECONCILED_MAX: Final = 50_000

_Call = scheduler_pb2.Call
_LAUNCHES = {mesos_pb2.Offer.Operation.LAUNCH, mesos_pb2.Offer.Operation.LAUNCH_GROUP}
FrameworkNews = (
    ConfirmSubscription
    | SendOffers
    | RescindOffer
    | SendUpdate
    | SendOperationUpdate
    | AnnounceAgentFailure
    | AnnounceExecutorEnd
    | SendExecutorMessage
    | SendHeartbeat
)


def event_from_call(stream_id: StreamId, call: scheduler_pb2.Call) -> LeaderEvent | None:
    """None if it is understood, and there is nothing to do.

    Raises:
        BadMessage: with the texts that Mesos clients know, where Mesos has one.
    """
    _require_body(call)
    match call.type:
        case _Call.ACKNOWLEDGE:
            return _acknowledged(stream_id, call.acknowledge)
        case _Call.ACCEPT:
            return _accepted(stream_id, call.accept)
        case _Call.DECLINE:
            offer_ids = _offer_ids(call.decline.offer_ids)
            return OffersDeclined(stream_id, offer_ids, _refuse_ms(call.decline.filters))
        case _Call.REVIVE:
            return OffersRevived(stream_id, tuple(call.revive.roles))
        case _Call.SUPPRESS:
            return OffersSuppressed(stream_id, tuple(call.suppress.roles))
        case _Call.KILL:
            return _kill(stream_id, call.kill)
        case _Call.RECONCILE:
            if len(call.reconcile.tasks) > RECONCILED_MAX:
                raise BadMessage(f"A RECONCILE names at most {RECONCILED_MAX} tasks")
            asked = ((TaskId(t.task_id.value), _agent_id(t.agent_id)) for t in call.reconcile.tasks)
            return ReconciliationRequested(stream_id, tuple(asked))
        case _Call.MESSAGE:
            agent_id, executor_id = _executor(call.message.agent_id, call.message.executor_id)
            return FrameworkSaid(stream_id, agent_id, executor_id, call.message.data)
        case _Call.SHUTDOWN:
            agent_id, executor_id = _executor(call.shutdown.agent_id, call.shutdown.executor_id)
            return ExecutorShutdownRequested(stream_id, agent_id, executor_id)
        case _Call.ACKNOWLEDGE_OPERATION_STATUS:
            return operation_acknowledged(stream_id, call.acknowledge_operation_status)
        case _Call.RECONCILE_OPERATIONS:
            return operations_asked(stream_id, call.reconcile_operations)
        case _Call.TEARDOWN:
            return TeardownRequested(stream_id)
        case _Call.SUBSCRIBE:
            return _subscribed(stream_id, call)
        case _Call.UPDATE_FRAMEWORK:
            return _updated(stream_id, call)
        case _Call.REQUEST:
            return None  # Mesos takes such wishes, and its allocator passes over them.
        case _Call.ACCEPT_INVERSE_OFFERS | _Call.DECLINE_INVERSE_OFFERS:
            return None  # None is ever made, and of unknown ones nothing is said.
        case _:
            raise BadMessage(f"{_Call.Type.Name(call.type)} calls are not supported yet")


def event_from_news(
    news: FrameworkNews, *, heartbeat_s: float, master: mesos_pb2.MasterInfo
) -> scheduler_pb2.Event:
    event = scheduler_pb2.Event()
    match news:
        case SendUpdate():
            event.type = scheduler_pb2.Event.UPDATE
            event.update.status.CopyFrom(status_to_proto(news.update))
        case SendOffers():
            event.type = scheduler_pb2.Event.OFFERS
            event.offers.offers.extend(offer_to_proto(offer) for offer in news.offers)
        case SendOperationUpdate():
            event.type = scheduler_pb2.Event.UPDATE_OPERATION_STATUS
            status = operation_update_to_proto(news.update)
            event.update_operation_status.status.CopyFrom(status)
        case SendHeartbeat():
            event.type = scheduler_pb2.Event.HEARTBEAT
        case RescindOffer():
            event.type = scheduler_pb2.Event.RESCIND
            event.rescind.offer_id.value = news.offer_id
        case AnnounceAgentFailure():
            event.type = scheduler_pb2.Event.FAILURE
            event.failure.agent_id.value = news.agent_id
        case AnnounceExecutorEnd():
            event.type = scheduler_pb2.Event.FAILURE
            event.failure.agent_id.value = news.agent_id
            event.failure.executor_id.value = news.executor_id
            event.failure.status = news.status
        case SendExecutorMessage():
            event.type = scheduler_pb2.Event.MESSAGE
            event.message.agent_id.value = news.agent_id
            event.message.executor_id.value = news.executor_id
            event.message.data = news.data
        case ConfirmSubscription():
            event.type = scheduler_pb2.Event.SUBSCRIBED
            event.subscribed.framework_id.value = news.framework_id
            event.subscribed.heartbeat_interval_seconds = heartbeat_s
            event.subscribed.master_info.CopyFrom(master)
        case _:
            assert_never(news)
    return event


def error_event(message: str) -> scheduler_pb2.Event:
    event = scheduler_pb2.Event(type=scheduler_pb2.Event.ERROR)
    event.error.message = message
    return event


_BODIES = {
    _Call.SUBSCRIBE: "subscribe",
    _Call.ACCEPT: "accept",
    _Call.DECLINE: "decline",
    _Call.KILL: "kill",
    _Call.ACKNOWLEDGE: "acknowledge",
    _Call.RECONCILE: "reconcile",
    _Call.MESSAGE: "message",
    _Call.SHUTDOWN: "shutdown",
    _Call.REQUEST: "request",
    _Call.ACCEPT_INVERSE_OFFERS: "accept_inverse_offers",
    _Call.DECLINE_INVERSE_OFFERS: "decline_inverse_offers",
    _Call.UPDATE_FRAMEWORK: "update_framework",
    _Call.ACKNOWLEDGE_OPERATION_STATUS: "acknowledge_operation_status",
    _Call.RECONCILE_OPERATIONS: "reconcile_operations",
}


def _require_body(call: scheduler_pb2.Call) -> None:
    if not call.HasField("type"):
        raise BadMessage("Expecting 'type' to be present")
    body = _BODIES.get(call.type)
    present = {field.name for field, _ in call.ListFields()}
    if body is not None and body not in present:
        raise BadMessage(f"Expecting '{body}' to be present")
    if not call.IsInitialized():
        raise BadMessage(f"Not initialized: {missing_fields(call)}")


def _subscribed(stream_id: StreamId, call: scheduler_pb2.Call) -> FrameworkSubscribed:
    message = call.subscribe.framework_info
    if call.framework_id.value != message.id.value:
        raise BadMessage("'framework_id' differs from 'subscribe.framework_info.id'")
    fault = fault_of_id(message.id.value) if message.id.value else None
    if fault is not None:
        raise BadMessage(f"framework id: {fault}")
    info = framework_info_from_proto(message)
    starts_suppressed = _is_suppressed(info, call.subscribe.suppressed_roles)
    framework_id = FrameworkId(message.id.value) if message.id.value else None
    return FrameworkSubscribed(stream_id, framework_id, info, starts_suppressed)


def _updated(stream_id: StreamId, call: scheduler_pb2.Call) -> FrameworkUpdateRequested:
    message = call.update_framework.framework_info
    if call.framework_id.value != message.id.value:
        raise BadMessage("'framework_id' differs from 'update_framework.framework_info.id'")
    info = framework_info_from_proto(message)
    suppressed = _is_suppressed(info, call.update_framework.suppressed_roles)
    return FrameworkUpdateRequested(stream_id, info, suppressed)


def _is_suppressed(info: FrameworkInfo, suppressed_roles: Iterable[str]) -> bool:
    """Offers are made to the first of its roles alone."""
    suppressed = set(suppressed_roles)
    if not suppressed <= set(info.roles):
        raise BadMessage("Suppressed roles must be contained in the framework's roles")
    return info.roles[0] in suppressed


def _accepted(stream_id: StreamId, accept: scheduler_pb2.Call.Accept) -> LeaderEvent:
    _check_size(accept)
    steps: list[Step] = []
    for operation in accept.operations:
        if operation.HasField("id") and operation.type in _LAUNCHES:
            steps += launches_with_an_id(operation)
            continue
        if operation.type == mesos_pb2.Offer.Operation.LAUNCH_GROUP:
            steps.append(group_from_proto(operation.launch_group))
            continue
        if operation.type != mesos_pb2.Offer.Operation.LAUNCH:
            steps.append(operation_or_fault(operation))
            continue
        steps += [_launch(task) for task in operation.launch.task_infos]
    offer_ids, refuse_ms = _offer_ids(accept.offer_ids), _refuse_ms(accept.filters)
    if not steps:
        return OffersDeclined(stream_id, offer_ids, refuse_ms)
    return OffersAccepted(stream_id, offer_ids, tuple(steps), refuse_ms)


def _check_size(accept: scheduler_pb2.Call.Accept) -> None:
    tasks = sum(
        len(operation.launch.task_infos) + len(operation.launch_group.task_group.tasks)
        for operation in accept.operations
    )
    if tasks + len(accept.operations) > STEPS_MAX:
        raise BadMessage(f"An ACCEPT has at most {STEPS_MAX} tasks and operations, not {tasks}")


def _launch(task: mesos_pb2.TaskInfo) -> TaskInfo | InvalidTask:
    try:
        info = task_info_from_proto(task)
    except BadMessage as error:
        return InvalidTask(TaskId(task.task_id.value), str(error))
    if info.executor is not None and info.executor.kind is not ExecutorKind.CUSTOM:
        return InvalidTask(info.task_id, "'ExecutorInfo.type' must be 'CUSTOM'")
    fault = fault_of_task(info)
    return info if fault is None else InvalidTask(info.task_id, fault)


def _acknowledged(
    stream_id: StreamId, acknowledge: scheduler_pb2.Call.Acknowledge
) -> ReportAcknowledged:
    if len(acknowledge.uuid) != UUID_BYTES:
        raise BadMessage(f"Not a valid UUID: it has {len(acknowledge.uuid)} bytes, not 16")
    return ReportAcknowledged(stream_id, TaskId(acknowledge.task_id.value), acknowledge.uuid)


def _kill(stream_id: StreamId, kill: scheduler_pb2.Call.Kill) -> KillRequested:
    grace_ms = kill_grace_ms_from_proto(kill.kill_policy)
    return KillRequested(stream_id, TaskId(kill.task_id.value), _agent_id(kill.agent_id), grace_ms)


def _executor(
    agent: mesos_pb2.AgentID, executor: mesos_pb2.ExecutorID
) -> tuple[AgentId, ExecutorId]:
    for what, text in (("agent", agent.value), ("executor", executor.value)):
        fault = fault_of_id(text)
        if fault is not None:
            raise BadMessage(f"{what} id: {fault}")
    return AgentId(agent.value), ExecutorId(executor.value)


def _agent_id(message: mesos_pb2.AgentID) -> AgentId | None:
    return AgentId(message.value) if message.value else None


def _offer_ids(messages: Iterable[mesos_pb2.OfferID]) -> tuple[OfferId, ...]:
    return tuple(OfferId(message.value) for message in messages)


def _refuse_ms(filters: mesos_pb2.Filters) -> int:
    """What makes no sense counts as the default, as it does with Mesos."""
    seconds = filters.refuse_seconds
    if not math.isfinite(seconds) and not seconds > 0:
        return REFUSE_DEFAULT_MS
    if seconds < 0:
        return REFUSE_DEFAULT_MS
    return REFUSE_MAX_MS if seconds * 1000 > REFUSE_MAX_MS else round(seconds * 1000)
