"""What frameworks say of operations, as events."""

import pytest

from master.edge.scheduler_codec import event_from_call, event_from_news
from master.leader.effects import SendOperationUpdate
from master.leader.events import (
    InvalidGroup,
    InvalidOperation,
    InvalidTask,
    OffersAccepted,
    OperationAcknowledged,
    OperationsAsked,
)
from master.presence.frameworks import StreamId
from protos.mesos.v1 import mesos_pb2
from protos.mesos.v1.scheduler.scheduler_pb2 import Call, Event
from tests.master.led_cluster import AGENT, FRAMEWORK, TASK, a_task
from trimast.edge.wire.bad_message import BadMessage
from trimast.edge.wire.operation_codec import operation_to_proto
from trimast.edge.wire.operation_update_codec import operation_update_from_proto
from trimast.edge.wire.task_codec import task_info_to_proto
from trimast.framework import calls
from trimast.framework.reserving import create_volume, reserve, tracked
from trimast.model.ids import OperationId
from trimast.model.operation_update import OperationState, OperationUpdate

STREAM = StreamId(1)
OPERATION = OperationId("op-1")
UPDATE = OperationUpdate(FRAMEWORK, OPERATION, AGENT, OperationState.FINISHED, uuid=b"u" * 16)
Operation = mesos_pb2.Offer.Operation


def steps_of(*operations: Operation) -> tuple[object, ...]:
    call = Call(type=Call.ACCEPT)
    call.accept.offer_ids.add(value="o1")
    call.accept.operations.extend(operations)
    event = event_from_call(STREAM, call)
    assert isinstance(event, OffersAccepted)
    return event.launches


def test_an_operation_keeps_its_id_even_if_it_cannot_be_read() -> None:
    fine = tracked(reserve("db", cpus=1), OPERATION)
    broken = tracked(create_volume("db", "files", "../up", disk_mib=1), OPERATION)
    steps = steps_of(operation_to_proto(fine), operation_to_proto(broken))
    assert steps[0] == fine
    assert isinstance(steps[1], InvalidOperation)
    assert (steps[1].kind, steps[1].operation_id) == ("CREATE", OPERATION)


def test_a_launch_must_not_have_one() -> None:
    launch = Operation(type=Operation.LAUNCH, id=mesos_pb2.OperationID(value="op-1"))
    launch.launch.task_infos.append(task_info_to_proto(a_task()))
    group = Operation(type=Operation.LAUNCH_GROUP, id=mesos_pb2.OperationID(value="op-2"))
    group.launch_group.executor.executor_id.value = "g"
    group.launch_group.task_group.tasks.append(task_info_to_proto(a_task()))
    fault = "The 'id' field is set, but {} operations give no feedback"
    assert steps_of(launch, group) == (
        InvalidTask(TASK, fault.format("LAUNCH")),
        InvalidGroup((TASK,), fault.format("LAUNCH_GROUP")),
    )


def test_an_acknowledgement_names_the_operation_and_the_news() -> None:
    call = calls.acknowledge_operation(FRAMEWORK, UPDATE)
    assert event_from_call(STREAM, call) == OperationAcknowledged(STREAM, OPERATION, UPDATE.uuid)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda a: setattr(a, "uuid", b"u"), "it has 1 bytes, not 16"),
        (lambda a: a.ClearField("agent_id"), "Expecting 'agent_id' to be present"),
        (lambda a: a.ClearField("operation_id"), "Not initialized: .*operation_id"),
    ],
)
def test_an_acknowledgement_of_nothing_is_refused(change: object, fault: str) -> None:
    call = calls.acknowledge_operation(FRAMEWORK, UPDATE)
    change(call.acknowledge_operation_status)  # type: ignore[operator]
    with pytest.raises(BadMessage, match=fault):
        event_from_call(STREAM, call)


def test_questions_name_operations_or_mean_all() -> None:
    [call] = calls.reconcile_operations(FRAMEWORK, [OPERATION])
    call.reconcile_operations.operations.add(
        operation_id=mesos_pb2.OperationID(value="op-2"), agent_id=mesos_pb2.AgentID(value=AGENT)
    )
    asked = ((OPERATION, None), (OperationId("op-2"), AGENT))
    assert event_from_call(STREAM, call) == OperationsAsked(STREAM, asked)
    [for_all] = calls.reconcile_operations(FRAMEWORK, [])
    assert event_from_call(STREAM, for_all) == OperationsAsked(STREAM, ())


def test_news_are_events_of_their_own() -> None:
    news = SendOperationUpdate(STREAM, UPDATE)
    event = event_from_news(news, heartbeat_s=1, master=mesos_pb2.MasterInfo())
    assert event.type == Event.UPDATE_OPERATION_STATUS
    status = event.update_operation_status.status
    assert operation_update_from_proto(status, FRAMEWORK) == UPDATE
