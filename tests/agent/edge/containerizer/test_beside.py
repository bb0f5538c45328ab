"""What comes of commands beside tasks, when their launcher answers and when it does not."""

import asyncio
from pathlib import Path

import pytest

from agent.edge.containerizer.beside import BesideFailed, BesideOrder, Besides
from agent.launcher.wire import Message
from tests.agent.edge.patience import until

ORDER = BesideOrder("t", "sh", ["sh"], Path("/box"), has_pipes=True)


def test_it_is_told_that_it_runs_and_how_it_ends() -> None:
    async def main() -> None:
        sent: list[Message] = []
        besides = Besides(sent.append, lambda: True)
        starting = asyncio.create_task(besides.start(ORDER))
        await until(lambda: bool(sent))
        besides.told({"number": 1, "is": "running", "pid": 42})
        process = await starting
        assert (process.pid, process.theirs) == (42, [])
        besides.told({"number": 1, "is": "ended", "code": 7})
        assert await process.ended == 7
        await besides.end(process)
        assert [message["do"] for message in sent] == ["beside"]

    asyncio.run(main())


def test_why_it_cannot_run_is_raised() -> None:
    async def main() -> None:
        sent: list[Message] = []
        besides = Besides(sent.append, lambda: True)
        starting = asyncio.create_task(besides.start(ORDER))
        await until(lambda: bool(sent))
        no_such = {"why": "no such", "errno": 2, "at": "program"}
        besides.told({"number": 1, "is": "failed", **no_such})
        with pytest.raises(BesideFailed, match="no such") as failure:
            await starting
        assert (failure.value.errno, failure.value.is_program) == (2, True)

    asyncio.run(main())


def test_with_its_launcher_it_is_lost() -> None:
    async def main() -> None:
        sent: list[Message] = []
        besides = Besides(sent.append, lambda: True)
        starting = asyncio.create_task(besides.start(ORDER))
        await until(lambda: bool(sent))
        besides.lost()
        with pytest.raises(BesideFailed, match="launcher"):
            await starting

    asyncio.run(main())


def test_a_launcher_that_cannot_is_not_asked() -> None:
    async def main() -> None:
        besides = Besides(lambda message: pytest.fail(str(message)), lambda: False)
        with pytest.raises(BesideFailed, match="version"):
            await besides.start(ORDER)

    asyncio.run(main())
