"""The SDK: write a framework as a class with typed callbacks.

    class Mine(Scheduler):
        def offers(self, driver, offers): ...

    async with SchedulerDriver(Mine(), "mine", "127.0.0.1:5052") as driver:
        ...

`trimast/examples/` has two to start from.
"""

from trimast.edge.leader_finder import NoLeader
from trimast.framework.command_task import command_task
from trimast.framework.driver import SchedulerDriver
from trimast.framework.driver_settings import DriverSettings
from trimast.framework.executor import Executor
from trimast.framework.executor_driver import ExecutorDriver, NoAgent
from trimast.framework.executor_task import executor, executor_task
from trimast.framework.refused import FrameworkRefused
from trimast.framework.reserving import (
    create_volume,
    destroy_volumes,
    reserve,
    reserved_in,
    tracked,
    unreserve,
    volume_ids,
    volumes_in,
)
from trimast.framework.scheduler import NEVER_RAN, Scheduler
from trimast.model.checks import Check, CheckResult, HealthCheck, Probe, ProbeKind
from trimast.model.container import ContainerInfo, ImageInfo, Network, Volume
from trimast.model.executor import ExecutorInfo
from trimast.model.framework import FrameworkInfo
from trimast.model.ids import AgentId, ExecutorId, FrameworkId, OfferId, OperationId, TaskId
from trimast.model.offer import Offer
from trimast.model.operation import Operation
from trimast.model.operation_update import OperationState, OperationUpdate
from trimast.model.resources import Resources
from trimast.model.status_update import StatusReason, StatusSource, StatusUpdate
from trimast.model.task import CommandInfo, TaskInfo
from trimast.model.task_lifecycle import TaskState
from trimast.model.uri import Uri

__all__ = [
    "NEVER_RAN",
    "AgentId",
    "Check",
    "CheckResult",
    "CommandInfo",
    "ContainerInfo",
    "DriverSettings",
    "Executor",
    "ExecutorDriver",
    "ExecutorId",
    "ExecutorInfo",
    "FrameworkId",
    "FrameworkInfo",
    "FrameworkRefused",
    "HealthCheck",
    "ImageInfo",
    "Network",
    "NoAgent",
    "NoLeader",
    "Offer",
    "OfferId",
    "Operation",
    "OperationId",
    "OperationState",
    "OperationUpdate",
    "Probe",
    "ProbeKind",
    "Resources",
    "Scheduler",
    "SchedulerDriver",
    "StatusReason",
    "StatusSource",
    "StatusUpdate",
    "TaskId",
    "TaskInfo",
    "TaskState",
    "Uri",
    "Volume",
    "command_task",
    "create_volume",
    "destroy_volumes",
    "executor",
    "executor_task",
    "reserve",
    "reserved_in",
    "tracked",
    "unreserve",
    "volume_ids",
    "volumes_in",
]
