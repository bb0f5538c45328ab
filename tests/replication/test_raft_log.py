"""Real replicas: files, sockets, kills and restarts."""

import asyncio
from pathlib import Path

import pytest

from replication.engine.fail_stop import FatalCause
from replication.engine.identity import DataDirectoryRefused
from replication.engine.raft_log import RaftLog
from replication.replicated_log import Committed, ProposalRefused, RefusalCause
from tests.replication.real_cluster import Recorder, commit, real_cluster, until


def test_what_was_acknowledged_outlives_every_leader(tmp_path: Path) -> None:
    async def main() -> None:
        acknowledged: list[bytes] = []
        async with real_cluster(tmp_path, "abc") as cluster:
            for turn in range(4):
                leader = await cluster.wait_for_leader()
                for number in range(20):
                    command = b"%d-%d" % (turn, number)
                    if isinstance(await commit(leader, command), Committed):
                        acknowledged.append(command)
                name = leader.status().replica_id
                await cluster.kill(name)
                await cluster.wait_for_leader()
                await cluster.start(name)
            await until(
                lambda: all(
                    recorder.applied[-20:] == acknowledged[-20:]
                    for recorder in cluster.recorders.values()
                )
            )
            for recorder in cluster.recorders.values():
                assert recorder.applied == acknowledged
        assert len(acknowledged) == 80

    asyncio.run(main())


def test_all_killed_at_once_and_started_again_have_everything(tmp_path: Path) -> None:
    async def main() -> None:
        async with real_cluster(tmp_path, "abc") as cluster:
            leader = await cluster.wait_for_leader()
            for number in range(20):
                assert isinstance(await commit(leader, b"%d" % number), Committed)
            for name in "abc":
                await cluster.kill(name)
            for name in "abc":
                await cluster.start(name)
            leader = await cluster.wait_for_leader()
            recorder = cluster.recorders[leader.status().replica_id]
            assert recorder.applied == [b"%d" % number for number in range(20)]

    asyncio.run(main())


def test_a_single_replica_has_everything_after_a_restart(tmp_path: Path) -> None:
    async def main() -> None:
        async with real_cluster(tmp_path, "a") as cluster:
            for turn in range(3):
                leader = await cluster.wait_for_leader()
                assert len(cluster.recorders["a"].applied) == turn
                assert isinstance(await commit(leader, b"%d" % turn), Committed)
                await cluster.kill("a")
                await cluster.start("a")
            await cluster.wait_for_leader()
            assert cluster.recorders["a"].applied == [b"0", b"1", b"2"]

    asyncio.run(main())


def test_a_follower_refuses_and_names_the_leader(tmp_path: Path) -> None:
    async def main() -> None:
        async with real_cluster(tmp_path, "abc") as cluster:
            leader_id = (await cluster.wait_for_leader()).status().replica_id
            follower = next(log for name, log in cluster.logs.items() if name != leader_id)
            await until(lambda: follower.status().leader_id == leader_id)
            outcome = await commit(follower, b"x")
            assert outcome == ProposalRefused(RefusalCause.NOT_LEADING)

    asyncio.run(main())


def test_peers_are_listed_with_what_is_known_of_them(tmp_path: Path) -> None:
    async def main() -> None:
        async with real_cluster(tmp_path, "abc") as cluster:
            leader = await cluster.wait_for_leader()
            await until(lambda: all(peer.connected for peer in leader.peers()))
            assert all(peer.heard_ago_ms is not None for peer in leader.peers())
            gone = leader.peers()[0].replica_id
            await cluster.kill(gone)
            await until(lambda: not leader.peers()[0].connected)
            assert leader.peers()[1].connected

    asyncio.run(main())


def test_a_state_machine_that_raises_ends_the_replica(tmp_path: Path) -> None:
    class Faulty(Recorder):
        def apply(self, index: int, command: bytes) -> object:
            raise ZeroDivisionError

    async def main() -> None:
        async with real_cluster(tmp_path, "a") as cluster:
            await cluster.wait_for_leader()
            await cluster.kill("a")
            faulty = Faulty()
            log = await RaftLog.start(
                cluster.config("a"), faulty, faulty, on_fatal=cluster.fatal.append
            )
            await until(lambda: log.status().leading)
            log.propose(b"x", lambda _: None)
            await until(lambda: bool(cluster.fatal))
            assert cluster.fatal.pop().cause is FatalCause.STATE_MACHINE_RAISED
            assert not log.status().leading
            await log.stop()

    asyncio.run(main())


@pytest.mark.parametrize(
    ("error", "cause"),
    [(OSError(28, "full"), FatalCause.DISK_FULL), (OSError(5, "bad"), FatalCause.DISK_FAILED)],
)
def test_a_failed_sync_ends_the_replica_and_is_not_tried_again(
    tmp_path: Path, error: OSError, cause: FatalCause
) -> None:
    async def main() -> None:
        async with real_cluster(tmp_path, "a") as cluster:
            leader = await cluster.wait_for_leader()
            tries: list[None] = []

            def fail() -> None:
                tries.append(None)
                raise error

            leader._wal._file.sync_file = fail  # type: ignore[method-assign]
            outcomes: list[object] = []
            leader.propose(b"x", outcomes.append)
            await until(lambda: bool(cluster.fatal))
            assert cluster.fatal.pop().cause is cause
            leader.propose(b"y", outcomes.append)
            await asyncio.sleep(0.05)
            assert len(tries) == 1
            assert outcomes == []

    asyncio.run(main())


def test_two_processes_cannot_use_one_directory(tmp_path: Path) -> None:
    async def main() -> None:
        async with real_cluster(tmp_path, "a") as cluster:
            recorder = Recorder()
            with pytest.raises(DataDirectoryRefused, match="in use"):
                await RaftLog.start(
                    cluster.config("a"), recorder, recorder, on_fatal=cluster.fatal.append
                )

    asyncio.run(main())


def test_an_address_in_use_is_an_error_and_frees_the_directory(tmp_path: Path) -> None:
    async def main() -> None:
        async with real_cluster(tmp_path, "abc") as cluster:
            config = cluster.config("a")
            await cluster.kill("a")
            taken = await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", config.listen_port)
            recorder = Recorder()
            with pytest.raises(OSError, match=r"(?i)address already in use"):
                await RaftLog.start(config, recorder, recorder, on_fatal=cluster.fatal.append)
            taken.close()
            await taken.wait_closed()
            await cluster.start("a")

    asyncio.run(main())
