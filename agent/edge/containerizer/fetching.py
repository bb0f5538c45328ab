"""Between a task's sandbox and its process: what it wants fetched, which may take long."""

import asyncio
from collections.abc import Callable

from agent.edge.containerizer.command_line import CannotStart, user_of
from agent.edge.fetcher.fetcher import Fetcher
from agent.edge.fetcher.rules import FetchFailed
from agent.edge.sandbox.sandboxes import Sandboxes
from agent.effects import StartProcess
from agent.launcher.wire import Message
from agent.tasks import TaskKey
from trimast.edge.fatal import own_task

Run = tuple[TaskKey, int]

GIVEN_UP = "it was killed while its uris were being fetched"


class Fetching:
    """
    Args:
        on_fetched: is told the run, the message it began with, and why it failed, or "".
    """

    def __init__(
        self,
        fetcher: Fetcher | None,
        sandboxes: Sandboxes,
        on_fetched: Callable[[Run, Message, str], None],
    ) -> None:
        self._fetcher = fetcher
        self._sandboxes = sandboxes
        self._on_fetched = on_fetched
        self._under_way: dict[Run, asyncio.Task[str]] = {}
        self._owners: set[asyncio.Task[None]] = set()

    def begin(self, order: StartProcess, message: Message) -> None:
        """
        Args:
            message: for the launcher, once all is there.
        """
        run = (order.key, order.fence)
        fetch = asyncio.get_running_loop().create_task(self._fetch(order))
        self._under_way[run] = fetch
        owner = own_task(self._wait(run, fetch, message))
        self._owners.add(owner)
        owner.add_done_callback(self._owners.discard)

    def cancel(self, run: Run) -> bool:
        """False if nothing is fetched for it."""
        fetch = self._under_way.get(run)
        return fetch is not None and fetch.cancel()

    async def close(self) -> None:
        for fetch in list(self._under_way.values()):
            fetch.cancel()
        if self._owners:
            await asyncio.wait(self._owners)

    async def _wait(self, run: Run, fetch: "asyncio.Task[str]", message: Message) -> None:
        await asyncio.wait([fetch])
        del self._under_way[run]
        why_not = GIVEN_UP if fetch.cancelled() else fetch.result()
        self._on_fetched(run, message, why_not)

    async def _fetch(self, order: StartProcess) -> str:
        """Why it failed; "" if it did not."""
        if self._fetcher is None:
            return "this agent fetches nothing"
        sandbox = self._sandboxes.path(order.agent_id, order.key, order.fence)
        try:
            user = user_of(order)
            owner = None if user is None else (user.uid, user.gid)
            await self._fetcher.fetch(order.task.command.uris, sandbox, owner)
        except (FetchFailed, CannotStart, OSError) as error:
            return str(error)
        return ""
