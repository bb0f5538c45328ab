"""Giving leadership away on purpose: before a stop, or because an operator says so."""

import asyncio

from replication.replicated_log import ReplicatedLog, TransferOutcome


async def hand_over(replicated_log: ReplicatedLog, *, to: str | None = None) -> TransferOutcome:
    """Returns within one election timeout, unless the log has come to its fatal end."""
    outcome: asyncio.Future[TransferOutcome] = asyncio.get_running_loop().create_future()

    def told(transfer: TransferOutcome) -> None:
        if not outcome.done():  # Nobody may be waiting any more.
            outcome.set_result(transfer)

    replicated_log.transfer_leadership(to, told)
    return await outcome


async def hand_over_before_stop(replicated_log: ReplicatedLog, *, within_s: float) -> str:
    """What became of it. A master that does not lead has nothing to do."""
    if not replicated_log.status().leading:
        return TransferOutcome.NOT_LEADING
    try:
        async with asyncio.timeout(within_s):
            return await hand_over(replicated_log)
    except TimeoutError:
        return TransferOutcome.NOT_IN_TIME
