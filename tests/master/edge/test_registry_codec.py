"""Commands as bytes: what goes in comes out, and what is not one is refused by name."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from master.edge.registry_codec import command_from_bytes, command_to_bytes
from master.edge.registry_log import RegistryLog
from master.registry.commands import (
    BeginEpoch,
    Command,
    Decision,
    GiveUpTask,
    LaunchGroup,
    LaunchTask,
    OrderKill,
)
from tests.master.led_cluster import FRAMEWORK, ONE_CORE, TASK, a_report, a_task
from tests.master.registry.test_apply import EVERY_DECISION
from trimast.edge.wire.bad_message import BadMessage
from trimast.model.command import CommandInfo
from trimast.model.executor import ExecutorInfo, ExecutorKind
from trimast.model.ids import ExecutorId, MasterId, TaskId
from trimast.model.refusal import RefusalReason, Refused
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
DECISIONS = [d if not isinstance(d, GiveUpTask) else _GIVEN_UP for d in EVERY_DECISION] + _MORE


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda d: type(d).__name__)
def test_a_command_comes_out_of_the_log_as_it_went_in(decision: Decision) -> None:
    command = Command(epoch=3, at_ms=1_700_000_000_123, decision=decision)
    assert command_from_bytes(command_to_bytes(command)) == command


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
