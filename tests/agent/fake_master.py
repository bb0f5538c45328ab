"""A master in this process: keeps the stream of one agent, and shows what the agent said."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, Self

import grpc.aio

from protos.mesos.v1 import mesos_pb2
from protos.trimast.v1 import agent_link_pb2, agent_link_pb2_grpc, cluster_pb2, cluster_pb2_grpc
from trimast.edge.grpc_server import new_grpc_server, start_grpc_server
from trimast.edge.wire.resources_codec import resources_to_proto
from trimast.edge.wire.status_codec import status_report_from_proto
from trimast.model.resources import Resources
from trimast.model.status_update import StatusUpdate
from trimast.model.task_lifecycle import TaskState

AGENT_ID = "agent-1"
WAIT_MAX_S = 20.0

_Context = grpc.aio.ServicerContext[Any, Any]


class FakeMaster(agent_link_pb2_grpc.AgentLinkServicer):
    """
    Attributes:
        takes_reports: answers every report at once that it is taken.
        said: every message of agents, in order, over all links.
        reports: every report, again and again if it was sent again.
    """

    def __init__(self, *, epoch: int = 1, takes_reports: bool = True) -> None:
        self.epoch = epoch
        self.is_leading = True
        self.takes_reports = takes_reports
        self.send_inventory = False
        self.silence_max_ms = 10_000
        self.turns_away: agent_link_pb2.TurnedAway | None = None
        self.said: list[agent_link_pb2.AgentMessage] = []
        self.reports: list[StatusUpdate] = []
        self.links = 0
        self.port = 0
        self._outbox: asyncio.Queue[agent_link_pb2.MasterMessage | None] = asyncio.Queue()
        self._changed = asyncio.Condition()
        self._server: grpc.aio.Server | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        self._server = server = new_grpc_server()
        agent_link_pb2_grpc.add_AgentLinkServicer_to_server(self, server)
        who_leads = _WhoLeads(self)  # type: ignore[abstract]
        cluster_pb2_grpc.add_ClusterServicer_to_server(who_leads, server)
        self.port = await start_grpc_server(server, host="127.0.0.1", port=self.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def stop(self) -> None:
        if self._server is not None:
            await self._server.stop(None)

    async def Connect(  # noqa: N802 (named in the .proto)
        self,
        request_iterator: AsyncIterator[agent_link_pb2.AgentMessage],
        context: _Context,
    ) -> AsyncIterator[agent_link_pb2.MasterMessage]:
        self.links += 1
        outbox: asyncio.Queue[agent_link_pb2.MasterMessage | None] = asyncio.Queue()
        self._outbox = outbox
        reading = asyncio.create_task(self._read(request_iterator))
        try:
            while (message := await outbox.get()) is not None:
                yield message
        finally:
            reading.cancel()

    def order(self, **what: Any) -> None:
        """Send, for example, `run=...` over the present link."""
        self.send(agent_link_pb2.MasterMessage(epoch=self.epoch, **what))

    def send(self, message: agent_link_pb2.MasterMessage) -> None:
        self._outbox.put_nowait(message)

    def end_link(self) -> None:
        self._outbox.put_nowait(None)

    def run(self, task_id: str, command: str, *, fence: int = 1, **more: Any) -> None:
        self.order(run=agent_link_pb2.RunTasks(tasks=[run_task(task_id, command, fence, **more)]))

    def kill(self, task_id: str, grace_ms: int | None = None) -> None:
        kill = agent_link_pb2.KillTask(framework_id="f", task_id=task_id, grace_ms=grace_ms)
        self.order(kill=agent_link_pb2.KillTasks(tasks=[kill]))

    async def until(self, is_true: Callable[[], bool]) -> None:
        """Waits for what an agent says next, until what it said makes this true."""
        async with asyncio.timeout(WAIT_MAX_S), self._changed:
            await self._changed.wait_for(is_true)

    async def until_reported(self, task_id: str, state: TaskState) -> StatusUpdate:
        def found() -> list[StatusUpdate]:
            return [r for r in self.reports if (r.task_id, r.state) == (task_id, state)]

        await self.until(lambda: bool(found()))
        return found()[-1]

    async def until_welcomed(self, links: int = 1) -> None:
        """The agent is known, over the link of this number."""
        await self.until(lambda: len(self.of_kind("hello")) >= links)

    def of_kind(self, kind: str) -> list[agent_link_pb2.AgentMessage]:
        return [message for message in self.said if message.WhichOneof("what") == kind]

    async def _read(self, messages: AsyncIterator[agent_link_pb2.AgentMessage]) -> None:
        async for message in messages:
            self.said.append(message)
            self._answer(message)
            async with self._changed:
                self._changed.notify_all()

    def _answer(self, message: agent_link_pb2.AgentMessage) -> None:
        if message.HasField("hello"):
            if self.turns_away is not None:
                self.order(turned_away=self.turns_away)
                return
            self.order(
                welcome=agent_link_pb2.Welcome(
                    agent_id=message.hello.agent_id or AGENT_ID,
                    master_id="m-1",
                    silence_max_ms=self.silence_max_ms,
                    send_inventory=self.send_inventory,
                )
            )
        if message.HasField("reports"):
            reports = [status_report_from_proto(report) for report in message.reports.reports]
            self.reports += reports
            if self.takes_reports:
                uuids = [report.uuid for report in reports]
                self.order(taken=agent_link_pb2.ReportsTaken(uuids=uuids))


class _WhoLeads(cluster_pb2_grpc.ClusterServicer):
    def __init__(self, master: FakeMaster) -> None:
        self._master = master

    async def WhoLeads(  # noqa: N802 (named in the .proto)
        self, request: cluster_pb2.WhoLeadsRequest, context: _Context
    ) -> cluster_pb2.WhoLeadsReply:
        master = self._master
        return cluster_pb2.WhoLeadsReply(
            master_id="m-1", leading=master.is_leading, epoch=master.epoch, term=master.epoch
        )


def run_task(
    task_id: str, command: str, fence: int = 1, *, framework_id: str = "f", **more: Any
) -> agent_link_pb2.RunTask:
    return agent_link_pb2.RunTask(
        framework_id=framework_id,
        fence=fence,
        task=mesos_pb2.TaskInfo(
            name=task_id,
            task_id=mesos_pb2.TaskID(value=task_id),
            agent_id=mesos_pb2.AgentID(value=AGENT_ID),
            resources=resources_to_proto(Resources.of({"cpus": 100})),
            command=mesos_pb2.CommandInfo(value=command, **more),
        ),
    )
