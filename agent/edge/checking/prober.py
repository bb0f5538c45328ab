"""Runs the tries of checks, each within its time, and tells what came of it."""

import asyncio
from collections.abc import Callable
from typing import Final

import aiohttp

from agent.checks.effects import RunProbe
from agent.checks.events import ProbeEnded
from agent.edge.checking.command_probe import run_command
from agent.edge.containerizer.beside import BesideFailed, Besides
from agent.edge.sandbox.sandboxes import Sandboxes
from trimast.edge.fatal import own_task
from trimast.model.checks import CheckResult, Probe, ProbeKind

AT_ONCE_MAX: Final = 64
"""More tries than this wait for each other, so that a machine full of tasks stays of use."""
HOST: Final = "127.0.0.1"
_HEALTHY: Final = range(200, 400)


class ProbeFailed(Exception):
    """There was no answer; the text says why, for people."""


class Prober:
    """
    Args:
        count: is told of each try its kind, what it was of, and what came of it, in a word.
    """

    def __init__(
        self,
        sandboxes: Sandboxes,
        besides: Besides,
        submit: Callable[[ProbeEnded], None],
        count: Callable[[str, str, str], None],
    ) -> None:
        self._sandboxes = sandboxes
        self._count = count
        self._besides = besides
        self._submit = submit
        self._places = asyncio.Semaphore(AT_ONCE_MAX)
        self._running: set[asyncio.Task[None]] = set()

    def start(self, order: RunProbe) -> None:
        task = own_task(self._run(order))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def close(self) -> None:
        """Nothing more is told."""
        running = list(self._running)
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running)

    async def _run(self, order: RunProbe) -> None:
        try:
            async with self._places, asyncio.timeout(order.timeout_ms / 1000 or None):
                found = await self._try(order)
        except TimeoutError:
            ended = self._failed(order, f"no result within {order.timeout_ms} ms")
        except ProbeFailed as failure:
            ended = self._failed(order, str(failure))
        else:
            detail = _fault_of(found, order.probe)
            ended = ProbeEnded(
                order.key, order.fence, order.of, order.number, found, not detail, detail
            )
        result = "healthy" if ended.is_healthy else "unhealthy"
        self._count(order.probe.kind.name.lower(), order.of, result)
        self._submit(ended)

    def _failed(self, order: RunProbe, why: str) -> ProbeEnded:
        kind = order.probe.kind
        result = CheckResult(kind, succeeded=False if kind is ProbeKind.TCP else None)
        detail = f"{kind.name} check failed: {why}"[:1000]
        return ProbeEnded(order.key, order.fence, order.of, order.number, result, False, detail)

    async def _try(self, order: RunProbe) -> CheckResult:
        """Raises ProbeFailed."""
        match order.probe.kind:
            case ProbeKind.COMMAND:
                folder = self._sandboxes.path(order.agent_id, order.key, order.fence)
                try:
                    code = await run_command(order, folder, self._besides)
                    return CheckResult(ProbeKind.COMMAND, code)
                except (BesideFailed, ValueError) as error:
                    raise ProbeFailed(str(error)) from error
            case ProbeKind.HTTP:
                return CheckResult(ProbeKind.HTTP, status_code=await _status_of(order.probe))
            case ProbeKind.TCP:
                return CheckResult(ProbeKind.TCP, succeeded=await _connects(order.probe.port))


def _fault_of(result: CheckResult, probe: Probe) -> str:
    """ "" if it is healthy."""
    if result.exit_code:
        return f"COMMAND check failed: the command exited with status {result.exit_code}"
    code = result.status_code
    if code is not None and code not in (probe.statuses or _HEALTHY):
        return f"HTTP check failed: the answer was {code}"
    return ""


async def _status_of(probe: Probe) -> int:
    """Of the first answer: where it leads to is of no interest."""
    url = f"{probe.scheme}://{HOST}:{probe.port}{probe.path}"
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.get(url, allow_redirects=False, ssl=False) as response,
        ):
            return response.status
    except (aiohttp.ClientError, OSError) as error:
        raise ProbeFailed(str(error) or type(error).__name__) from error


async def _connects(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(HOST, port)
    except OSError as error:
        raise ProbeFailed(str(error)) from error
    writer.close()
    return True
