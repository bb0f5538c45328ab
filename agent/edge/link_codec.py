"""What agents and masters say to each other: our own values <-> protobuf."""

from collections.abc import Iterable

from agent.effects import SayHello, SendVolumesDestroyed
from agent.events import (
    KeepVolumes,
    KillTask,
    KillTasks,
    Order,
    PassToExecutor,
    PauseTask,
    PauseTasks,
    Ping,
    RunTask,
    RunTasks,
    ShutExecutorDown,
    TakeReports,
    TurnedAway,
    Welcome,
)
from agent.executors.effects import PassToFramework, TellExecutorEnded
from agent.executors.executor import executor_key
from agent.tasks import TaskKey
from protos.trimast.v1 import agent_link_pb2
from trimast.edge.wire.agent_codec import agent_info_to_proto
from trimast.edge.wire.bad_message import BadMessage
from trimast.edge.wire.framework_codec import framework_info_from_proto
from trimast.edge.wire.status_codec import status_report_to_proto
from trimast.edge.wire.task_codec import task_info_from_proto
from trimast.edge.wire.volume_codec import held_volume_to_proto, kept_volume_from_proto
from trimast.model.ids import (
    AgentId,
    ExecutorId,
    FrameworkId,
    MasterId,
    TaskId,
    fault_of_id,
)
from trimast.model.inventory import HeldTask
from trimast.model.status_update import StatusUpdate

SILENCE_LEAST_MS = 100


def order_from_proto(message: agent_link_pb2.MasterMessage) -> Order:
    """Raises BadMessage."""
    if not message.epoch:
        raise BadMessage("a master's message names the epoch it leads, from 1")
    match message.WhichOneof("what"):
        case "welcome":
            return _welcome(message.welcome)
        case "run":
            return RunTasks(tuple(_run(task) for task in message.run.tasks))
        case "kill":
            return KillTasks(tuple(_kill(task) for task in message.kill.tasks))
        case "pause":
            return PauseTasks(tuple(_pause(task) for task in message.pause.tasks))
        case "taken":
            return TakeReports(tuple(message.taken.uuids))
        case "to_executor":
            key = _executor(message.to_executor.framework_id, message.to_executor.executor_id)
            return PassToExecutor(key, message.to_executor.data)
        case "shutdown":
            shutdown = message.shutdown
            return ShutExecutorDown(_executor(shutdown.framework_id, shutdown.executor_id))
        case "keep_volumes":
            kept = map(kept_volume_from_proto, message.keep_volumes.volumes)
            return KeepVolumes(tuple(kept))
        case "ping":
            return Ping()
        case "turned_away":
            away = message.turned_away
            return TurnedAway(away.reason[:1000], away.for_ever)
        case None:
            raise BadMessage("a master's message is empty, or of a kind this agent does not know")


def hello_to_proto(hello: SayHello) -> agent_link_pb2.AgentMessage:
    return agent_link_pb2.AgentMessage(
        hello=agent_link_pb2.Hello(
            agent_id=hello.agent_id or "",
            info=agent_info_to_proto(hello.info),
            boot_id=hello.info.boot_id,
            version=hello.info.version,
            epoch_seen=hello.epoch_seen,
            inventory_digest=hello.inventory,
        )
    )


def inventory_to_proto(tasks: Iterable[HeldTask]) -> agent_link_pb2.AgentMessage:
    held = [
        agent_link_pb2.HeldTask(framework_id=t.framework_id, task_id=t.task_id, fence=t.fence)
        for t in tasks
    ]
    return agent_link_pb2.AgentMessage(inventory=agent_link_pb2.Inventory(tasks=held))


def reports_to_proto(reports: Iterable[StatusUpdate]) -> agent_link_pb2.AgentMessage:
    messages = [status_report_to_proto(report) for report in reports]
    return agent_link_pb2.AgentMessage(reports=agent_link_pb2.StatusReports(reports=messages))


def pong_to_proto() -> agent_link_pb2.AgentMessage:
    return agent_link_pb2.AgentMessage(pong=agent_link_pb2.Pong())


def executor_said_to_proto(effect: PassToFramework) -> agent_link_pb2.AgentMessage:
    said = agent_link_pb2.ExecutorMessage(
        framework_id=effect.key.framework_id, executor_id=effect.key.task_id, data=effect.data
    )
    return agent_link_pb2.AgentMessage(executor_said=said)


def executor_ended_to_proto(effect: TellExecutorEnded) -> agent_link_pb2.AgentMessage:
    ended = agent_link_pb2.ExecutorEnded(
        framework_id=effect.key.framework_id,
        executor_id=effect.key.task_id,
        status=effect.status,
    )
    return agent_link_pb2.AgentMessage(executor_ended=ended)


def volumes_destroyed_to_proto(effect: SendVolumesDestroyed) -> agent_link_pb2.AgentMessage:
    gone = agent_link_pb2.VolumesDestroyed(volumes=map(held_volume_to_proto, effect.volumes))
    return agent_link_pb2.AgentMessage(volumes_destroyed=gone)


def _welcome(message: agent_link_pb2.Welcome) -> Welcome:
    _check_id("agent", message.agent_id)
    if message.silence_max_ms < SILENCE_LEAST_MS:
        raise BadMessage(f"silence_max_ms is at least {SILENCE_LEAST_MS}")
    return Welcome(
        AgentId(message.agent_id),
        MasterId(message.master_id),
        message.silence_max_ms,
        message.send_inventory,
    )


def _run(message: agent_link_pb2.RunTask) -> RunTask:
    if not message.fence:
        raise BadMessage("an order to run a task names its fence, from 1")
    task = task_info_from_proto(message.task)
    key = _key(message.framework_id, task.task_id)
    framework = (
        framework_info_from_proto(message.framework) if message.HasField("framework") else None
    )
    return RunTask(
        key,
        task,
        message.fence,
        message.user,
        message.ends_with_agent,
        framework,
        message.group_size,
        message.role,
    )


def _kill(message: agent_link_pb2.KillTask) -> KillTask:
    grace_ms = message.grace_ms if message.HasField("grace_ms") else None
    return KillTask(_key(message.framework_id, message.task_id), grace_ms)


def _pause(message: agent_link_pb2.PauseTask) -> PauseTask:
    return PauseTask(_key(message.framework_id, message.task_id), message.paused)


def _key(framework_id: str, task_id: str) -> TaskKey:
    _check_id("framework", framework_id)
    _check_id("task", task_id)
    return TaskKey(FrameworkId(framework_id), TaskId(task_id))


def _executor(framework_id: str, executor_id: str) -> TaskKey:
    _check_id("framework", framework_id)
    _check_id("executor", executor_id)
    return executor_key(FrameworkId(framework_id), ExecutorId(executor_id))


def _check_id(what: str, text: str) -> None:
    fault = fault_of_id(text)
    if fault is not None:
        raise BadMessage(f"{what} id: {fault}")
