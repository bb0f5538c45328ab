"""What is wrong with a group is said, and all of its tasks hear it."""

from collections.abc import Callable

import pytest

from master.edge.group_codec import group_from_proto
from master.leader.events import InvalidGroup, TaskGroup
from protos.mesos.v1 import mesos_pb2
from tests.master.led_cluster import a_task
from trimast.edge.wire.task_codec import task_info_to_proto
from trimast.model.executor import ExecutorKind
from trimast.model.ids import TaskId

Group = mesos_pb2.Offer.Operation.LaunchGroup


def a_group() -> Group:
    message = Group()
    message.executor.type = mesos_pb2.ExecutorInfo.DEFAULT
    message.executor.executor_id.value = "g"
    for name in ("a", "b"):
        message.task_group.tasks.append(task_info_to_proto(a_task(TaskId(name))))
    return message


def in_a_network_of_its_own(task: mesos_pb2.TaskInfo) -> None:
    task.container.type = mesos_pb2.ContainerInfo.MESOS
    task.container.network_infos.add(name="none")
    task.check.type = mesos_pb2.CheckInfo.TCP
    task.check.tcp.port = 80


def test_every_task_gets_the_executor_of_the_group() -> None:
    group = group_from_proto(a_group())
    assert isinstance(group, TaskGroup)
    assert [(t.task_id, t.executor and t.executor.executor_id) for t in group.tasks] == [
        ("a", "g"),
        ("b", "g"),
    ]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda g: g.executor.ClearField("type"), "'ExecutorInfo.type' must be set"),
        (lambda g: setattr(g.executor, "type", 2), "'ExecutorInfo.command' must be set"),
        (lambda g: setattr(g.executor.command, "value", "x"), "must not be set for 'DEFAULT'"),
        (lambda g: setattr(g.executor.executor_id, "value", "a"), "has the ID of its executor"),
        (
            lambda g: setattr(g.task_group.tasks[1].task_id, "value", "a"),
            "Task group has duplicate task IDs",
        ),
        (lambda g: g.task_group.tasks[1].ClearField("command"), "but not both"),
        (lambda g: in_a_network_of_its_own(g.task_group.tasks[1]), "cannot be checked by"),
        (
            lambda g: setattr(g.task_group.tasks[1].executor.executor_id, "value", "x"),
            "is different from executor 'g' of its group",
        ),
    ],
)
def test_what_is_wrong_is_said(change: Callable[[Group], object], fault: str) -> None:
    message = a_group()
    change(message)
    group = group_from_proto(message)
    assert isinstance(group, InvalidGroup)
    assert fault in group.fault
    assert len(group.task_ids) == 2


def test_an_empty_group_is_refused() -> None:
    message = a_group()
    del message.task_group.tasks[:]
    assert group_from_proto(message) == InvalidGroup((), "Task group cannot be empty")


def of_its_own() -> Group:
    message = a_group()
    message.executor.type = mesos_pb2.ExecutorInfo.CUSTOM
    message.executor.command.value = "serve"
    for task in message.task_group.tasks:
        task.ClearField("command")
    return message


def test_an_executor_of_the_frameworks_own_may_have_groups() -> None:
    group = group_from_proto(of_its_own())
    assert isinstance(group, TaskGroup)
    assert {task.executor and task.executor.kind for task in group.tasks} == {ExecutorKind.CUSTOM}


def test_what_its_tasks_do_is_its_own_business() -> None:
    message = of_its_own()
    message.task_group.tasks[0].command.value = "true"
    group = group_from_proto(message)
    assert isinstance(group, InvalidGroup)
    assert "but not both" in group.fault
