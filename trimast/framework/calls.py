"""What a framework asks of the leader, as messages of mesos.v1.scheduler."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from protos.mesos.v1 import mesos_pb2
from protos.mesos.v1.scheduler.scheduler_pb2 import Call
from trimast.edge.wire.executor_codec import executor_info_to_proto
from trimast.edge.wire.framework_codec import framework_info_to_proto
from trimast.edge.wire.operation_codec import operation_to_proto
from trimast.edge.wire.task_codec import task_info_to_proto
from trimast.model.executor import ExecutorInfo
from trimast.model.framework import FrameworkInfo
from trimast.model.ids import AgentId, ExecutorId, FrameworkId, OfferId, OperationId, TaskId
from trimast.model.operation import Operation
from trimast.model.operation_update import OperationUpdate
from trimast.model.status_update import StatusUpdate
from trimast.model.task import TaskInfo

RECONCILE_TASKS_MAX: Final = 1_000
"""In one call, so that it stays far below what a message may weigh."""

_MS_IN_NS: Final = 1_000_000


def subscribe(framework_id: FrameworkId, info: FrameworkInfo, *, suppressed: bool) -> Call:
    call = _call(framework_id, Call.SUBSCRIBE)
    call.subscribe.framework_info.CopyFrom(framework_info_to_proto(info))
    call.subscribe.framework_info.id.value = framework_id
    if suppressed:
        call.subscribe.suppressed_roles.extend(info.roles)
    return call


def accept(
    framework_id: FrameworkId,
    offer_ids: Iterable[OfferId],
    tasks: Sequence[TaskInfo],
    refuse_ms: int,
    group: ExecutorInfo | None = None,
    operations: Iterable[Operation] = (),
) -> Call:
    call = _call(framework_id, Call.ACCEPT)
    call.accept.offer_ids.extend(mesos_pb2.OfferID(value=offer_id) for offer_id in offer_ids)
    call.accept.filters.refuse_seconds = refuse_ms / 1000
    call.accept.operations.extend(map(operation_to_proto, operations))
    if tasks and group is not None:
        operation = call.accept.operations.add(type=mesos_pb2.Offer.Operation.LAUNCH_GROUP)
        operation.launch_group.executor.CopyFrom(executor_info_to_proto(group))
        messages = (task_info_to_proto(task) for task in tasks)
        operation.launch_group.task_group.tasks.extend(messages)
    elif tasks:
        operation = call.accept.operations.add(type=mesos_pb2.Offer.Operation.LAUNCH)
        operation.launch.task_infos.extend(task_info_to_proto(task) for task in tasks)
    return call


def decline(framework_id: FrameworkId, offer_ids: Iterable[OfferId], refuse_ms: int) -> Call:
    call = _call(framework_id, Call.DECLINE)
    call.decline.offer_ids.extend(mesos_pb2.OfferID(value=offer_id) for offer_id in offer_ids)
    call.decline.filters.refuse_seconds = refuse_ms / 1000
    return call


def revive(framework_id: FrameworkId) -> Call:
    call = _call(framework_id, Call.REVIVE)
    call.revive.SetInParent()
    return call


def suppress(framework_id: FrameworkId) -> Call:
    call = _call(framework_id, Call.SUPPRESS)
    call.suppress.SetInParent()
    return call


def kill(framework_id: FrameworkId, task_id: TaskId, grace_ms: int | None) -> Call:
    call = _call(framework_id, Call.KILL)
    call.kill.task_id.value = task_id
    if grace_ms is not None:
        call.kill.kill_policy.grace_period.nanoseconds = grace_ms * _MS_IN_NS
    return call


def acknowledge(framework_id: FrameworkId, update: StatusUpdate) -> Call:
    call = _call(framework_id, Call.ACKNOWLEDGE)
    call.acknowledge.agent_id.value = update.agent_id
    call.acknowledge.task_id.value = update.task_id
    call.acknowledge.uuid = update.uuid
    return call


def reconcile(framework_id: FrameworkId, tasks: Sequence[TaskId]) -> Iterator[Call]:
    """As many calls as it takes; one that names no task, and so asks for all, if there are none.

    No agent is named: of a task that no master knows, the answer is UNKNOWN then, which means
    that it never ran. With an agent it is GONE, as with Mesos, which could mean that it did.
    """
    for first in range(0, max(1, len(tasks)), RECONCILE_TASKS_MAX):
        call = _call(framework_id, Call.RECONCILE)
        call.reconcile.SetInParent()
        for task_id in tasks[first : first + RECONCILE_TASKS_MAX]:
            call.reconcile.tasks.add().task_id.value = task_id
        yield call


def acknowledge_operation(framework_id: FrameworkId, update: OperationUpdate) -> Call:
    call = _call(framework_id, Call.ACKNOWLEDGE_OPERATION_STATUS)
    call.acknowledge_operation_status.agent_id.value = update.agent_id
    call.acknowledge_operation_status.operation_id.value = update.operation_id
    call.acknowledge_operation_status.uuid = update.uuid
    return call


def reconcile_operations(
    framework_id: FrameworkId, operations: Sequence[OperationId]
) -> Iterator[Call]:
    """As `reconcile`, of operations."""
    for first in range(0, max(1, len(operations)), RECONCILE_TASKS_MAX):
        call = _call(framework_id, Call.RECONCILE_OPERATIONS)
        call.reconcile_operations.SetInParent()
        for operation_id in operations[first : first + RECONCILE_TASKS_MAX]:
            call.reconcile_operations.operations.add().operation_id.value = operation_id
        yield call


def message(
    framework_id: FrameworkId, agent_id: AgentId, executor_id: ExecutorId, data: bytes
) -> Call:
    call = _call(framework_id, Call.MESSAGE)
    call.message.agent_id.value = agent_id
    call.message.executor_id.value = executor_id
    call.message.data = data
    return call


def shutdown(framework_id: FrameworkId, agent_id: AgentId, executor_id: ExecutorId) -> Call:
    call = _call(framework_id, Call.SHUTDOWN)
    call.shutdown.agent_id.value = agent_id
    call.shutdown.executor_id.value = executor_id
    return call


def teardown(framework_id: FrameworkId) -> Call:
    return _call(framework_id, Call.TEARDOWN)


def _call(framework_id: FrameworkId, kind: "Call.Type.ValueType") -> Call:
    return Call(framework_id=mesos_pb2.FrameworkID(value=framework_id), type=kind)
