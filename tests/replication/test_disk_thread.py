"""What the disk's thread does comes back to the loop, one flush after the other."""

import asyncio
import threading

import pytest

from replication.engine.disk_thread import DiskThread
from replication.engine.wal_flush import Chunk, Flush


class Disk:
    """An `Appender`, which may be held up or fail."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.syncs = 0
        self.synced_by: set[int] = set()
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self.error: OSError | None = None

    def write_chunk(self, chunk: Chunk) -> None:
        self.written.append(chunk.data)

    def sync_file(self) -> None:
        assert self.may_go_on.wait(20)
        if self.error is not None:
            raise self.error
        self.syncs += 1
        self.synced_by.add(threading.get_ident())


class Ends:
    def __init__(self) -> None:
        self.all: asyncio.Queue[tuple[Flush, float | Exception]] = asyncio.Queue()

    def __call__(self, flush: Flush, result: float | Exception) -> None:
        self.all.put_nowait((flush, result))


def test_each_flush_is_done_elsewhere_and_told_on_the_loop() -> None:
    async def main() -> None:
        disk, ends = Disk(), Ends()
        thread = DiskThread("disk", ends)
        for number in range(100):
            flush = Flush(disk, [Chunk(None, b"%d" % number)])
            thread.start(flush)
            ended, result = await ends.all.get()
            assert ended is flush
            assert isinstance(result, float)
        await thread.stop()
        assert disk.written == [b"%d" % number for number in range(100)]
        assert len(disk.synced_by) == 1
        assert threading.get_ident() not in disk.synced_by

    asyncio.run(main())


def test_what_the_disk_says_is_told() -> None:
    async def main() -> None:
        disk, ends = Disk(), Ends()
        disk.error = OSError(5, "Input/output error")
        thread = DiskThread("disk", ends)
        thread.start(Flush(disk, [Chunk(None, b"x")]))
        _, result = await ends.all.get()
        assert result is disk.error
        await thread.stop()

    asyncio.run(main())


def test_a_stop_waits_for_what_is_under_way() -> None:
    async def main() -> None:
        disk, ends = Disk(), Ends()
        thread = DiskThread("disk", ends)
        disk.may_go_on.clear()
        thread.start(Flush(disk, [Chunk(None, b"x")]))
        stopping = asyncio.create_task(thread.stop())
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(stopping), 0.05)
        disk.may_go_on.set()
        await stopping
        assert disk.syncs == 1
        assert ends.all.qsize() == 1

    asyncio.run(main())


def test_one_that_was_never_used_stops_at_once() -> None:
    async def main() -> None:
        await DiskThread("disk", Ends()).stop()

    asyncio.run(main())
