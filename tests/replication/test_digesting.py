"""When a digest is taken, what is told of it, and that nobody goes astray unnoticed."""

import asyncio
from pathlib import Path

import pytest

from replication.config import MIB
from replication.engine import digesting
from replication.engine.digesting import spacing_entries
from replication.engine.fail_stop import FatalCause
from replication.engine.messages import StateDigest
from tests.replication.lone_replica import (
    LoneReplica,
    entries,
    envelope_of,
    lone_replica,
    standing_of,
)
from tests.replication.real_cluster import Recorder, real_cluster, surely_commit, until
from tests.simulation.raft.replica import Replica
from tests.simulation.raft.world import World, simulated


def digests_said(b: LoneReplica, to: str = "a") -> list[StateDigest]:
    return [body for body in b.said_to(to) if isinstance(body, StateDigest)]


def write(world: World, replica: Replica, count: int) -> None:
    for _ in range(count):
        outcomes = world.propose(replica, b"%d" % len(world.ledger.proposed))
        assert world.run(5.0, until=lambda outcomes=outcomes: bool(outcomes))  # type: ignore[misc]


def ends(world: World) -> list[tuple[str, FatalCause]]:
    return [(name, fatal.cause) for name, fatal in world.ledger.fatal]


def test_every_so_many_entries_all_are_told() -> None:
    with lone_replica("b", digest_every_entries=4) as b:
        b.hear_append("a", 1, (1, 0), entries(*[1] * 9), commit=10)
        b.run(0.1)
        assert [each.index for each in digests_said(b)] == [4]
        b.hear_append("a", 1, (10, 1), entries(*[1] * 2, after=10), commit=12)
        b.run(0.1)
        assert [each.index for each in digests_said(b)] == [4, 12], (
            "8 was passed while 4 was hashed"
        )
        assert digests_said(b, "c") == digests_said(b, "a")


def test_a_new_session_begins_with_what_may_not_have_arrived() -> None:
    with lone_replica("b", digest_every_entries=4) as b:
        b.hear_append("a", 1, (1, 0), entries(*[1] * 3), commit=4)
        b.run(0.1)
        b.replica.session_closed("c", by_peer=True)
        b.replica.session_opened("c", standing_of("c"))
        assert [each.index for each in digests_said(b, "c")] == [4, 4]


def test_another_program_may_write_the_same_state_differently() -> None:
    with lone_replica("b", digest_every_entries=4, state_format="1.0") as b:
        b.hear_append("a", 1, (1, 0), entries(*[1] * 3), commit=4)
        b.run(0.1)
        for peer in "ac":
            b.hear(peer, 1, StateDigest(4, b"other", "1.1"))
        assert b.replica.is_up
        assert b.world.ledger.fatal == []
        for peer in "ac":
            b.hear(peer, 1, StateDigest(4, b"other", "1.0"))
        assert ends(b.world) == [("b", FatalCause.STATE_DIVERGED)]


def test_a_replica_alone_compares_with_nobody() -> None:
    with simulated(1, "a", digest_every_entries=5) as world:
        write(world, world.elect("a"), 20)
        assert world.ledger.captures == 0


def test_the_larger_the_state_the_rarer() -> None:
    assert [spacing_entries(10, size) for size in (0, 1, 4 * MIB)] == [10, 10, 10]
    assert [spacing_entries(10, size * MIB) for size in (5, 8, 9, 16)] == [20, 20, 40, 40]
    assert spacing_entries(10_000, 218_000_000) == 640_000


def test_as_the_state_grows_all_choose_the_same_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digesting, "_STATE_BYTES", 1_000)
    told: dict[str, list[int]] = {"a": [], "b": [], "c": []}

    def note(sender: str, receiver: str, frame: bytes) -> None:
        match envelope_of(frame).body:
            case StateDigest(index=index) if receiver == min(set("abc") - {sender}):
                told[sender].append(index)

    with simulated(1, digest_every_entries=4) as world:
        world.network.on_send = note
        a = world.elect("a")
        for _ in range(100):
            outcomes = world.propose(a, b"%d" % len(world.ledger.proposed) + bytes(100))
            world.run(5.0, until=lambda outcomes=outcomes: bool(outcomes))  # type: ignore[misc]
        world.run(1.0)
    assert told == {name: [4, 8, 12, 16, 24, 32, 48, 64, 96] for name in "abc"}


@pytest.mark.parametrize("seed", range(4))
def test_a_follower_that_goes_astray_stops_and_no_other(seed: int) -> None:
    with simulated(seed) as world:
        a = world.elect("a")
        write(world, a, 30)
        world.replicas["c"].is_astray = True
        write(world, a, 60)
        world.run(1.0)
        assert ends(world) == [("c", FatalCause.STATE_DIVERGED)]
        assert world.leader() is a


@pytest.mark.parametrize("seed", range(4))
def test_a_leader_that_goes_astray_stops_and_another_leads(seed: int) -> None:
    with simulated(seed) as world:
        a = world.elect("a")
        a.is_astray = True
        world.run(0.1)
        for number in range(60):
            world.propose(a, b"%d" % number)
            world.run(0.01)
        assert ends(world) == [("a", FatalCause.STATE_DIVERGED)]
        assert world.run(5.0, until=lambda: world.leader() is not None)
        leader = world.leader()
        assert leader is not None
        write(world, leader, 60)
        assert len(world.ledger.fatal) == 1


def test_with_two_alive_the_follower_stops_the_second_time() -> None:
    with simulated(1) as world:
        a = world.elect("a")
        world.replicas["b"].crash(power=False)
        world.replicas["c"].is_astray = True
        write(world, a, 60)
        world.run(1.0)
        assert ends(world) == []
        for number in range(60):
            world.propose(a, b"more-%d" % number)
            world.run(0.01)
        assert ends(world) == [("c", FatalCause.STATE_DIVERGED)]
        assert a.is_up


def test_who_was_cut_off_meanwhile_is_compared_later() -> None:
    with simulated(1) as world:
        a = world.elect("a")
        world.partition("ab", "c")
        world.replicas["c"].is_astray = True
        write(world, a, 60)
        world.network.mend_all()
        world.run(3.0)
        assert ends(world) == [("c", FatalCause.STATE_DIVERGED)]


def test_on_real_files_and_sockets_too(tmp_path: Path) -> None:
    class Astray(Recorder):
        def apply(self, index: int, command: bytes) -> object:
            return super().apply(index, command + b"?" if command == b"7" else command)

    async def main() -> None:
        async with real_cluster(tmp_path, "abc", digest_every_entries=5) as cluster:
            leader = await cluster.wait_for_leader()
            name = min(set("abc") - {leader.status().replica_id})
            await cluster.kill(name)
            await cluster.start(name, Astray())
            for number in range(40):
                await surely_commit(cluster, b"%d" % number)
            await until(lambda: bool(cluster.fatal))
            assert [fatal.cause for fatal in cluster.fatal] == [FatalCause.STATE_DIVERGED]
            cluster.fatal.clear()
            assert cluster.logs[name]._fail_stop.fatal is not None
            await surely_commit(cluster, b"goes on")

    asyncio.run(main())
