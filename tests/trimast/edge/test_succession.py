"""Succession: a leader that falls silent is asked about, and left only for a later one."""

import asyncio
from random import Random

import pytest

from tests.trimast.edge.cluster_of_fakes import master
from tests.virtual_time_loop import run_in_virtual_time
from trimast.edge.leader_finder import LeaderFinder
from trimast.edge.succession import Pulse, successor


def test_a_pulse_is_overdue_a_little_after_its_interval() -> None:
    async def story() -> None:
        now_s = asyncio.get_running_loop().time
        pulse = Pulse(interval_s=10.0)
        await asyncio.sleep(9)
        pulse.beat(interval_s=5.0)
        waiting = asyncio.create_task(pulse.overdue())
        await asyncio.sleep(5)
        pulse.beat()
        await waiting
        assert now_s() == pytest.approx(9 + 5 + 6)

    run_in_virtual_time(story())


def test_a_silent_leader_is_left_for_the_leader_of_a_later_epoch() -> None:
    async def story() -> None:
        async with master(master_id="m1", leading=True, epoch=3) as fake:
            finder = LeaderFinder([fake.address], random=Random(1))
            async with asyncio.timeout(10):
                looking = asyncio.create_task(successor(finder, Pulse(0.001), epoch=3))
                while fake.asked < 2:  # noqa: ASYNC110 - the fake only counts
                    await asyncio.sleep(0.01)
                # It says that it leads, but that is the leader we know.
                assert not looking.done()
                fake.reply.epoch = 4
                assert (await looking).epoch == 4
            await finder.close()

    asyncio.run(story())
