import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from agent.edge.fetcher.stopping import Stop, Stopped, run_stoppable


def test_cancelled_it_has_ended_before_its_caller_has() -> None:
    stop, begun, ended = Stop(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        try:
            while True:
                stop.check()
        except Stopped:
            ended.set()
            raise

    async def main() -> None:
        with ThreadPoolExecutor(1) as pool:
            running = asyncio.create_task(run_stoppable(pool, stop, work))
            await asyncio.to_thread(begun.wait)
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
            assert ended.is_set()

    asyncio.run(main())
