"""Registry commands <-> the bytes that stand in the replicated log."""

from typing import assert_never

from google.protobuf.message import DecodeError

from master.registry.commands import (
    AcknowledgeOperation,
    AcknowledgeReport,
    AdmitAgent,
    AdmitFramework,
    BeginEpoch,
    Command,
    ConvertResources,
    Decision,
    ForgetVolumes,
    GiveUpTask,
    LaunchGroup,
    LaunchTask,
    MarkAgentUnreachable,
    NoteFrameworkAway,
    OrderKill,
    ProveQuorum,
    RemoveFramework,
    ReportTask,
)
from protos.trimast.v1 import registry_pb2
from trimast.edge.wire.agent_codec import agent_info_from_proto, agent_info_to_proto
from trimast.edge.wire.bad_message import BadMessage
from trimast.edge.wire.framework_codec import framework_info_from_proto, framework_info_to_proto
from trimast.edge.wire.operation_codec import (
    operation_from_number,
    operation_to_proto,
    resources_of,
)
from trimast.edge.wire.status_codec import (
    status_from_proto,
    status_report_from_proto,
    status_report_to_proto,
)
from trimast.edge.wire.task_codec import task_info_from_proto, task_info_to_proto
from trimast.edge.wire.volume_codec import held_volume_from_proto, held_volume_to_proto
from trimast.model.ids import AgentId, FrameworkId, MasterId, OperationId, TaskId


def command_to_bytes(command: Command) -> bytes:
    message = registry_pb2.RegistryCommand(epoch=command.epoch, at_ms=command.at_ms)
    _put(message, command.decision)
    return message.SerializeToString()


def command_from_bytes(data: bytes) -> Command:
    """
    Raises:
        BadMessage: whatever else it is, it is not a command this version knows.
    """
    try:
        message = registry_pb2.RegistryCommand.FromString(data)
        return Command(message.epoch, message.at_ms, _decision(message))
    except (DecodeError, ValueError, KeyError, TypeError) as error:
        raise BadMessage(f"not a registry command: {error}") from error


def _put(message: registry_pb2.RegistryCommand, decision: Decision) -> None:
    match decision:
        case ConvertResources():
            message.convert_resources.framework_id = decision.framework_id
            message.convert_resources.agent_id = decision.agent_id
            operation = operation_to_proto(decision.operation)
            message.convert_resources.kind = operation.type
            message.convert_resources.resources.extend(resources_of(operation))
            if decision.operation.operation_id is not None:
                message.convert_resources.operation_id = decision.operation.operation_id
        case AcknowledgeOperation():
            message.acknowledge_operation.framework_id = decision.framework_id
            message.acknowledge_operation.operation_id = decision.operation_id
            message.acknowledge_operation.uuid = decision.uuid
        case ForgetVolumes():
            message.forget_volumes.agent_id = decision.agent_id
            message.forget_volumes.volumes.extend(map(held_volume_to_proto, decision.volumes))
        case ReportTask():
            message.report_task.report.CopyFrom(status_report_to_proto(decision.update))
        case AcknowledgeReport():
            message.acknowledge_report.framework_id = decision.framework_id
            message.acknowledge_report.task_id = decision.task_id
            message.acknowledge_report.uuid = decision.uuid
        case LaunchTask():
            message.launch_task.framework_id = decision.framework_id
            message.launch_task.task.CopyFrom(task_info_to_proto(decision.task))
            message.launch_task.shares_executor = decision.shares_executor
        case LaunchGroup():
            message.launch_group.framework_id = decision.framework_id
            message.launch_group.tasks.extend(map(task_info_to_proto, decision.tasks))
            message.launch_group.shares_executor = decision.shares_executor
        case OrderKill():
            message.order_kill.framework_id = decision.framework_id
            message.order_kill.task_id = decision.task_id
            if decision.grace_ms is not None:
                message.order_kill.grace_ms = decision.grace_ms
        case GiveUpTask():
            message.give_up_task.fence = decision.fence
            message.give_up_task.report.CopyFrom(status_report_to_proto(decision.update))
        case AdmitAgent():
            message.admit_agent.agent_id = decision.agent_id
            message.admit_agent.info.CopyFrom(agent_info_to_proto(decision.info))
            message.admit_agent.boot_id = decision.info.boot_id
            message.admit_agent.version = decision.info.version
        case MarkAgentUnreachable():
            message.mark_agent_unreachable.agent_id = decision.agent_id
        case AdmitFramework():
            message.admit_framework.framework_id = decision.framework_id
            message.admit_framework.info.CopyFrom(framework_info_to_proto(decision.info))
        case NoteFrameworkAway():
            message.note_framework_away.framework_id = decision.framework_id
            message.note_framework_away.subscription = decision.subscription
        case RemoveFramework():
            message.remove_framework.framework_id = decision.framework_id
            message.remove_framework.subscription = decision.subscription or 0
        case BeginEpoch():
            message.begin_epoch.leader_id = decision.leader_id
        case ProveQuorum():
            message.prove_quorum.SetInParent()
        case _:
            assert_never(decision)


def _decision(message: registry_pb2.RegistryCommand) -> Decision:
    match message.WhichOneof("what"):
        case "convert_resources":
            convert = message.convert_resources
            has_id = convert.HasField("operation_id")
            operation_id = OperationId(convert.operation_id) if has_id else None
            return ConvertResources(
                FrameworkId(convert.framework_id),
                AgentId(convert.agent_id),
                operation_from_number(convert.kind, convert.resources, operation_id),
            )
        case "acknowledge_operation":
            known = message.acknowledge_operation
            return AcknowledgeOperation(
                FrameworkId(known.framework_id), OperationId(known.operation_id), known.uuid
            )
        case "forget_volumes":
            forget = message.forget_volumes
            volumes = tuple(map(held_volume_from_proto, forget.volumes))
            return ForgetVolumes(AgentId(forget.agent_id), volumes)
        case "report_task":
            return ReportTask(status_report_from_proto(message.report_task.report))
        case "acknowledge_report":
            acknowledged = message.acknowledge_report
            return AcknowledgeReport(
                FrameworkId(acknowledged.framework_id),
                TaskId(acknowledged.task_id),
                acknowledged.uuid,
            )
        case "launch_task":
            launch = message.launch_task
            return LaunchTask(
                FrameworkId(launch.framework_id),
                task_info_from_proto(launch.task),
                launch.shares_executor,
            )
        case "launch_group":
            group = message.launch_group
            if not group.tasks:
                raise BadMessage("a group has at least one task")
            return LaunchGroup(
                FrameworkId(group.framework_id),
                tuple(map(task_info_from_proto, group.tasks)),
                group.shares_executor,
            )
        case "order_kill":
            kill = message.order_kill
            return OrderKill(
                FrameworkId(kill.framework_id),
                TaskId(kill.task_id),
                kill.grace_ms if kill.HasField("grace_ms") else None,
            )
        case "give_up_task":
            report = message.give_up_task.report
            update = status_from_proto(report.status, FrameworkId(report.framework_id))
            return GiveUpTask(message.give_up_task.fence, update)
        case "admit_agent":
            agent = message.admit_agent
            info = agent_info_from_proto(agent.info, boot_id=agent.boot_id, version=agent.version)
            return AdmitAgent(AgentId(agent.agent_id), info)
        case "mark_agent_unreachable":
            return MarkAgentUnreachable(AgentId(message.mark_agent_unreachable.agent_id))
        case "admit_framework":
            framework = message.admit_framework
            return AdmitFramework(
                FrameworkId(framework.framework_id), framework_info_from_proto(framework.info)
            )
        case "note_framework_away":
            away = message.note_framework_away
            return NoteFrameworkAway(FrameworkId(away.framework_id), away.subscription)
        case "remove_framework":
            removal = message.remove_framework
            return RemoveFramework(FrameworkId(removal.framework_id), removal.subscription or None)
        case "begin_epoch":
            return BeginEpoch(MasterId(message.begin_epoch.leader_id))
        case "prove_quorum":
            return ProveQuorum()
        case None:
            raise BadMessage("it decides nothing that this version knows")
        case never:
            assert_never(never)
