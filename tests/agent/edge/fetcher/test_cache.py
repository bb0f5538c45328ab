import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from agent.edge.fetcher.cache import FetchCache, Fill
from agent.edge.fetcher.fetch_metrics import FetchMetrics


class Rig:
    def __init__(self, root: Path) -> None:
        self.registry = CollectorRegistry()
        self.cache = FetchCache(root / "cache", 10, FetchMetrics(self.registry))
        self.cache.open()
        self.fills: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()

    def fill(self, data: str) -> Fill:
        async def fill(file: int) -> None:
            self.fills.append(data)
            await self.gate.wait()
            if data == "broken":
                raise OSError(5, "broken")
            os.write(file, data.encode())

        return fill

    async def get(self, key: str, data: str) -> str:
        file = await self.cache.get(key, self.fill(data))
        with os.fdopen(file) as opened:
            return opened.read()

    def kept(self) -> list[str]:
        return sorted(path.read_text() for path in self.cache.folder.iterdir())


def tell(root: Path, story: Callable[[Rig], Awaitable[None]]) -> None:
    async def main() -> None:
        async with asyncio.timeout(20):
            await story(Rig(root))

    asyncio.run(main())


def test_what_was_wanted_longest_ago_goes_first(tmp_path: Path) -> None:
    async def story(rig: Rig) -> None:
        for key, data in (("a", "aaaa"), ("b", "bbbb"), ("a", "-"), ("c", "cccc")):
            await rig.get(key, data)
        assert rig.kept() == ["aaaa", "cccc"]
        assert await rig.get("b", "bbbb") == "bbbb"
        assert rig.fills == ["aaaa", "bbbb", "cccc", "bbbb"]
        count = rig.registry.get_sample_value
        assert count("trimast_agent_fetch_cache_evictions_total") == 2
        assert count("trimast_agent_fetch_cache_bytes") == 8

    tell(tmp_path, story)


def test_many_at_once_are_one_fetch(tmp_path: Path) -> None:
    async def story(rig: Rig) -> None:
        rig.gate.clear()
        gets = [asyncio.create_task(rig.get("a", f"data{n}")) for n in range(9)]
        await asyncio.sleep(0)
        rig.gate.set()
        assert set(await asyncio.gather(*gets)) == {"data0"}
        assert (rig.fills, rig.kept()) == (["data0"], ["data0"])

    tell(tmp_path, story)


def test_one_of_many_who_goes_takes_nothing_from_the_others(tmp_path: Path) -> None:
    async def story(rig: Rig) -> None:
        rig.gate.clear()
        first = asyncio.create_task(rig.get("a", "data"))
        second = asyncio.create_task(rig.get("a", "data"))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.wait([first])
        rig.gate.set()
        assert await second == "data"

    tell(tmp_path, story)


def test_when_all_have_gone_it_is_given_up_and_can_be_had_again(tmp_path: Path) -> None:
    async def story(rig: Rig) -> None:
        rig.gate.clear()
        get = asyncio.create_task(rig.get("a", "old"))
        await asyncio.sleep(0)
        get.cancel()
        await asyncio.wait([get])
        rig.gate.set()
        assert await rig.get("a", "new") == "new"
        assert rig.kept() == ["new"]

    tell(tmp_path, story)


def test_what_fails_is_kept_by_nobody(tmp_path: Path) -> None:
    async def story(rig: Rig) -> None:
        results = await asyncio.gather(
            rig.get("a", "broken"), rig.get("a", "broken"), return_exceptions=True
        )
        assert [str(result) for result in results] == ["[Errno 5] broken"] * 2
        assert rig.kept() == []
        assert await rig.get("a", "whole") == "whole"

    tell(tmp_path, story)


def test_what_is_larger_than_the_cache_is_had_but_not_kept(tmp_path: Path) -> None:
    async def story(rig: Rig) -> None:
        assert await rig.get("a", "x" * 11) == "x" * 11
        assert rig.kept() == []

    tell(tmp_path, story)


def test_what_is_read_may_go(tmp_path: Path) -> None:
    async def story(rig: Rig) -> None:
        file = await rig.cache.get("a", rig.fill("a" * 10))
        await rig.get("b", "b" * 10)
        assert rig.kept() == ["b" * 10]
        assert os.read(file, 99) == b"a" * 10
        os.close(file)

    tell(tmp_path, story)


def test_an_earlier_life_leaves_nothing(tmp_path: Path) -> None:
    async def story(rig: Rig) -> None:
        await rig.get("a", "a")
        again = FetchCache(rig.cache.folder, 10, rig.cache.metrics)
        again.open()
        assert rig.kept() == []
        with pytest.raises(OSError, match="broken"):
            await again.get("a", rig.fill("broken"))

    tell(tmp_path, story)
