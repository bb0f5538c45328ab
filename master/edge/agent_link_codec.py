"""Agent link messages -> the leader's events, and the leader's effects -> messages."""

from collections.abc import Iterable
from typing import assert_never

from master.leader.effects import (
    KeepVolumes,
    KillTask,
    PassToExecutor,
    PauseTask,
    PingAgent,
    RunTask,
    ShutExecutorDown,
    TakeReport,
    TurnAgentAway,
    WelcomeAgent,
)
from master.leader.events import (
    AgentAnswered,
    AgentConnected,
    AgentReported,
    AgentTookStock,
    ExecutorEnded,
    ExecutorSaid,
    LeaderEvent,
    VolumesDestroyed,
)
from master.leader.settings import LeaderSettings
from master.presence.agents import LinkId
from protos.trimast.v1 import agent_link_pb2
from trimast.edge.wire.agent_codec import agent_info_from_proto
from trimast.edge.wire.bad_message import BadMessage
from trimast.edge.wire.framework_codec import framework_info_to_proto
from trimast.edge.wire.status_codec import status_report_from_proto
from trimast.edge.wire.task_codec import task_info_to_proto
from trimast.edge.wire.volume_codec import held_volume_from_proto, kept_volume_to_proto
from trimast.model.ids import AgentId, ExecutorId, FrameworkId, TaskId, fault_of_id
from trimast.model.inventory import HeldTask

AgentOrder = (
    WelcomeAgent
    | RunTask
    | KillTask
    | PauseTask
    | PassToExecutor
    | ShutExecutorDown
    | TakeReport
    | PingAgent
    | KeepVolumes
    | TurnAgentAway
)


def event_from_message(link_id: LinkId, message: agent_link_pb2.AgentMessage) -> LeaderEvent:
    match message.WhichOneof("what"):
        case "reports":
            reports = message.reports.reports
            return AgentReported(link_id, tuple(status_report_from_proto(r) for r in reports))
        case "pong":
            return AgentAnswered(link_id)
        case "hello":
            return _connected(link_id, message.hello)
        case "inventory":
            held = (
                HeldTask(FrameworkId(t.framework_id), TaskId(t.task_id), t.fence)
                for t in message.inventory.tasks
            )
            return AgentTookStock(link_id, tuple(held))
        case "executor_said":
            said = message.executor_said
            framework_id, executor_id = _executor(said.framework_id, said.executor_id)
            return ExecutorSaid(link_id, framework_id, executor_id, said.data)
        case "executor_ended":
            ended = message.executor_ended
            framework_id, executor_id = _executor(ended.framework_id, ended.executor_id)
            return ExecutorEnded(link_id, framework_id, executor_id, ended.status)
        case "volumes_destroyed":
            gone = map(held_volume_from_proto, message.volumes_destroyed.volumes)
            return VolumesDestroyed(link_id, tuple(gone))
        case None:
            raise BadMessage("an agent's message says nothing that this master knows")
        case never:
            assert_never(never)


def messages_from_orders(
    orders: Iterable[AgentOrder], *, epoch: int, master_id: str, settings: LeaderSettings
) -> list[agent_link_pb2.MasterMessage]:
    """In order; neighbours of one kind travel in one message."""
    messages: list[agent_link_pb2.MasterMessage] = []
    former: AgentOrder | None = None
    for order in orders:
        if type(order) is not type(former) or not isinstance(
            order, RunTask | KillTask | PauseTask | TakeReport
        ):
            messages.append(agent_link_pb2.MasterMessage(epoch=epoch))
        _add(messages[-1], order, master_id, settings)
        former = order
    return messages


def _connected(link_id: LinkId, hello: agent_link_pb2.Hello) -> AgentConnected:
    fault = fault_of_id(hello.agent_id) if hello.agent_id else None
    if fault is not None:
        raise BadMessage(f"agent id: {fault}")
    return AgentConnected(
        link_id,
        AgentId(hello.agent_id) if hello.agent_id else None,
        agent_info_from_proto(hello.info, boot_id=hello.boot_id, version=hello.version),
        hello.inventory_digest,
        hello.epoch_seen,
    )


def _executor(framework_id: str, executor_id: str) -> tuple[FrameworkId, ExecutorId]:
    for what, text in (("framework", framework_id), ("executor", executor_id)):
        fault = fault_of_id(text)
        if fault is not None:
            raise BadMessage(f"{what} id: {fault}")
    return FrameworkId(framework_id), ExecutorId(executor_id)


def _add(
    message: agent_link_pb2.MasterMessage,
    order: AgentOrder,
    master_id: str,
    settings: LeaderSettings,
) -> None:
    match order:
        case RunTask():
            run = message.run.tasks.add(
                framework_id=order.framework_id,
                task=task_info_to_proto(order.task),
                fence=order.fence,
                user=order.user,
                ends_with_agent=order.ends_with_agent,
                group_size=order.group_size,
                role=order.role,
            )
            if order.framework is not None:
                run.framework.CopyFrom(framework_info_to_proto(order.framework))
        case PassToExecutor():
            message.to_executor.framework_id = order.framework_id
            message.to_executor.executor_id = order.executor_id
            message.to_executor.data = order.data
        case ShutExecutorDown():
            message.shutdown.framework_id = order.framework_id
            message.shutdown.executor_id = order.executor_id
        case TakeReport():
            message.taken.uuids.append(order.uuid)
        case KillTask():
            message.kill.tasks.add(
                framework_id=order.framework_id, task_id=order.task_id, grace_ms=order.grace_ms
            )
        case PauseTask():
            message.pause.tasks.add(
                framework_id=order.framework_id, task_id=order.task_id, paused=order.paused
            )
        case KeepVolumes():
            message.keep_volumes.volumes.extend(map(kept_volume_to_proto, order.volumes))
        case PingAgent():
            message.ping.SetInParent()
        case WelcomeAgent():
            message.welcome.agent_id = order.agent_id
            message.welcome.master_id = master_id
            message.welcome.silence_max_ms = settings.agent_silence_max_ms
            message.welcome.ping_ms = settings.agent_ping_ms
            message.welcome.send_inventory = order.send_inventory
        case TurnAgentAway():
            message.turned_away.reason = order.reason
        case _:
            assert_never(order)
