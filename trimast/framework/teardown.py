"""Tells a leader that a framework is at its end, until a leader has said that it is."""

import asyncio
from random import Random
from typing import Final

import grpc.aio

from protos.trimast.v1 import cluster_pb2, cluster_pb2_grpc
from trimast.edge.clock import monotonic_ms
from trimast.edge.leader_finder import LeaderFinder
from trimast.model.backoff import retry_delay_ms
from trimast.model.ids import FrameworkId

ANSWER_TIMEOUT_S: Final = 3.0


async def tear_down(
    finder: LeaderFinder, framework_id: FrameworkId, timeout_ms: int, random: Random
) -> None:
    """Doing it twice does no harm: an unknown framework is at its end too.

    Raises:
        NoLeader: the time is up.
    """
    end_ms = monotonic_ms() + timeout_ms
    attempt = 0
    while True:
        leader = await finder.find(max(0, end_ms - monotonic_ms()) / 1000)
        stub = cluster_pb2_grpc.ClusterStub(finder.channel(leader.grpc))
        try:
            await stub.Teardown(
                cluster_pb2.TeardownRequest(framework_id=framework_id), timeout=ANSWER_TIMEOUT_S
            )
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.NOT_FOUND:
                return
        else:
            return
        await asyncio.sleep(retry_delay_ms(attempt, random, first_ms=50, most_ms=500) / 1000)
        attempt += 1
