"""The operators' door: who leads, listings, and the few orders an operator may give."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import grpc
import grpc.aio

from master.edge.asking import answer_to
from master.edge.backing_up import BackingUp
from master.edge.changing_members import change_members, members_reply
from master.edge.doors import Doorkeeper
from master.edge.handing_over import hand_over
from master.edge.listing import Listing, Listings, message_of
from master.edge.operator_questions import LeadershipLost, OperatorQuestions
from master.edge.registry_log import RegistryLog
from master.leader.effects import AnswerOperator
from master.leader.events import LeaderEvent, OperatorAsked, PauseAsked
from master.registry.commands import Decision, OrderKill, ProveQuorum, RemoveFramework
from master.views.rows import agent_rows, framework_rows, offer_rows, task_rows
from protos.trimast.v1 import cluster_pb2, cluster_pb2_grpc
from replication.replicated_log import ReadReady, TransferOutcome
from trimast.model.ids import FrameworkId, TaskId
from trimast.model.refusal import RefusalReason, Refused

_Context = grpc.aio.ServicerContext[Any, Any]

_STATUS = {
    RefusalReason.FRAMEWORK_UNKNOWN: grpc.StatusCode.NOT_FOUND,
    RefusalReason.TASK_UNKNOWN: grpc.StatusCode.NOT_FOUND,
    RefusalReason.OVERLOADED: grpc.StatusCode.RESOURCE_EXHAUSTED,
}
_NOT_HANDED_OVER = {
    TransferOutcome.NOT_LEADING: (grpc.StatusCode.UNAVAILABLE, "leadership was lost just now"),
    TransferOutcome.UNKNOWN_REPLICA: (grpc.StatusCode.NOT_FOUND, "there is no such master"),
    TransferOutcome.OUT_OF_REACH: (
        grpc.StatusCode.FAILED_PRECONDITION,
        "the leader is not connected to it",
    ),
    TransferOutcome.UNDER_WAY: (
        grpc.StatusCode.FAILED_PRECONDITION,
        "leadership is being handed over already",
    ),
    TransferOutcome.NOT_IN_TIME: (
        grpc.StatusCode.DEADLINE_EXCEEDED,
        "it did not take over in time; see who leads: trimast masters",
    ),
}


class ClusterService(cluster_pb2_grpc.ClusterServicer):
    def __init__(
        self,
        doorkeeper: Doorkeeper,
        registry_log: RegistryLog,
        backing_up: BackingUp,
        questions: OperatorQuestions,
    ) -> None:
        self._doorkeeper = doorkeeper
        self._registry_log = registry_log
        self._backing_up = backing_up
        self._questions = questions
        self._listings = Listings()

    async def WhoLeads(  # noqa: N802 - gRPC's name
        self, request: cluster_pb2.WhoLeadsRequest, context: _Context
    ) -> cluster_pb2.WhoLeadsReply:
        doorkeeper = self._doorkeeper
        status = doorkeeper.replicated_log.status()
        leader = doorkeeper.directory.find(status.leader_id)
        return cluster_pb2.WhoLeadsReply(
            master_id=doorkeeper.directory.own_id,
            leading=doorkeeper.leadership.reign is not None,
            leader_id=status.leader_id or "",
            leader_grpc=leader.grpc if leader else "",
            leader_http=leader.http if leader else "",
            term=status.term,
            epoch=self._registry_log.state.epoch,
            commit_index=status.commit_index,
            applied_index=status.applied_index,
            masters=[
                cluster_pb2.MasterAddress(id=master_id, grpc=address.grpc, http=address.http)
                for master_id, address in doorkeeper.directory.masters.items()
            ],
        )

    # They write by themselves rather than yielding: so a reader who takes nothing can be given up.
    async def ListAgents(  # type: ignore[override] # noqa: N802 - gRPC's name
        self, request: cluster_pb2.ListAgentsRequest, context: _Context
    ) -> None:
        leading = await self._confirm_leading()

        def begin() -> Listing[cluster_pb2.AgentRow]:
            rows = agent_rows(self._registry_log.state)
            index = self._applied_index
            return Listing(
                (message_of(cluster_pb2.AgentRow, row) for row in rows),
                lambda agents: cluster_pb2.ListAgentsReply(
                    agents=agents, leading=leading, applied_index=index
                ),
            )

        await self._listings.send(context, begin)

    async def ListFrameworks(  # type: ignore[override] # noqa: N802 - gRPC's name
        self, request: cluster_pb2.ListFrameworksRequest, context: _Context
    ) -> None:
        leading = await self._confirm_leading()

        def begin() -> Listing[cluster_pb2.FrameworkRow]:
            rows = framework_rows(self._registry_log.state, completed=request.completed)
            index = self._applied_index
            return Listing(
                (message_of(cluster_pb2.FrameworkRow, row) for row in rows),
                lambda frameworks: cluster_pb2.ListFrameworksReply(
                    frameworks=frameworks, leading=leading, applied_index=index
                ),
            )

        await self._listings.send(context, begin)

    async def ListTasks(  # type: ignore[override] # noqa: N802 - gRPC's name
        self, request: cluster_pb2.ListTasksRequest, context: _Context
    ) -> None:
        leading = await self._confirm_leading()
        framework_id = FrameworkId(request.framework_id) if request.framework_id else None

        def begin() -> Listing[cluster_pb2.TaskRow]:
            rows = task_rows(self._registry_log.state, framework_id, completed=request.completed)
            index = self._applied_index
            return Listing(
                (None if row is None else message_of(cluster_pb2.TaskRow, row) for row in rows),
                lambda tasks: cluster_pb2.ListTasksReply(
                    tasks=tasks, leading=leading, applied_index=index
                ),
            )

        await self._listings.send(context, begin)

    async def ListOffers(  # noqa: N802 - gRPC's name
        self, request: cluster_pb2.ListOffersRequest, context: _Context
    ) -> cluster_pb2.ListOffersReply:
        reign = await self._doorkeeper.reign_or_redirect(context)
        rows = offer_rows(reign.state.ledger)
        return cluster_pb2.ListOffersReply(
            offers=[message_of(cluster_pb2.OfferRow, row) for row in rows]
        )

    async def ProveQuorum(  # noqa: N802 - gRPC's name
        self, request: cluster_pb2.ProveQuorumRequest, context: _Context
    ) -> cluster_pb2.ProveQuorumReply:
        answer = await self._decide(ProveQuorum(), context)
        epoch = self._registry_log.state.epoch
        return cluster_pb2.ProveQuorumReply(index=answer.index, epoch=epoch)

    async def TransferLeadership(  # noqa: N802 - gRPC's name
        self, request: cluster_pb2.TransferLeadershipRequest, context: _Context
    ) -> cluster_pb2.TransferLeadershipReply:
        await self._doorkeeper.reign_or_redirect(context)
        own_id = self._doorkeeper.directory.own_id
        if request.to != own_id:
            outcome = await hand_over(self._doorkeeper.replicated_log, to=request.to or None)
            if outcome is not TransferOutcome.HANDED_OVER:
                code, why = _NOT_HANDED_OVER[outcome]
                await context.abort(code, f"{own_id} has not handed over: {why}")
        leader_id = self._doorkeeper.replicated_log.status().leader_id
        leader = self._doorkeeper.directory.find(leader_id)
        return cluster_pb2.TransferLeadershipReply(
            leader_id=leader_id or "", leader_grpc=leader.grpc if leader else ""
        )

    async def ListMembers(  # noqa: N802 - gRPC's name
        self, request: cluster_pb2.ListMembersRequest, context: _Context
    ) -> cluster_pb2.ListMembersReply:
        return members_reply(self._doorkeeper)

    async def ChangeMembers(  # noqa: N802 - gRPC's name
        self, request: cluster_pb2.ChangeMembersRequest, context: _Context
    ) -> AsyncIterator[cluster_pb2.ChangeMembersProgress]:
        await self._doorkeeper.reign_or_redirect(context)
        async for progress in change_members(self._doorkeeper, request, context):
            yield progress

    async def Teardown(  # noqa: N802 - gRPC's name
        self, request: cluster_pb2.TeardownRequest, context: _Context
    ) -> cluster_pb2.TeardownReply:
        await self._decide(RemoveFramework(FrameworkId(request.framework_id), None), context)
        return cluster_pb2.TeardownReply()

    async def KillTask(  # noqa: N802 - gRPC's name
        self, request: cluster_pb2.OperatorKillTaskRequest, context: _Context
    ) -> cluster_pb2.OperatorKillTaskReply:
        grace_ms = request.grace_ms if request.HasField("grace_ms") else None
        framework_id, task_id = FrameworkId(request.framework_id), TaskId(request.task_id)
        await self._decide(OrderKill(framework_id, task_id, grace_ms), context)
        return cluster_pb2.OperatorKillTaskReply()

    async def PauseTask(  # noqa: N802 - gRPC's name
        self, request: cluster_pb2.OperatorPauseTaskRequest, context: _Context
    ) -> cluster_pb2.OperatorPauseTaskReply:
        key = FrameworkId(request.framework_id), TaskId(request.task_id)
        await self._ask(lambda number: PauseAsked(number, *key, request.paused), context)
        return cluster_pb2.OperatorPauseTaskReply()

    # Writes by itself rather than yielding: so a reader who takes nothing can be given up.
    async def Backup(  # type: ignore[override] # noqa: N802 - gRPC's name
        self, request: cluster_pb2.BackupRequest, context: _Context
    ) -> None:
        leading = False
        if not request.any_master:
            await self._doorkeeper.reign_or_redirect(context)
            leading = await self._confirm_leading()
            if not leading:
                await context.abort(
                    grpc.StatusCode.UNAVAILABLE,
                    "no quorum says that this master still leads; ask again, or any master",
                )
        await self._backing_up.send(context, leading=leading)

    async def _confirm_leading(self) -> bool:
        """Whether the state here holds all that was acknowledged before this call."""
        if self._doorkeeper.leadership.reign is None:
            return False
        return isinstance(await answer_to(self._doorkeeper.replicated_log.read), ReadReady)

    @property
    def _applied_index(self) -> int:
        return self._doorkeeper.replicated_log.status().applied_index

    async def _decide(self, decision: Decision, context: _Context) -> AnswerOperator:
        """Have it committed, or end the call with the reason why not."""
        return await self._ask(lambda number: OperatorAsked(number, decision), context)

    async def _ask(self, event: Callable[[int], LeaderEvent], context: _Context) -> AnswerOperator:
        """Have the leader answer to what is made of the request's number; else as above."""
        reign = await self._doorkeeper.reign_or_redirect(context)
        try:
            answer = await self._questions.ask(reign, event)
        except LeadershipLost as lost:
            await context.abort(grpc.StatusCode.UNAVAILABLE, str(lost))
        if isinstance(answer.outcome, Refused):
            status = _STATUS.get(answer.outcome.reason, grpc.StatusCode.FAILED_PRECONDITION)
            detail = f"{answer.outcome.reason}: {answer.outcome.detail}"
            await context.abort(status, detail)
        return answer
