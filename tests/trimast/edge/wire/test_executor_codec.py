"""Executors there and back, and what is wrong with one."""

from collections.abc import Callable

import pytest

from protos.mesos.v1 import mesos_pb2
from trimast.edge.wire.bad_message import BadMessage
from trimast.edge.wire.executor_codec import executor_info_from_proto, executor_info_to_proto
from trimast.model.command import CommandInfo
from trimast.model.executor import ExecutorInfo, ExecutorKind
from trimast.model.ids import ExecutorId, FrameworkId
from trimast.model.resources import Resources

FULL = ExecutorInfo(
    ExecutorId("x"),
    command=CommandInfo("serve", environment=(("A", "1"),)),
    resources=Resources.of({"cpus": 100}),
    name="n",
    framework_id=FrameworkId("f"),
    shutdown_grace_ms=0,
    labels=(("k", "v"),),
    data=b"\0",
)


def test_there_and_back() -> None:
    found = executor_info_from_proto(executor_info_to_proto(FULL))
    assert (found, found.framework_id) == (FULL, FULL.framework_id)
    plain = ExecutorInfo(ExecutorId("x"), ExecutorKind.DEFAULT)
    assert executor_info_from_proto(executor_info_to_proto(plain)) == plain


def test_one_that_names_no_type_is_custom() -> None:
    message = executor_info_to_proto(FULL)
    message.ClearField("type")
    assert executor_info_from_proto(message) == FULL


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda m: m.executor_id.Clear(), "Executor has invalid ID"),
        (lambda m: m.ClearField("command"), "'ExecutorInfo.command' must be set"),
        (lambda m: m.command.ClearField("value"), "Executor's command has no value"),
        (lambda m: setattr(m, "type", 0), "'ExecutorInfo.type' must be 'CUSTOM' or 'DEFAULT'"),
        (lambda m: setattr(m, "type", 1), "'ExecutorInfo.command' must not be set for 'DEFAULT'"),
        (
            lambda m: setattr(m.shutdown_grace_period, "nanoseconds", -1),
            "'shutdown_grace_period' must be non-negative",
        ),
    ],
)
def test_what_is_wrong_is_said(
    change: Callable[[mesos_pb2.ExecutorInfo], object], fault: str
) -> None:
    message = executor_info_to_proto(FULL)
    change(message)
    with pytest.raises(BadMessage, match=fault):
        executor_info_from_proto(message)
