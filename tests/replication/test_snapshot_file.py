"""A snapshot file is all there and unchanged, or it is refused by name."""

from random import Random

import pytest

from replication.engine.snapshot_file import (
    SnapshotDamaged,
    SnapshotInfo,
    SnapshotReader,
    SnapshotWriter,
)
from tests.simulation.raft.disk import SimDisk

CHUNKS = [b"one", b"two and more", b"3" * 40]


def written(chunks: list[bytes]) -> tuple[SimDisk, SnapshotInfo]:
    disk = SimDisk(Random(0))
    writer = SnapshotWriter(disk.create("it"), 7, 3)
    for chunk in chunks:
        writer.append(chunk)
    return disk, writer.finish()


def changed(data: bytes) -> SimDisk:
    disk = SimDisk(Random(0))
    disk.create("it").append(data)
    return disk


@pytest.mark.parametrize("chunks", [[], CHUNKS, [b"x" * 3_000_000, b"y" * 900_000]])
def test_what_was_written_is_read(chunks: list[bytes]) -> None:
    disk, info = written(chunks)
    reader = SnapshotReader(disk, "it")
    assert list(reader.chunks()) == chunks
    assert reader.info == info
    assert (info.index, info.term, info.size_bytes) == (7, 3, len(disk.read("it")))


def test_every_cut_is_refused() -> None:
    data = written(CHUNKS)[0].read("it")
    for size_bytes in range(len(data)):
        with pytest.raises(SnapshotDamaged, match="snapshot it is damaged"):
            list(SnapshotReader(changed(data[:size_bytes]), "it").chunks())


def test_every_flipped_bit_is_refused() -> None:
    data = written(CHUNKS)[0].read("it")
    for bit in range(len(data) * 8):
        damaged = bytearray(data)
        damaged[bit // 8] ^= 1 << bit % 8
        with pytest.raises(SnapshotDamaged, match="snapshot it is damaged"):
            list(SnapshotReader(changed(bytes(damaged)), "it").chunks())


def test_what_follows_the_end_is_refused() -> None:
    data = written(CHUNKS)[0].read("it")
    with pytest.raises(SnapshotDamaged, match="end"):
        list(SnapshotReader(changed(data + b"\0"), "it").chunks())


def test_other_chunks_have_another_checksum() -> None:
    assert written(CHUNKS)[1].checksum != written(CHUNKS[::-1])[1].checksum


def test_a_long_one_is_brought_to_the_disk_in_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    disk = SimDisk(Random(0))
    file = disk.create("it")
    unsynced: list[int] = []
    sync = file.sync

    def watched() -> None:
        unsynced.append(len(disk.read("it")) - sum(unsynced))
        sync()

    monkeypatch.setattr(file, "sync", watched)
    writer = SnapshotWriter(file, 7, 3)
    for _ in range(20):
        writer.append(b"x" * 1_000_000)
    writer.finish()
    assert len(unsynced) == 3
    assert max(unsynced) < 11_000_000
