"""Limits of tasks, there and back."""

import math
from dataclasses import replace

import pytest

from protos.mesos.v1 import mesos_pb2
from trimast.edge.wire.bad_message import BadMessage
from trimast.edge.wire.limits_codec import limits_from_proto, limits_to_proto
from trimast.edge.wire.task_codec import task_info_from_proto, task_info_to_proto
from trimast.model.ids import AgentId, TaskId
from trimast.model.resources import Resources
from trimast.model.task import CommandInfo, TaskInfo

RESOURCES = Resources.of({"cpus": 1_000, "mem": 64_000})


def test_there_and_back() -> None:
    limits = (("cpus", 1_500), ("mem", None))
    task = TaskInfo(TaskId("t"), "t", AgentId("a"), RESOURCES, CommandInfo("true"), limits=limits)
    message = task_info_to_proto(task)
    assert message.limits["mem"].value == math.inf
    assert task_info_from_proto(message) == task
    assert task_info_from_proto(task_info_to_proto(replace(task, limits=()))).limits == ()


@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [
        ("cpus", 0.5, "below what it uses, 1"),
        ("cpus", -1.0, "below what it uses"),
        ("mem", math.nan, "at most"),
        ("mem", 1e300, "at most"),
        ("disk", 5.0, "only cpus and mem"),
        ("mem", -math.inf, "below what it uses"),
    ],
)
def test_what_is_no_limit_is_refused(name: str, value: float, fault: str) -> None:
    message = mesos_pb2.TaskInfo()
    message.limits[name].value = value
    with pytest.raises(BadMessage, match=fault):
        limits_from_proto(message.limits, RESOURCES)


def test_nor_is_one_of_what_is_not_used() -> None:
    message = mesos_pb2.TaskInfo()
    limits_to_proto((("mem", 1),), message.limits)
    with pytest.raises(BadMessage, match="uses none"):
        limits_from_proto(message.limits, Resources.of({"cpus": 1}))
