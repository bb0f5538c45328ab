"""One drill: tasks that must not notice, and leaders or agents that are killed under them."""

import asyncio
import signal
import time
import uuid
from collections.abc import Callable
from contextlib import AsyncExitStack
from random import Random
from types import TracebackType
from typing import Final, Self

import grpc.aio

from protos.trimast.v1 import cluster_pb2, cluster_pb2_grpc
from trimast.cli.drilling.holder import Holder
from trimast.cli.drilling.report import AgentTrial, Trial
from trimast.cli.drilling.task_ledger import Touched, read_ledger, touched_tasks
from trimast.cli.local_cluster.cluster_file import ClusterFile, Master
from trimast.cli.local_cluster.leader import leader_of
from trimast.cli.local_cluster.lifecycle import StartFailed, kill_member, start_one
from trimast.cli.local_cluster.processes import ProcessMark, launchers_under, send
from trimast.cli.local_cluster.starting import wait_until_it_serves
from trimast.edge.leader_finder import LeaderFinder
from trimast.framework import SchedulerDriver

POLL_S: Final = 0.01
ANSWER_TIMEOUT_S: Final = 0.25
START_TIMEOUT_S: Final = 60.0
TRIAL_TIMEOUT_S: Final = 60.0


class DrillFailed(Exception):
    """The drill could not go on; the text says what it waited for."""


class Drill:
    """
    Args:
        count: of long-running tasks.
        show: is told what is being done.
    """

    def __init__(self, cluster: ClusterFile, count: int, *, show: Callable[[str], None]) -> None:
        self._cluster = cluster
        self._show = show
        self._ledger = cluster.folder / f"drill-{uuid.uuid4().hex[:8]}.ledger"
        self._holder = Holder(count, self._ledger)
        self._driver = SchedulerDriver(self._holder, "drill", cluster.master_addresses)
        self._finder = LeaderFinder(cluster.master_addresses, random=Random())
        self._first: dict[str, ProcessMark] = {}
        self._known = Touched()
        self._random = Random()
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._stack.enter_async_context(self._driver)
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                await self._holder.all_running()
                while not self._all_in_ledger():  # noqa: ASYNC110 - others write that file
                    await asyncio.sleep(POLL_S)
        except TimeoutError:
            await self.__aexit__(None, None, None)
            running, wanted = len(self._holder.running), len(self._holder.names)
            raise DrillFailed(
                f"only {running} of {wanted} tasks run; ended: {self._holder.ended or 'none'}"
            ) from None
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._stack.__aexit__(kind, error, traceback)
        await self._finder.close()
        self._ledger.unlink(missing_ok=True)

    async def trial(self) -> Trial:
        """Kill the leader, measure, and make the cluster whole again.

        Raises:
            DrillFailed: something took longer than a minute.
        """
        leader = await leader_of(self._cluster, START_TIMEOUT_S)
        survivors = [each for each in self._cluster.masters if each.id != leader.id]
        term = await self._term_now()
        waiting_for = "a new leader"
        self._holder.expect_offer()
        self._show(f"killing {leader.id}")
        killed_s = time.monotonic()
        kill_member(self._cluster, leader.id)
        try:
            async with asyncio.timeout(TRIAL_TIMEOUT_S):
                offer_came = asyncio.create_task(self._holder.offer_came())
                new_leader, leader_s = await self._new_leader(survivors, term)
                waiting_for = f"{new_leader.id} to commit a write"
                commit_s = await self._first_commit(new_leader)
                waiting_for = "an offer"
                offer_s = await offer_came
                waiting_for = "the cluster to be whole again"
                self._show(f"{new_leader.id} leads; starting {leader.id} again")
                self._cluster = start_one(self._cluster, leader.id)
                self._cluster = await wait_until_it_serves(self._cluster, TRIAL_TIMEOUT_S)
        except (TimeoutError, StartFailed) as error:
            raise DrillFailed(f"still waiting for {waiting_for}: {error}") from error
        touched = self._newly_touched()
        return Trial(
            kill_to_leader_s=round(leader_s - killed_s, 6),
            kill_to_commit_s=round(commit_s - killed_s, 6),
            kill_to_offer_s=round(offer_s - killed_s, 6),
            tasks_lost=len(touched.lost),
            tasks_doubled=len(touched.doubled),
            tasks_restarted=len(touched.restarted),
        )

    async def agent_trial(self, *, with_launcher: bool) -> AgentTrial:
        """Kill an agent, with its launcher or alone, and start it again.

        Raises:
            DrillFailed: it does not come back within a minute.
        """
        agent = self._random.choice(self._cluster.agents)
        self._show(f"killing {agent.id}")
        killed_s = time.monotonic()
        kill_member(self._cluster, agent.id)
        if with_launcher:
            for launcher in launchers_under(self._cluster.folder / agent.id):
                send(launcher, signal.SIGKILL)
        try:
            self._cluster = start_one(self._cluster, agent.id)
            self._cluster = await wait_until_it_serves(self._cluster, TRIAL_TIMEOUT_S)
        except StartFailed as error:
            raise DrillFailed(f"still waiting for {agent.id} to come back: {error}") from error
        back_s = time.monotonic() - killed_s
        touched = self._newly_touched()
        return AgentTrial(
            round(back_s, 6), len(touched.lost), len(touched.doubled), len(touched.restarted)
        )

    async def _new_leader(self, survivors: list[Master], former_term: int) -> tuple[Master, float]:
        asking = [
            asyncio.create_task(self._until_it_leads(each, former_term)) for each in survivors
        ]
        try:
            done, _ = await asyncio.wait(asking, return_when=asyncio.FIRST_COMPLETED)
            return min((task.result() for task in done), key=lambda found: found[1])
        finally:
            for task in asking:
                task.cancel()

    async def _until_it_leads(self, master: Master, former_term: int) -> tuple[Master, float]:
        while True:
            reply = await self._who_leads(master)
            if reply is not None and reply.leading and reply.term > former_term:
                return master, time.monotonic()
            await asyncio.sleep(POLL_S)

    async def _first_commit(self, leader: Master) -> float:
        """When a write first came through. Another may lead by then."""
        while True:
            stub = self._stub(leader)
            try:
                await stub.ProveQuorum(cluster_pb2.ProveQuorumRequest(), timeout=1)
            except grpc.aio.AioRpcError:
                await asyncio.sleep(POLL_S)
                leader = await leader_of(self._cluster, TRIAL_TIMEOUT_S)
            else:
                return time.monotonic()

    async def _term_now(self) -> int:
        """Opens the connections too: they are not what is measured."""
        replies = await asyncio.gather(*(self._who_leads(each) for each in self._cluster.masters))
        return max((reply.term for reply in replies if reply is not None), default=0)

    async def _who_leads(self, master: Master) -> cluster_pb2.WhoLeadsReply | None:
        request = cluster_pb2.WhoLeadsRequest()
        try:
            return await self._stub(master).WhoLeads(request, timeout=ANSWER_TIMEOUT_S)
        except grpc.aio.AioRpcError:
            return None

    def _stub(self, master: Master) -> cluster_pb2_grpc.ClusterStub:
        return cluster_pb2_grpc.ClusterStub(self._finder.channel(master.grpc))

    def _all_in_ledger(self) -> bool:
        starts = read_ledger(self._ledger)
        self._first = {name: starts[name][-1] for name in self._holder.names if name in starts}
        return len(self._first) == len(self._holder.names)

    def _newly_touched(self) -> Touched:
        found = touched_tasks(self._first, read_ledger(self._ledger))
        # A master that says of a living task that it has ended has lost it as well.
        lost = found.lost | frozenset(self._holder.ended)
        known, self._known = self._known, Touched(lost, found.doubled, found.restarted)
        return Touched(
            lost - known.lost,
            found.doubled - known.doubled,
            found.restarted - known.restarted,
        )
