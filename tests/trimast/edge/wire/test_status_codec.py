"""Status updates on the wire, with how the process ended."""

from dataclasses import replace

import pytest

from trimast.edge.wire.bad_message import BadMessage
from trimast.edge.wire.status_codec import (
    status_from_proto,
    status_report_from_proto,
    status_report_to_proto,
    status_to_proto,
)
from trimast.model.checks import CheckResult, ProbeKind
from trimast.model.container_status import ContainerStatus
from trimast.model.ids import AgentId, ExecutorId, FrameworkId, TaskId
from trimast.model.resources import Resources
from trimast.model.status_update import StatusReason, StatusSource, StatusUpdate
from trimast.model.task_lifecycle import TaskState

FRAMEWORK = FrameworkId("f1")


def an_update(state: TaskState, reason: StatusReason | None = None) -> StatusUpdate:
    return StatusUpdate(
        framework_id=FRAMEWORK,
        task_id=TaskId("t1"),
        agent_id=AgentId("a1"),
        state=state,
        source=StatusSource.EXECUTOR,
        timestamp_ms=1_700_000_000_123,
        uuid=b"u" * 16,
        sequence=3,
        fence=9,
        reason=reason,
        message="how it went",
        exit_code=3,
        signal=9,
    )


@pytest.mark.parametrize("state", list(TaskState))
def test_every_state_comes_back(state: TaskState) -> None:
    update = an_update(state)
    assert status_report_from_proto(status_report_to_proto(update)) == update


@pytest.mark.parametrize("reason", list(StatusReason))
def test_every_reason_comes_back(reason: StatusReason) -> None:
    update = an_update(TaskState.FAILED, reason)
    assert status_report_from_proto(status_report_to_proto(update)) == update


@pytest.mark.parametrize(
    "container", [ContainerStatus("9-abc", 42, "10.0.0.1"), ContainerStatus("9-abc")]
)
def test_where_it_runs_comes_back(container: ContainerStatus) -> None:
    update = replace(an_update(TaskState.RUNNING), container=container)
    assert status_report_from_proto(status_report_to_proto(update)) == update


def test_where_it_runs_is_where_clients_of_mesos_look() -> None:
    container = ContainerStatus("9-abc", 42, "10.0.0.1")
    status = status_to_proto(replace(an_update(TaskState.RUNNING), container=container))
    told = status.container_status
    assert (told.container_id.value, told.executor_pid) == ("9-abc", 42)
    assert told.network_infos[0].ip_addresses[0].ip_address == "10.0.0.1"


def test_a_master_s_answer_has_no_uuid_and_no_executor() -> None:
    answer = StatusUpdate(
        FRAMEWORK, TaskId("t1"), AgentId(""), TaskState.UNKNOWN, StatusSource.MASTER, 5
    )
    message = status_to_proto(answer)
    assert not message.HasField("uuid")
    assert not message.HasField("executor_id")
    assert not message.HasField("agent_id")
    assert status_from_proto(message, FRAMEWORK) == answer


def test_an_exit_code_that_is_no_number_is_refused() -> None:
    message = status_to_proto(an_update(TaskState.FAILED))
    message.labels.labels[0].value = "many"
    with pytest.raises(BadMessage, match="is a number, not 'many'"):
        status_from_proto(message, FRAMEWORK)


def test_a_uuid_of_another_length_is_refused() -> None:
    message = status_to_proto(an_update(TaskState.FAILED))
    message.uuid = b"short"
    with pytest.raises(BadMessage, match="16 bytes, this one 5"):
        status_from_proto(message, FRAMEWORK)


def test_what_an_executor_says_and_a_check_gives_comes_back() -> None:
    update = replace(
        an_update(TaskState.RUNNING),
        executor_id=ExecutorId("x"),
        healthy=False,
        data=b"\0",
        labels=(("k", "v"),),
        check=CheckResult(ProbeKind.HTTP, status_code=404),
    )
    assert status_report_from_proto(status_report_to_proto(update)) == update


def test_what_it_was_limited_by_and_that_it_is_paused_come_back() -> None:
    mem = Resources.of({"mem": 64_500})
    update = replace(an_update(TaskState.FAILED), limitation=mem, is_paused=True)
    assert status_report_from_proto(status_report_to_proto(update)) == update
    assert status_to_proto(update).limitation.resources[0].scalar.value == 64.5
