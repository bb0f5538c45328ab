"""Giving leadership away on purpose: before a stop, or because an operator says so."""

import asyncio
from functools import partial

from master.edge.asking import answer_to
from replication.replicated_log import ReplicatedLog, TransferOutcome


async def hand_over(replicated_log: ReplicatedLog, *, to: str | None = None) -> TransferOutcome:
    """Returns within one election timeout, unless the log has come to its fatal end."""
    return await answer_to(partial(replicated_log.transfer_leadership, to))


async def hand_over_before_stop(replicated_log: ReplicatedLog, *, within_s: float) -> str:
    """What became of it. A master that does not lead has nothing to do."""
    if not replicated_log.status().leading:
        return TransferOutcome.NOT_LEADING
    try:
        async with asyncio.timeout(within_s):
            return await hand_over(replicated_log)
    except TimeoutError:
        return TransferOutcome.NOT_IN_TIME
