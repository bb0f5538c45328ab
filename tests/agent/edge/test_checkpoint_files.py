"""The journal on a real disk."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from agent.checkpoints.journal_format import frame
from agent.checkpoints.records import EpochSeen, Record
from agent.edge.checkpoint_files import CheckpointFiles, CheckpointsUnusable, read_journal
from trimast.edge.fatal import FATAL_EXIT_CODE


class Disk:
    """
    Attributes:
        written: numbers of batches, as they were told to be on disk.
        fsyncs: how many writes that took.
    """

    def __init__(self, path: Path, *, bytes_max: int = 1 << 20, all_records: int = 0) -> None:
        self.written: list[int] = []
        self._on_disk = asyncio.Event()
        self._latest = 0
        self.files = CheckpointFiles(
            path,
            bytes_max=bytes_max,
            all_records=lambda: [EpochSeen(all_records or self._latest)],
            on_written=self._on_written,
        )

    def append(self, batch_id: int, *records: Record) -> None:
        self._latest = batch_id
        self.files.append(batch_id, records or (EpochSeen(batch_id),))

    async def until_written(self, batch_id: int) -> None:
        async with asyncio.timeout(20):
            while batch_id not in self.written:
                self._on_disk.clear()
                await self._on_disk.wait()

    def _on_written(self, batch_id: int, took_s: float) -> None:
        assert took_s >= 0
        self.written.append(batch_id)
        self._on_disk.set()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal"


def run(path: Path, story: Callable[[Disk], Coroutine[Any, Any, None]], **settings: Any) -> Disk:
    async def main() -> Disk:
        disk = Disk(path, **settings)
        await story(disk)
        await disk.files.close()
        return disk

    return asyncio.run(main())


def test_a_new_journal_is_empty(path: Path) -> None:
    assert read_journal(path) == []


def test_what_was_said_to_be_on_disk_is_there(path: Path) -> None:
    read_journal(path)

    async def story(disk: Disk) -> None:
        disk.append(1)
        await disk.until_written(1)
        assert EpochSeen(1) in read_journal(path)
        disk.append(2)
        await disk.until_written(2)

    run(path, story)
    assert read_journal(path) == [EpochSeen(1), EpochSeen(2)]


def test_what_comes_together_is_written_at_once(path: Path) -> None:
    async def story(disk: Disk) -> None:
        for batch_id in range(1, 101):
            disk.append(batch_id)
        await disk.until_written(100)

    assert run(path, story).written == [100]
    assert read_journal(path) == [EpochSeen(number) for number in range(1, 101)]


def test_what_comes_while_the_disk_is_busy_waits_for_the_next_write(path: Path) -> None:
    async def story(disk: Disk) -> None:
        disk.append(1)
        await asyncio.sleep(0)  # The first is on its way now.
        await asyncio.sleep(0)
        disk.append(2)
        disk.append(3)
        await disk.until_written(3)

    assert run(path, story).written == [1, 3]


def test_a_grown_journal_is_rewritten(path: Path) -> None:
    async def story(disk: Disk) -> None:
        for batch_id in range(1, 200):
            disk.append(batch_id)
            await disk.until_written(batch_id)

    run(path, story, bytes_max=1000)
    records = read_journal(path)
    assert records[-1] == EpochSeen(199)
    assert len(records) < 100
    assert path.stat().st_size < 2000
    assert [file.name for file in path.parent.iterdir()] == ["journal"]


def test_a_rewrite_that_was_never_finished_is_forgotten(path: Path) -> None:
    path.write_bytes(frame(b'["epoch",5]'))
    path.with_name("journal.new").write_bytes(b"half")
    assert read_journal(path) == [EpochSeen(5)]
    assert not path.with_name("journal.new").exists()


def test_a_torn_end_is_cut_off_and_written_over(path: Path) -> None:
    whole = frame(b'["epoch",5]')
    path.write_bytes(whole + frame(b'["epoch",6]')[:-3])
    assert read_journal(path) == [EpochSeen(5)]
    assert path.read_bytes() == whole

    async def story(disk: Disk) -> None:
        disk.append(7)
        await disk.until_written(7)

    run(path, story)
    assert read_journal(path) == [EpochSeen(5), EpochSeen(7)]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (
            b"x" + frame(b'["epoch",5]')[1:] + frame(b'["epoch",6]'),
            "damaged in the frame at byte 0",
        ),
        (frame(b'["no such"]'), "no such"),
        (b"a text that somebody put here by mistake", "damaged"),
    ],
)
def test_a_journal_that_cannot_be_trusted_stops_the_agent(
    path: Path, content: bytes, what: str
) -> None:
    path.write_bytes(content)
    with pytest.raises(CheckpointsUnusable, match=what):
        read_journal(path)
    assert path.read_bytes() == content


def test_a_failed_fsync_ends_the_process(path: Path) -> None:
    program = """
import asyncio, os, sys
from pathlib import Path
from agent.checkpoints.records import EpochSeen
from agent.edge.checkpoint_files import CheckpointFiles

def failing(file):
    raise OSError(5, "Input/output error")

async def main():
    files = CheckpointFiles(
        Path(sys.argv[1]), bytes_max=1, all_records=list, on_written=lambda *_: print("written")
    )
    os.fdatasync = failing
    files.append(1, (EpochSeen(1),))
    await asyncio.sleep(20)

asyncio.run(main())
"""
    command = [sys.executable, "-c", program, os.fspath(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, "written" in done.stdout) == (FATAL_EXIT_CODE, False)
    assert "journal_write_failed" in done.stdout + done.stderr
