"""LAUNCH_GROUP operations -> groups of tasks, each with the group's executor."""

from master.leader.events import InvalidGroup, TaskGroup
from protos.mesos.v1 import mesos_pb2
from trimast.edge.wire.bad_message import BadMessage
from trimast.edge.wire.executor_codec import executor_info_from_proto
from trimast.edge.wire.task_codec import task_info_from_proto
from trimast.model.ids import TaskId
from trimast.model.task import TaskInfo
from trimast.model.task_rules import fault_of_task


def group_from_proto(
    message: mesos_pb2.Offer.Operation.LaunchGroup,
) -> TaskGroup | InvalidGroup:
    try:
        return TaskGroup(_tasks(message))
    except BadMessage as error:
        ids = (TaskId(task.task_id.value) for task in message.task_group.tasks)
        return InvalidGroup(tuple(ids), str(error))


def _tasks(message: mesos_pb2.Offer.Operation.LaunchGroup) -> tuple[TaskInfo, ...]:
    """Raises BadMessage."""
    if not message.executor.HasField("type"):
        raise BadMessage("'ExecutorInfo.type' must be set for a task group")
    executor = executor_info_from_proto(message.executor)
    tasks = message.task_group.tasks
    if not tasks:
        raise BadMessage("Task group cannot be empty")
    names = [task.task_id.value for task in tasks]
    if len(set(names)) < len(names):
        raise BadMessage("Task group has duplicate task IDs")
    if executor.executor_id in names:
        raise BadMessage(f"Task {executor.executor_id} of the group has the ID of its executor")
    return tuple(_task(task, message.executor) for task in tasks)


def _task(task: mesos_pb2.TaskInfo, executor: mesos_pb2.ExecutorInfo) -> TaskInfo:
    if task.HasField("executor") and task.executor != executor:
        raise BadMessage(
            f"The `ExecutorInfo` of task '{task.task_id.value}' is different from executor "
            f"'{executor.executor_id.value}' of its group"
        )
    whole = mesos_pb2.TaskInfo()
    whole.CopyFrom(task)
    whole.executor.CopyFrom(executor)
    info = task_info_from_proto(whole)
    fault = fault_of_task(info)
    if fault is not None:
        raise BadMessage(fault)
    return info
