import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

import pytest

from protos.trimast.v1 import cluster_pb2
from tests.trimast.edge.cluster_of_fakes import master
from trimast.edge.clock import monotonic_ms
from trimast.edge.leader_finder import LeaderAddress, LeaderFinder, NoLeader
from trimast.model.ids import MasterId

NOBODY = "127.0.0.1:1"


@asynccontextmanager
async def finder(*addresses: str) -> AsyncIterator[LeaderFinder]:
    finder = LeaderFinder(addresses, random=Random(1))
    try:
        yield finder
    finally:
        await finder.close()


def test_the_one_that_leads_is_found_among_others_and_the_dead() -> None:
    async def main() -> None:
        async with (
            master(master_id="m-1") as first,
            master(master_id="m-2", leading=True, epoch=4, leader_http="h:1") as second,
            finder(NOBODY, first.address, second.address) as finding,
        ):
            leader = await finding.find(5)
            assert leader == LeaderAddress(MasterId("m-2"), second.address, "h:1", 4)

    asyncio.run(main())


def test_of_two_that_claim_it_the_later_epoch_is_believed() -> None:
    async def main() -> None:
        async with (
            master(master_id="old", leading=True, epoch=4) as old,
            master(master_id="new", leading=True, epoch=5) as new,
            finder(old.address, new.address) as finding,
        ):
            assert (await finding.find(5)).master_id == "new"

    asyncio.run(main())


def test_who_leads_an_epoch_that_is_over_is_not_believed() -> None:
    async def main() -> None:
        async with (
            master(master_id="old", leading=True, epoch=4) as old,
            finder(old.address) as finding,
        ):
            with pytest.raises(NoLeader, match="is old and knows itself to lead epoch 4"):
                await finding.find(0.2, epoch_min=5)

    asyncio.run(main())


def test_masters_name_other_masters() -> None:
    async def main() -> None:
        async with master(master_id="m-2", leading=True, epoch=1) as second:
            others = [cluster_pb2.MasterAddress(id="m-2", grpc=second.address)]
            async with (
                master(master_id="m-1", masters=others) as first,
                finder(first.address) as finding,
            ):
                assert (await finding.find(5)).master_id == "m-2"
                assert finding.addresses == (first.address, second.address)

    asyncio.run(main())


def test_a_leader_elected_later_is_found_soon() -> None:
    async def main() -> None:
        async with master(master_id="m-1") as first, finder(first.address) as finding:
            asyncio.get_running_loop().call_later(
                0.5, first.reply.MergeFrom, cluster_pb2.WhoLeadsReply(leading=True, epoch=2)
            )
            began_ms = monotonic_ms()
            assert (await finding.find(5)).epoch == 2
            # At most 100 ms between two questions; the rest is for a busy machine.
            assert 500 <= monotonic_ms() - began_ms < 1_500
            assert first.asked < 20

    asyncio.run(main())


def test_a_master_that_answers_nobody_is_not_waited_for() -> None:
    async def main() -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            port = silent.getsockname()[1]
            await find_beside(f"127.0.0.1:{port}")

    async def find_beside(silent: str) -> None:
        async with (
            master(master_id="m-1", leading=True, epoch=1) as first,
            finder(silent, first.address) as finding,
        ):
            began_ms = monotonic_ms()
            await finding.find(5)
            assert monotonic_ms() - began_ms < 450

    asyncio.run(main())


def test_when_the_time_is_up_it_tells_what_each_master_said() -> None:
    async def main() -> None:
        async with (
            master(master_id="m-1", term=3) as first,
            master(master_id="m-2", leader_id="m-9", term=3) as second,
            finder(NOBODY, first.address, second.address) as finding,
        ):
            with pytest.raises(NoLeader) as error:
                await finding.find(0.3)
            assert error.value.answers == {
                NOBODY: "cannot be reached (UNAVAILABLE)",
                first.address: "is m-1 and knows no leader (term 3)",
                second.address: "is m-2 and knows m-9 to lead (term 3)",
            }

    asyncio.run(main())


def test_without_any_address_there_is_nobody_to_ask() -> None:
    with pytest.raises(ValueError, match="name at least one master"):
        LeaderFinder([], random=Random(1))
