"""What tasks use is read as often as anybody looks at it."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress

from agent.edge.containerizer.usage import TaskUsage
from agent.edge.usage_metrics import ROUNDS_UNSEEN_MOST, SAMPLE_EVERY_S, UsageMetrics
from tests.virtual_time_loop import run_in_virtual_time

ROUNDS = 60


def samples_taken(*, scraped_each: int | None) -> int:
    """In so many rounds, of which each so many is scraped."""
    taken = 0
    metrics = UsageMetrics(lambda: True)

    async def usage() -> Mapping[int, TaskUsage]:
        nonlocal taken
        taken += 1
        return {}

    async def main() -> None:
        keeping = asyncio.create_task(metrics.keep_sampling(usage))
        for number in range(ROUNDS):
            await asyncio.sleep(SAMPLE_EVERY_S)
            if scraped_each is not None and number % scraped_each == 0:
                list(metrics.collect())
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await keeping

    run_in_virtual_time(main())
    return taken


def test_whoever_scrapes_now_and_then_finds_it_fresh() -> None:
    assert samples_taken(scraped_each=3) >= ROUNDS - 1


def test_with_nobody_there_it_is_read_now_and_then() -> None:
    assert ROUNDS // ROUNDS_UNSEEN_MOST <= samples_taken(scraped_each=None) <= ROUNDS // 3
