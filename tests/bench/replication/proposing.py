"""Load from inside the leader's process: each outcome makes room for the next proposal."""

import asyncio
import time
from typing import Final

from replication.replicated_log import Committed, ProposalOutcome, ReplicatedLog

_PAUSE_S: Final = 0.005


class Proposing:
    """As many proposals under way as `outstanding`, until `seconds` are over or `count` made.

    Args:
        seconds: what is answered later than this counts in no number.
        count: proposals to make at most; None: no bound but the time.
    """

    def __init__(
        self,
        log: ReplicatedLog,
        *,
        outstanding: int,
        seconds: float,
        size_bytes: int,
        count: int | None = None,
    ) -> None:
        self._log = log
        self._outstanding = outstanding
        self._seconds = seconds
        self._command = b"x" * size_bytes
        self._left = count
        self._open = 0
        self._ends_s = 0.0
        self._done = asyncio.get_running_loop().create_future()
        self.latencies_s: list[float] = []
        self.failed = 0
        self.took_s = 0.0

    async def run(self) -> None:
        began_s = time.perf_counter()
        self._ends_s = began_s + self._seconds
        for _ in range(self._outstanding):
            self._propose()
        await self._done
        self.took_s = min(time.perf_counter() - began_s, self._seconds)

    def _propose(self) -> None:
        if self._left is not None:
            if self._left == 0:
                self._end_if_all_answered()
                return
            self._left -= 1
        self._open += 1
        began_s = time.perf_counter()

        def answered(outcome: ProposalOutcome) -> None:
            now_s = time.perf_counter()
            self._open -= 1
            if not isinstance(outcome, Committed):
                self.failed += 1
                asyncio.get_running_loop().call_later(_PAUSE_S, self._go_on)
                return
            if now_s <= self._ends_s:
                self.latencies_s.append(now_s - began_s)
            self._go_on()

        self._log.propose(self._command, answered)

    def _go_on(self) -> None:
        if time.perf_counter() < self._ends_s:
            self._propose()
        else:
            self._end_if_all_answered()

    def _end_if_all_answered(self) -> None:
        if self._open == 0 and not self._done.done():
            self._done.set_result(None)
