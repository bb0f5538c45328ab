"""Who leads? Asks every master at once, until one of them says that it does."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Final

import grpc.aio

from protos.trimast.v1 import cluster_pb2, cluster_pb2_grpc
from trimast.edge.clock import monotonic_ms
from trimast.edge.grpc_channel import open_channel
from trimast.model.backoff import retry_delay_ms
from trimast.model.ids import MasterId

ASK_TIMEOUT_S: Final = 0.5
SECOND_OPINION_S: Final = 0.02
"""After one says "I lead", how long another may take to say it of a later epoch."""
FIRST_WAIT_MS: Final = 50
EAGER_WAIT_MS: Final = 100
MOST_WAIT_MS: Final = 500
EAGER_ROUNDS: Final = 40
"""Rounds of at most EAGER_WAIT_MS while masters answer: an election is soon over."""
ADDRESSES_MAX: Final = 32


@dataclass(frozen=True, slots=True)
class LeaderAddress:
    """
    Attributes:
        grpc, http: `host:port` each; `http` may be empty.
    """

    master_id: MasterId
    grpc: str
    http: str
    epoch: int = 0


class NoLeader(Exception):
    """
    Attributes:
        answers: what each master said last, by its address.
    """

    def __init__(self, answers: Mapping[str, str]) -> None:
        told = "; ".join(f"{address} {answer}" for address, answer in answers.items())
        super().__init__(f"no master leads: {told or 'no master has been asked'}")
        self.answers = dict(answers)


class LeaderFinder:
    """Keeps one channel a master, and learns of further masters from those it knows.

    Args:
        addresses: `host:port` of the gRPC side of any masters, at least one.
        random: spreads the retries of many.
    """

    def __init__(self, addresses: Iterable[str], *, random: Random) -> None:
        self._known = list(dict.fromkeys(addresses))
        if not self._known:
            raise ValueError("name at least one master, like 127.0.0.1:5052")
        self._random = random
        self._channels: dict[str, grpc.aio.Channel] = {}
        self._answers: dict[str, str] = {}

    @property
    def addresses(self) -> tuple[str, ...]:
        """Every master known by now."""
        return tuple(self._known)

    def channel(self, address: str) -> grpc.aio.Channel:
        """Ours to close: it is shared with whoever else talks to that master."""
        if address not in self._channels:
            self._channels[address] = open_channel(address)
        return self._channels[address]

    async def find(self, timeout_s: float | None = None, *, epoch_min: int = 0) -> LeaderAddress:
        """The leader, as soon as there is one.

        Args:
            timeout_s: None looks for ever.
            epoch_min: who leads an earlier epoch has been deposed, and does not know it yet.

        Raises:
            NoLeader: the time is up; says what each master answered.
        """
        end_ms = None if timeout_s is None else monotonic_ms() + round(timeout_s * 1000)
        rounds = 0
        while True:
            left_s = None if end_ms is None else (end_ms - monotonic_ms()) / 1000
            if left_s is not None and left_s <= 0 and rounds:
                raise NoLeader(self._answers)
            leader = await self._ask_all(_at_most(ASK_TIMEOUT_S, left_s), epoch_min)
            if leader is not None:
                return leader
            wait_s = self._wait_ms(rounds) / 1000
            await asyncio.sleep(_at_most(wait_s, left_s))
            rounds += 1

    async def close(self) -> None:
        channels, self._channels = self._channels, {}
        for channel in channels.values():
            await channel.close()

    def _wait_ms(self, rounds: int) -> int:
        anyone_there = any("knows" in answer for answer in self._answers.values())
        eager = anyone_there and rounds < EAGER_ROUNDS
        return retry_delay_ms(
            rounds,
            self._random,
            first_ms=FIRST_WAIT_MS,
            most_ms=EAGER_WAIT_MS if eager else MOST_WAIT_MS,
        )

    async def _ask_all(self, timeout_s: float, epoch_min: int) -> LeaderAddress | None:
        """One round. Does not wait for the slow once one of them leads."""
        asked = {a: asyncio.create_task(self._ask(a, timeout_s)) for a in self._known}
        leaders: list[LeaderAddress] = []
        waiting = set(asked.values())
        try:
            while waiting:
                patience_s = SECOND_OPINION_S if leaders else None
                done, waiting = await asyncio.wait(
                    waiting, timeout=patience_s, return_when=asyncio.FIRST_COMPLETED
                )
                if not done:
                    break
                for task in done:
                    reply = task.result()
                    if reply is None:
                        continue
                    if reply.leading and reply.epoch >= epoch_min:
                        leaders.append(_leader_of(asked, task, reply))
                    for address in self._learn(reply):
                        asked[address] = asyncio.create_task(self._ask(address, timeout_s))
                        waiting.add(asked[address])
        finally:
            for task in waiting:
                task.cancel()
        return max(leaders, key=lambda leader: leader.epoch, default=None)

    async def _ask(self, address: str, timeout_s: float) -> cluster_pb2.WhoLeadsReply | None:
        stub = cluster_pb2_grpc.ClusterStub(self.channel(address))
        try:
            reply = await stub.WhoLeads(cluster_pb2.WhoLeadsRequest(), timeout=timeout_s)
        except grpc.aio.AioRpcError as error:
            self._answers[address] = f"cannot be reached ({error.code().name})"
            return None
        self._answers[address] = _told(reply)
        return reply

    def _learn(self, reply: cluster_pb2.WhoLeadsReply) -> list[str]:
        """The addresses in `reply` that are new."""
        named = [*(master.grpc for master in reply.masters), reply.leader_grpc]
        new = [a for a in dict.fromkeys(named) if a and a not in self._known]
        new = new[: max(0, ADDRESSES_MAX - len(self._known))]
        self._known += new
        return new


def _leader_of(
    asked: Mapping[str, "asyncio.Task[cluster_pb2.WhoLeadsReply | None]"],
    task: "asyncio.Task[cluster_pb2.WhoLeadsReply | None]",
    reply: cluster_pb2.WhoLeadsReply,
) -> LeaderAddress:
    # The address that answered is one that surely works from here.
    address = next(address for address, asking in asked.items() if asking is task)
    return LeaderAddress(MasterId(reply.master_id), address, reply.leader_http, reply.epoch)


def _told(reply: cluster_pb2.WhoLeadsReply) -> str:
    if reply.leading:
        return f"is {reply.master_id} and knows itself to lead epoch {reply.epoch}"
    whom = f"{reply.leader_id} to lead" if reply.leader_id else "no leader"
    return f"is {reply.master_id} and knows {whom} (term {reply.term})"


def _at_most(wanted_s: float, left_s: float | None) -> float:
    return wanted_s if left_s is None else max(0.001, min(wanted_s, left_s))
