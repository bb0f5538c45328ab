"""A master that stops tries to hand over, and never waits for long."""

import asyncio
from collections.abc import Callable

from master.edge.handing_over import hand_over, hand_over_before_stop
from replication.in_memory import InMemoryLog
from replication.replicated_log import TransferOutcome
from tests.replication.real_cluster import Recorder
from tests.virtual_time_loop import run_in_virtual_time


def log_that_is_led(later: Callable[[Callable[[], None]], object]) -> InMemoryLog:
    recorder = Recorder()
    log = InMemoryLog(recorder, recorder, later=later)
    log.gain_leadership()
    return log


def test_the_outcome_is_awaited() -> None:
    async def story() -> None:
        log = log_that_is_led(asyncio.get_running_loop().call_soon)
        assert await hand_over(log, to="m9") is TransferOutcome.UNKNOWN_REPLICA
        assert await hand_over_before_stop(log, within_s=1.0) is TransferOutcome.OUT_OF_REACH
        log.lose_leadership()
        assert await hand_over_before_stop(log, within_s=1.0) is TransferOutcome.NOT_LEADING

    run_in_virtual_time(story())


def test_a_log_that_says_nothing_is_not_waited_for() -> None:
    async def story() -> None:
        log = log_that_is_led(lambda turn: None)
        assert await hand_over_before_stop(log, within_s=1.0) is TransferOutcome.NOT_IN_TIME

    run_in_virtual_time(story())
