"""Commands as bytes: what goes in comes out, and what is not one is refused by name."""

from dataclasses import replace

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st

from master.edge.registry_codec import command_from_bytes, command_to_bytes
from master.edge.registry_log import RegistryLog
from master.registry.commands import (
    AcknowledgeReport,
    BeginEpoch,
    Command,
    Decision,
    GiveUpTask,
    LaunchGroup,
    LaunchTask,
    OrderKill,
    ReportTask,
)
from protos.trimast.v1 import agent_link_pb2
from tests.master.led_cluster import FRAMEWORK, ONE_CORE, TASK, a_report, a_task
from tests.master.registry.test_apply import EVERY_DECISION
from trimast.edge.wire.bad_message import BadMessage
from trimast.edge.wire.status_codec import status_report_from_proto, status_report_to_proto
from trimast.model.command import CommandInfo
from trimast.model.executor import ExecutorInfo, ExecutorKind
from trimast.model.ids import ExecutorId, FrameworkId, MasterId, TaskId
from trimast.model.refusal import RefusalReason, Refused
from trimast.model.status_update import StatusReason
from trimast.model.task import NO_COMMAND
from trimast.model.task_lifecycle import TaskState

_EXECUTOR = ExecutorInfo(ExecutorId("x"), ExecutorKind.DEFAULT, resources=ONE_CORE)
_ONE = replace(a_task(), executor=_EXECUTOR)
_CUSTOM = ExecutorInfo(ExecutorId("x"), command=CommandInfo("serve"))
_MORE: list[Decision] = [
    LaunchGroup(FRAMEWORK, (_ONE, replace(_ONE, task_id=TaskId("t2"))), shares_executor=True),
    LaunchTask(FRAMEWORK, replace(a_task(), command=NO_COMMAND, executor=_CUSTOM), True),
    BeginEpoch(MasterId("m1")),
    OrderKill(FRAMEWORK, TASK, 0),
    GiveUpTask(9, replace(a_report(TaskState.GONE, 0, fence=0), exit_code=3)),
]
_GIVEN_UP = GiveUpTask(4, a_report(TaskState.GONE, 0, fence=0))
_LABEL = st.text(st.characters(codec="utf-8"), max_size=5)
DECISIONS = [d if not isinstance(d, GiveUpTask) else _GIVEN_UP for d in EVERY_DECISION] + _MORE


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda d: type(d).__name__)
def test_a_command_comes_out_of_the_log_as_it_went_in(decision: Decision) -> None:
    command = Command(epoch=3, at_ms=1_700_000_000_123, decision=decision)
    assert command_from_bytes(command_to_bytes(command)) == command


@settings(max_examples=1000, deadline=None)
@given(st.sampled_from(TaskState), st.data())
def test_whatever_an_agent_says_of_a_task_is_in_the_log_what_it_was_at_the_door(
    state: TaskState, data: st.DataObject
) -> None:
    """So a leader need not read again what it has just read: see `leadership.py`."""
    report = replace(
        a_report(state, 1, fence=7),
        message="how it went",
        reason=StatusReason.COMMAND_EXECUTOR_FAILED,
        exit_code=data.draw(st.none() | st.integers(-300, 300)),
        signal=data.draw(st.none() | st.integers(0, 64)),
        executor_id=data.draw(st.none() | st.just(ExecutorId("x")) | st.just(ExecutorId(TASK))),
        labels=data.draw(st.lists(st.tuples(_LABEL, _LABEL), max_size=3).map(tuple)),
        limitation=data.draw(st.none() | st.just(ONE_CORE)),
        is_paused=data.draw(st.booleans()),
        healthy=data.draw(st.none() | st.booleans()),
    )
    said = bytearray(status_report_to_proto(report).SerializeToString())
    for _ in range(data.draw(st.integers(0, 2))):
        said[data.draw(st.integers(0, len(said) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        at_the_door = status_report_from_proto(agent_link_pb2.StatusReport.FromString(bytes(said)))
        command = Command(3, 1, ReportTask(at_the_door))
        in_the_log = command_to_bytes(command)
    except (DecodeError, ValueError, KeyError, OverflowError, TypeError):
        return  # It does not come as far as the log.
    assert command_from_bytes(in_the_log) == command


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=20), st.text(max_size=20), st.binary(max_size=20))
def test_so_is_an_acknowledgement(framework_id: str, task_id: str, uuid: bytes) -> None:
    decision = AcknowledgeReport(FrameworkId(framework_id), TaskId(task_id), uuid)
    command = Command(3, 1, decision)
    assert command_from_bytes(command_to_bytes(command)) == command


def test_what_is_expected_is_not_read_again_and_that_only_once() -> None:
    log = RegistryLog()
    data = command_to_bytes(Command(0, 1, BeginEpoch(MasterId("m1"))))
    log.expect(data, Command(0, 1, BeginEpoch(MasterId("as expected"))))
    log.apply(1, data)
    assert log.state.leader_id == "as expected"
    log.apply(2, data)
    assert log.state.leader_id == "m1"
    log.expect(data, Command(0, 1, BeginEpoch(MasterId("as expected"))))
    log.expect_nothing()
    log.apply(3, data)
    assert log.state.leader_id == "m1"


def test_bytes_that_decide_nothing_are_refused() -> None:
    with pytest.raises(BadMessage, match="decides nothing that this version knows"):
        command_from_bytes(b"")


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_the_registry_survives_any_bytes(data: bytes) -> None:
    log = RegistryLog()
    outcome = log.apply(1, data)
    assert isinstance(outcome, Refused)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(DECISIONS), st.data())
def test_the_registry_survives_any_damage_to_a_command(
    decision: Decision, data: st.DataObject
) -> None:
    whole = bytearray(command_to_bytes(Command(0, 1, decision)))
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] ^= data.draw(st.integers(1, 255))
    RegistryLog().apply(1, bytes(whole[: data.draw(st.integers(place, len(whole)))]))


def test_what_cannot_be_read_is_refused_alike_everywhere() -> None:
    first, second = RegistryLog(), RegistryLog()
    garbage = b"\xff" * 7
    assert first.apply(1, garbage) == second.apply(1, garbage)
    refused = first.apply(2, garbage)
    assert isinstance(refused, Refused)
    assert refused.reason is RefusalReason.UNREADABLE
