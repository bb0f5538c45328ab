"""The log goes to the disk in a thread, unless a sync on the loop costs nobody anything."""

import asyncio
import threading
from pathlib import Path

import pytest

from replication.engine.raft_log import RaftLog
from replication.engine.wal_records import RecordKind, decode
from replication.replicated_log import Committed
from tests.replication.real_cluster import real_cluster, until

WRITES = 5


def watch_syncs(log: RaftLog, monkeypatch: pytest.MonkeyPatch) -> set[bool]:
    """Whether they were on the event loop."""
    loop_thread, seen = threading.get_ident(), set[bool]()
    sync = log._wal._file.sync_file

    def watched() -> None:
        seen.add(threading.get_ident() == loop_thread)
        sync()

    monkeypatch.setattr(log._wal._file, "sync_file", watched)
    return seen


async def write_some(leader: RaftLog) -> None:
    for _ in range(WRITES):
        outcomes: list[object] = []
        leader.propose(b"x", outcomes.append)
        await until(lambda outcomes=outcomes: bool(outcomes))  # type: ignore[misc]
        assert isinstance(outcomes[0], Committed)


@pytest.mark.parametrize("is_busy", [False, True])
def test_nothing_is_synced_on_the_loop_while_a_job_writes_much(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_busy: bool
) -> None:
    async def main() -> None:
        async with real_cluster(tmp_path, "abc") as cluster:
            leader = await cluster.wait_for_leader()
            follower = min(n for n, log in cluster.logs.items() if log is not leader)
            flushing = cluster.logs[follower]._flushing
            # As if its disk had been fast for long.
            monkeypatch.setattr(type(flushing._placement), "is_fast", True)
            monkeypatch.setattr(flushing, "_is_busy", lambda: is_busy)
            seen = watch_syncs(cluster.logs[follower], monkeypatch)
            await write_some(leader)
            await until(lambda: bool(seen))
            assert seen == {not is_busy}

    asyncio.run(main())


def test_what_was_synced_is_noted_once_nothing_more_is_written(tmp_path: Path) -> None:
    async def main() -> None:
        async with real_cluster(tmp_path, "a") as cluster:
            leader = await cluster.wait_for_leader()
            await write_some(leader)
            await until(lambda: leader._wal._is_noted and leader._wal.is_flushed)

    asyncio.run(main())
    kinds = kinds_in(tmp_path)
    assert kinds[-1] == RecordKind.SYNCED
    assert kinds.count(RecordKind.ENTRY) > WRITES


def kinds_in(folder: Path) -> list[int]:
    data = next(folder.rglob("*.wal")).read_bytes()
    kinds: list[int] = []
    at = 0
    while (found := decode(data, at, at)) is not None:
        record, at, _ = found
        kinds.append(record.kind)
    return kinds
