"""A loop that is held up is seen in the metrics."""

import asyncio

from prometheus_client import CollectorRegistry

from tests.virtual_time_loop import VirtualTimeLoop
from trimast.edge.loop_watch import LoopWatch

PERIOD_S = 0.025


def late(registry: CollectorRegistry, le: str) -> float:
    found = registry.get_sample_value("trimast_event_loop_late_seconds_bucket", {"le": le})
    assert found is not None
    return found


def test_a_loop_that_is_held_up_is_late() -> None:
    registry = CollectorRegistry()

    async def story() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualTimeLoop)
        watch = LoopWatch(registry, period_s=PERIOD_S)
        await asyncio.sleep(10.5 * PERIOD_S)
        assert late(registry, "0.001") == 10
        loop.hold_up(0.3)
        await asyncio.sleep(2 * PERIOD_S)
        assert late(registry, "0.25") == late(registry, "+Inf") - 1
        watch.stop()
        seen = late(registry, "+Inf")
        await asyncio.sleep(1)
        assert late(registry, "+Inf") == seen

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(story())
