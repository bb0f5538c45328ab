"""Commands beside tasks, as containers: who hears them, and what is remembered of them."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from agent.edge.containerizer.beside import BesideFailed, BesideOrder, Besides
from agent.edge.mesos import nested as subject
from agent.edge.mesos.nested import Nested, NestedContainers, TooMany
from agent.launcher.wire import Message
from tests.agent.edge.patience import until

ORDER = BesideOrder("t", "sh", ["sh"], Path("/box"), has_pipes=True)


class Launcher:
    """Runs nothing: a test says what is written, and when it is over."""

    def __init__(self) -> None:
        self.asked: list[Message] = []
        self.outputs: dict[int, int] = {}
        self.counted: list[str] = []
        self.fails = False
        self.besides = Besides(self.hear, lambda: True)
        self.containers = NestedContainers(self.besides, self.counted.append)

    def hear(self, message: Message) -> None:
        self.asked.append(message)
        if message["do"] != "beside":
            return
        number = message["number"]
        if self.fails:
            news = {"is": "failed", "why": "no such", "errno": 2, "at": "program"}
        else:
            # As the launcher does: the file is another's, opened again.
            self.outputs[number] = os.open(f"/proc/self/fd/{message['files'][1]}", os.O_WRONLY)
            news = {"is": "running", "pid": 42}
        self.besides.told({"number": number, **news})

    def write(self, nested: Nested, data: bytes) -> None:
        os.write(self.outputs[nested.process.number], data)

    def end(self, nested: Nested, code: int) -> None:
        number = nested.process.number
        os.close(self.outputs.pop(number))
        self.besides.told({"number": number, "is": "ended", "code": code})

    async def launch(self, name: str) -> Nested:
        nested = await self.containers.launch(("parent", name), ORDER)
        self.containers.attend(nested)
        return nested


def tell(story: Callable[[Launcher], Awaitable[None]]) -> None:
    async def main() -> None:
        launcher = Launcher()
        await story(launcher)
        for file in launcher.outputs.values():
            os.close(file)

    asyncio.run(main())


def test_all_who_listen_hear_it_from_when_they_came() -> None:
    async def story(launcher: Launcher) -> None:
        nested = await launcher.launch("c")
        first = nested.listen()
        launcher.write(nested, b"one")
        assert await first.next() == ("stdout", b"one")
        second = nested.listen()
        launcher.write(nested, b"two")
        assert await first.next() == await second.next() == ("stdout", b"two")
        launcher.end(nested, 3)
        assert await first.next() is await second.next() is None
        assert nested.ended.result() == 3 << 8
        assert await nested.listen().next() is None
        assert launcher.counted == ["ran"]

    tell(story)


def test_who_does_not_read_on_holds_it_up_until_it_leaves() -> None:
    async def story(launcher: Launcher) -> None:
        nested = await launcher.launch("c")
        slow, quick = nested.listen(), nested.listen()
        async with asyncio.timeout(10):
            for _ in range(subject.PIECES_WAITING_MAX):
                launcher.write(nested, b"x")
                assert await quick.next() == ("stdout", b"x")
            launcher.write(nested, b"y")
            await until(lambda: any(waiting.full() for waiting in nested.listeners))
            slow.close()
            assert await quick.next() == ("stdout", b"y")
            launcher.end(nested, 0)
            assert await quick.next() is None

    tell(story)


def test_a_signal_is_what_ended_it_and_so_is_the_end_of_its_launcher() -> None:
    async def story(launcher: Launcher) -> None:
        killed, lost = await launcher.launch("c"), await launcher.launch("d")
        launcher.containers.kill(killed, 15)
        assert launcher.asked[-1] == {"do": "end_beside", "number": 1, "signal": 15}
        launcher.end(killed, -15)
        assert await killed.ended == 15
        launcher.besides.lost()
        os.close(launcher.outputs.pop(lost.process.number))
        assert await lost.ended == 9
        asked = len(launcher.asked)
        launcher.containers.kill(lost, 9)
        assert len(launcher.asked) == asked, "there is nothing to kill"

    tell(story)


def test_what_does_not_start_is_not_there() -> None:
    async def story(launcher: Launcher) -> None:
        launcher.fails = True
        with pytest.raises(BesideFailed, match="no such"):
            await launcher.launch("c")
        assert not launcher.containers.is_taken(("parent", "c"))
        assert launcher.counted == ["not_run"]

    tell(story)


def test_only_so_many_run_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "RUNNING_MAX", 1)

    async def story(launcher: Launcher) -> None:
        first = await launcher.launch("c")
        with pytest.raises(TooMany, match="1 nested containers run already"):
            await launcher.launch("d")
        launcher.end(first, 0)
        await first.ended
        await launcher.launch("d")

    tell(story)


def test_the_oldest_ends_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "ENDED_MAX", 1)

    async def story(launcher: Launcher) -> None:
        containers = launcher.containers
        runs = await launcher.launch("runs")
        for name in ("c", "d"):
            launcher.end(await launcher.launch(name), 0)
            await until(lambda: containers.within("parent") == [runs])
        await until(lambda: containers.find(("parent", "c")) is None)
        assert containers.find(("parent", "d")) is not None

    tell(story)
