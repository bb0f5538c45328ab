"""A master that says only what a test tells it to, on a real port."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any, Self

import grpc.aio

from protos.mesos.v1 import mesos_pb2
from protos.mesos.v1.scheduler.scheduler_pb2 import Call, Event
from protos.trimast.v1 import (
    cluster_pb2,
    cluster_pb2_grpc,
    scheduler_link_pb2_grpc,
)
from protos.trimast.v1.scheduler_link_pb2 import Calls, Events
from trimast.edge.wire.offer_codec import offer_to_proto
from trimast.edge.wire.status_codec import status_to_proto
from trimast.model.ids import AgentId, FrameworkId, OfferId, TaskId
from trimast.model.offer import Offer
from trimast.model.resources import Resources
from trimast.model.status_update import StatusReason, StatusSource, StatusUpdate
from trimast.model.task_lifecycle import TaskState

WAIT_S = 5.0
FRAMEWORK = FrameworkId("framework-1")
AGENT = AgentId("agent-1")


class FakeStream:
    """One subscription, seen from the master's side.

    Attributes:
        calls_together: how many calls each message had.
    """

    def __init__(self) -> None:
        self.calls_together: list[int] = []
        self._calls: asyncio.Queue[Call] = asyncio.Queue()
        self._events: asyncio.Queue[Event | None] = asyncio.Queue()
        self.closed = asyncio.Event()

    async def next(self, kind: "Call.Type.ValueType") -> Call:
        """The next call of this kind; those before it are passed over."""
        async with asyncio.timeout(WAIT_S):
            while True:
                call = await self._calls.get()
                if call.type == kind:
                    return call

    async def next_of_all(self) -> Call:
        async with asyncio.timeout(WAIT_S):
            return await self._calls.get()

    def subscribed(self, heartbeat_s: float = 15.0) -> None:
        event = Event(type=Event.SUBSCRIBED)
        event.subscribed.framework_id.value = FRAMEWORK
        event.subscribed.heartbeat_interval_seconds = heartbeat_s
        self._events.put_nowait(event)

    def offer(self, *names: str) -> None:
        event = Event(type=Event.OFFERS)
        event.offers.offers.extend(offer_to_proto(an_offer(name)) for name in names)
        self._events.put_nowait(event)

    def rescind(self, name: str) -> None:
        event = Event(type=Event.RESCIND)
        event.rescind.offer_id.value = name
        self._events.put_nowait(event)

    def update(self, update: StatusUpdate) -> None:
        event = Event(type=Event.UPDATE)
        event.update.status.CopyFrom(status_to_proto(update))
        self._events.put_nowait(event)

    def refuse(self, message: str) -> None:
        event = Event(type=Event.ERROR)
        event.error.message = message
        self._events.put_nowait(event)

    def end(self) -> None:
        self._events.put_nowait(None)

    async def serve(self, requests: AsyncIterator[Calls]) -> AsyncIterator[Events]:
        reading = asyncio.create_task(self._read(requests))
        try:
            while (event := await self._events.get()) is not None:
                yield Events(events=[event])
        finally:
            reading.cancel()
            self.closed.set()

    async def _read(self, requests: AsyncIterator[Calls]) -> None:
        async for calls in requests:
            self.calls_together.append(len(calls.calls))
            for call in calls.calls:
                self._calls.put_nowait(call)
                if call.type == Call.TEARDOWN:
                    self.end()


class FakeMaster(scheduler_link_pb2_grpc.SchedulerLinkServicer):
    """
    Attributes:
        leads: what it says when asked, and whether it takes subscriptions.
        peers: further masters that it names.
        torn_down: the frameworks that `Cluster.Teardown` was called for.
    """

    def __init__(self, name: str = "m1", *, leads: bool = True) -> None:
        self.name = name
        self.leads = leads
        self.epoch = 1
        self.peers: list[FakeMaster] = []
        self.torn_down: list[str] = []
        self.address = ""
        self.cluster = FakeCluster(self)
        self._streams: asyncio.Queue[FakeStream] = asyncio.Queue()
        self._server = grpc.aio.server()

    async def __aenter__(self) -> Self:
        scheduler_link_pb2_grpc.add_SchedulerLinkServicer_to_server(self, self._server)
        cluster_pb2_grpc.add_ClusterServicer_to_server(self.cluster, self._server)
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        await self._server.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._server.stop(None)

    async def stream(self) -> FakeStream:
        """The next subscription that comes."""
        async with asyncio.timeout(WAIT_S):
            return await self._streams.get()

    def Subscribe(self, request_iterator: Any, context: Any) -> Any:  # noqa: N802
        raise NotImplementedError("the driver converses")

    async def Converse(  # noqa: N802
        self,
        request_iterator: AsyncIterator[Calls],
        context: grpc.aio.ServicerContext[AsyncIterator[Calls], AsyncIterator[Events]],
    ) -> AsyncIterator[Events]:
        if not self.leads:
            await context.abort(grpc.StatusCode.FAILED_PRECONDITION, "not leading")
        stream = FakeStream()
        self._streams.put_nowait(stream)
        async for events in stream.serve(request_iterator):
            yield events


Unary = Callable[[Any, Any], Awaitable[Any]]


class FakeCluster(cluster_pb2_grpc.ClusterServicer):
    """Answers with the rows that a test put there."""

    def __init__(self, master: FakeMaster) -> None:
        self._master = master
        self.agents: list[cluster_pb2.AgentRow] = []
        self.frameworks: list[cluster_pb2.FrameworkRow] = []
        self.tasks: list[cluster_pb2.TaskRow] = []
        self.offers: list[cluster_pb2.OfferRow] = []
        self.killed: list[str] = []
        self.paused: list[tuple[str, bool]] = []
        self.backup: list[cluster_pb2.BackupReply] = []
        self.members = {"m1": "a:1/b:2/c:3", "m2": "a:4/b:5/c:6"}
        self.configuration = 1
        self.changes_to_lose = 0

    async def ListMembers(self, _request: Any, _context: Any) -> cluster_pb2.ListMembersReply:  # noqa: N802
        rows = [
            cluster_pb2.Member(
                id=name,
                disk_id="1234567890",
                **dict(zip(("raft", "grpc", "http"), where.split("/"), strict=True)),
            )
            for name, where in self.members.items()
        ]
        return cluster_pb2.ListMembersReply(
            configuration=self.configuration,
            members=rows,
            learners=[cluster_pb2.Learner(id="m2", lacks=12)],
        )

    async def ChangeMembers(  # noqa: N802
        self, request: cluster_pb2.ChangeMembersRequest, context: Any
    ) -> AsyncIterator[cluster_pb2.ChangeMembersProgress]:
        if self.changes_to_lose:
            self.changes_to_lose -= 1
            await context.abort(grpc.StatusCode.UNAVAILABLE, "leadership was lost meanwhile")
        for name in request.remove:
            if name not in self.members:
                await context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"{name} is no member")
            del self.members[name]
        for new in request.add:
            yield cluster_pb2.ChangeMembersProgress(
                learners=[cluster_pb2.Learner(id=new.id, lacks=7)]
            )
            self.members[new.id] = f"{new.raft}/{new.grpc}/{new.http}"
        self.configuration += 1
        members = [cluster_pb2.Member(id=name, grpc=self._master.address) for name in self.members]
        done = cluster_pb2.ListMembersReply(configuration=self.configuration, members=members)
        yield cluster_pb2.ChangeMembersProgress(done=done)

    async def WhoLeads(  # noqa: N802
        self, _request: cluster_pb2.WhoLeadsRequest, _context: Any
    ) -> cluster_pb2.WhoLeadsReply:
        everyone = [self._master, *self._master.peers]
        leader = next((master for master in everyone if master.leads), None)
        return cluster_pb2.WhoLeadsReply(
            master_id=self._master.name,
            leading=self._master.leads,
            leader_id=leader.name if leader else "",
            leader_grpc=leader.address if leader else "",
            term=3,
            epoch=self._master.epoch,
            commit_index=7,
            applied_index=7,
            masters=[cluster_pb2.MasterAddress(id=m.name, grpc=m.address) for m in everyone],
        )

    # One row a portion: whoever reads one portion only is found out.
    async def ListAgents(  # noqa: N802
        self, _request: Any, _context: Any
    ) -> AsyncIterator[cluster_pb2.ListAgentsReply]:
        for rows in [[row] for row in self.agents] or [[]]:
            yield cluster_pb2.ListAgentsReply(agents=rows, leading=True)

    async def ListFrameworks(  # noqa: N802
        self, _request: Any, _context: Any
    ) -> AsyncIterator[cluster_pb2.ListFrameworksReply]:
        for rows in [[row] for row in self.frameworks] or [[]]:
            yield cluster_pb2.ListFrameworksReply(frameworks=rows, leading=True)

    async def ListTasks(  # noqa: N802
        self, request: cluster_pb2.ListTasksRequest, _context: Any
    ) -> AsyncIterator[cluster_pb2.ListTasksReply]:
        found = [
            row
            for row in self.tasks
            if not request.framework_id or row.framework_id == request.framework_id
        ]
        for rows in [[row] for row in found] or [[]]:
            yield cluster_pb2.ListTasksReply(tasks=rows, leading=True)

    async def ListOffers(self, _request: Any, _context: Any) -> cluster_pb2.ListOffersReply:  # noqa: N802
        return cluster_pb2.ListOffersReply(offers=self.offers)

    async def ProveQuorum(self, _request: Any, _context: Any) -> cluster_pb2.ProveQuorumReply:  # noqa: N802
        return cluster_pb2.ProveQuorumReply(index=8, epoch=self._master.epoch)

    async def TransferLeadership(  # noqa: N802
        self, request: cluster_pb2.TransferLeadershipRequest, context: Any
    ) -> cluster_pb2.TransferLeadershipReply:
        if request.to == "unknown":
            await context.abort(grpc.StatusCode.NOT_FOUND, "there is no such master")
        return cluster_pb2.TransferLeadershipReply(leader_id=request.to or "m2")

    async def Teardown(  # noqa: N802
        self, request: cluster_pb2.TeardownRequest, context: Any
    ) -> cluster_pb2.TeardownReply:
        if request.framework_id == "unknown":
            await context.abort(grpc.StatusCode.NOT_FOUND, "framework 'unknown' is not known")
        self._master.torn_down.append(request.framework_id)
        return cluster_pb2.TeardownReply()

    async def KillTask(  # noqa: N802
        self, request: cluster_pb2.OperatorKillTaskRequest, _context: Any
    ) -> cluster_pb2.OperatorKillTaskReply:
        self.killed.append(request.task_id)
        return cluster_pb2.OperatorKillTaskReply()

    async def PauseTask(  # noqa: N802
        self, request: cluster_pb2.OperatorPauseTaskRequest, _context: Any
    ) -> cluster_pb2.OperatorPauseTaskReply:
        self.paused.append((request.task_id, request.paused))
        return cluster_pb2.OperatorPauseTaskReply()

    async def Backup(  # noqa: N802
        self, _request: cluster_pb2.BackupRequest, _context: Any
    ) -> AsyncIterator[cluster_pb2.BackupReply]:
        for part in self.backup:
            yield part


def an_offer(name: str) -> Offer:
    return Offer(
        offer_id=OfferId(name),
        framework_id=FRAMEWORK,
        agent_id=AGENT,
        resources=Resources.of({"cpus": 4000, "mem": 4_096_000}),
        hostname="localhost",
        http_port=1,
    )


def an_update(
    task: str,
    state: TaskState,
    uuid: bytes = b"",
    reason: StatusReason | None = None,
    exit_code: int | None = None,
) -> StatusUpdate:
    """A report that is committed if it has a uuid; else an answer to a reconciliation."""
    return StatusUpdate(
        framework_id=FRAMEWORK,
        task_id=TaskId(task),
        agent_id=AGENT,
        state=state,
        source=StatusSource.EXECUTOR if uuid else StatusSource.MASTER,
        timestamp_ms=1_000,
        uuid=uuid,
        reason=reason if uuid or reason else StatusReason.RECONCILIATION,
        exit_code=exit_code,
    )


def uuid(number: int) -> bytes:
    return number.to_bytes(16, "big")


def run(story: Coroutine[Any, Any, None]) -> None:
    async def with_an_end() -> None:
        async with asyncio.timeout(20):
            await story

    asyncio.run(with_an_end())


def offer_ids(call: Call) -> list[str]:
    ids: list[mesos_pb2.OfferID] = [*call.accept.offer_ids, *call.decline.offer_ids]
    return [offer_id.value for offer_id in ids]
