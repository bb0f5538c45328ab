"""Jobs are done step by step in a thread of their own, which rests in between."""

import asyncio
import threading
from collections.abc import Iterator

from replication.engine.job_thread import JobThread, rest_after
from replication.engine.workbench import Job


class Ends:
    """What is told on the loop."""

    def __init__(self) -> None:
        self.all: asyncio.Queue[tuple[Job, Exception | None, int]] = asyncio.Queue()

    def __call__(self, job: Job, error: Exception | None) -> None:
        self.all.put_nowait((job, error, threading.get_ident()))


def job_of(steps: Iterator[None]) -> Job:
    return Job("count", steps, lambda: None, lambda error: None)


def test_a_job_is_done_beside_the_loop_and_its_end_is_told_on_it() -> None:
    at_work: list[int] = []

    def steps() -> Iterator[None]:
        for _ in range(3):
            at_work.append(threading.get_ident())
            yield

    async def scenario() -> None:
        ends, job = Ends(), job_of(steps())
        thread = JobThread("jobs", ends)
        thread.start(job)
        assert thread.is_busy
        assert await ends.all.get() == (job, None, threading.get_ident())
        await thread.stop()
        assert len(at_work) == 3
        assert threading.get_ident() not in at_work

    asyncio.run(scenario())


def test_what_a_step_raises_is_told() -> None:
    full = OSError("no space")

    async def scenario() -> None:
        ends = Ends()
        thread = JobThread("jobs", ends)
        thread.start(job_of(_raise_at_the_second(full)))
        assert (await ends.all.get())[1] is full
        assert not thread.is_busy
        await thread.stop()

    asyncio.run(scenario())


def _raise_at_the_second(error: OSError) -> Iterator[None]:
    yield
    raise error


def test_a_stop_waits_for_the_step_under_way_and_no_more_are_done() -> None:
    begun, go_on = threading.Event(), threading.Event()
    done: list[int] = []

    def steps() -> Iterator[None]:
        for step in range(3):
            begun.set()
            go_on.wait()
            done.append(step)
            yield

    async def scenario() -> None:
        ends = Ends()
        thread = JobThread("jobs", ends)
        thread.start(job_of(steps()))
        await asyncio.to_thread(begun.wait)
        stopping = asyncio.create_task(thread.stop())
        await asyncio.sleep(0)
        go_on.set()
        await stopping
        assert done == [0]
        assert ends.all.empty()

    asyncio.run(scenario())


def test_it_rests_as_long_as_it_worked_within_bounds() -> None:
    assert rest_after(0.002) == 0.002
    assert rest_after(0.0) == 0.0001
    assert rest_after(3.0) == 0.005
