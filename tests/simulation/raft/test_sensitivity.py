"""The random runs notice an engine that is known to be bad."""

from collections.abc import Iterator
from typing import Any

import pytest

from replication.engine import wal
from replication.engine.applying import Applying
from replication.engine.engine import Engine
from replication.engine.fail_stop import FatalCause
from replication.engine.following import Following
from replication.engine.leading import Leading
from replication.engine.membership_store import MembershipStore
from replication.engine.promises import Promises
from replication.engine.receiving_snapshots import ReceivingSnapshots
from replication.engine.sending_snapshots import SendingSnapshots
from replication.engine.snapshot_file import SnapshotInfo, SnapshotReader
from replication.engine.snapshot_store import SnapshotStore
from replication.engine.wal import Wal
from replication.membership import Configuration
from replication.state_machine import Restoration
from tests.simulation.raft.nemesis import Story
from tests.simulation.raft.profiles import PROFILES, Profile
from tests.simulation.raft.replica import Violation
from tests.simulation.raft.test_membership import (
    test_a_disk_that_forgot_votes_only_when_it_is_named_again as story_of_a_forgetful_disk,
)
from tests.simulation.raft.test_snapshots import SETTINGS
from tests.simulation.raft.world import simulated

SEEDS_MAX = 80


BALLOTS = Profile(
    ("power", "power_in_write", "start", "start", "start", "transfer", "transfer"),
    strikes_per_s=12.0,
)
"""One election after the other, and power lost in the middle of them."""


def is_noticed(profile: Profile = PROFILES["mixed"], **settings: Any) -> bool:
    return is_noticed_in(SEEDS_MAX, profile, **settings)


def is_noticed_in(seeds: int, profile: Profile = PROFILES["mixed"], **settings: Any) -> bool:
    for seed in range(seeds):
        with simulated(seed, **settings) as world:
            try:
                Story(world, trouble_s=15.0, profile=profile).tell()
            except Exception:  # Any way of failing will do: an assertion, a refusal to start.
                return True
    return False


def test_a_disk_that_does_not_sync_is_noticed() -> None:
    with simulated(0) as world:
        for replica in world.replicas.values():
            replica.disk.is_lying = True
        with pytest.raises(Exception, match=r"damaged|goes on in|lost|nobody leads"):
            Story(world, trouble_s=15.0).tell()


def test_a_forgotten_vote_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Wal, "make_term_durable", lambda self: None)
    assert is_noticed(BALLOTS)


@pytest.mark.parametrize("is_forgotten", [False, True])
def test_a_vote_that_is_given_again_after_a_restart(
    monkeypatch: pytest.MonkeyPatch, is_forgotten: bool
) -> None:
    """The same, step by step: b leads by c's vote; c loses power, and is asked by a."""
    if is_forgotten:
        monkeypatch.setattr(Wal, "make_term_durable", lambda self: None)
    with simulated(1) as world:
        a, b, c = world.replicas.values()
        world.run(0.01)
        world.partition("a", "bc")
        b.engine._instance.firewall.elections.deadline_s = world.now_s
        b._wake()
        assert world.run(1.0, until=lambda: b.is_raft_leader)
        world.partition("b", "ac")
        c.crash(power=True)
        c.start()
        world.network.mend("a", "c")
        world.network.dial("a", "c")
        if is_forgotten:
            with pytest.raises(Violation, match="b and a both lead in term 1"):
                world.elect("a")
        else:
            assert world.elect("a").engine.status().term > 1
        assert a.is_raft_leader


def test_promises_before_the_sync_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Wal, "durable_index", property(lambda self: self.last_index))
    assert is_noticed()


def test_a_leader_that_counts_itself_before_its_sync_is_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def count(self: Leading, peer: str, follower: object) -> bool:
        index: int = follower.matched_index  # type: ignore[attr-defined]
        if index <= follower.counted_index:  # type: ignore[attr-defined]
            return False
        follower.counted_index = index  # type: ignore[attr-defined]
        self._core.hear_matched(peer, index + 1)
        return True

    monkeypatch.setattr(Leading, "_count", count)
    assert is_noticed()


def test_truncation_on_match_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """S2: pysyncobj as it is, on both sides."""
    says_append = Leading.says_append

    def says_all_again(self: Leading, peer: str, **words: Any) -> None:
        self._followers[peer].sent_index = None
        says_append(self, peer, **words)

    monkeypatch.setattr(Leading, "says_append", says_all_again)
    monkeypatch.setattr(Following, "_count_known", lambda self, entries: 0)
    assert is_noticed()


def test_a_snapshot_that_moves_a_replica_backwards_is_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """S4f, N7: a leader that offers its snapshot to everybody, and replicas that take it."""
    says_append = Leading.says_append

    def offers_too(self: Leading, peer: str, **words: Any) -> None:
        says_append(self, peer, **words)
        newest = self.sending._store.newest
        if newest is not None:
            self.sending.begin(peer)

    begin = SendingSnapshots.begin

    def begin_once(self: SendingSnapshots, peer: str) -> None:
        if not self.is_to(peer):
            begin(self, peer)

    def install(self: Engine, snapshot: SnapshotInfo, restoration: Restoration) -> None:
        restoration.put_in_place()
        self._applying.applied_index = snapshot.index

    monkeypatch.setattr(SendingSnapshots, "begin", begin_once)
    monkeypatch.setattr(Leading, "says_append", offers_too)
    assert not is_noticed_in(5, **SETTINGS), "whoever knows better takes no harm"
    monkeypatch.setattr(ReceivingSnapshots, "_is_known", lambda self, snapshot: False)
    monkeypatch.setattr(Engine, "_install", install)
    assert is_noticed(**SETTINGS)


def test_a_snapshot_that_is_used_unchecked_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """S4c, N3: bytes change on the way, and only the check of the whole would tell."""
    read = SendingSnapshots._read
    damages_left = 3

    def changed(self: SendingSnapshots, snapshot: SnapshotInfo, start: int) -> bytes:
        nonlocal damages_left
        data = bytearray(read(self, snapshot, start))
        if start > 0 and data and damages_left > 0:
            damages_left -= 1
            data[-1] ^= 1
        return bytes(data)

    def believe(self: SnapshotStore, expected: SnapshotInfo) -> Iterator[bytes]:
        yield from self.incoming_chunks()

    monkeypatch.setattr(SendingSnapshots, "_read", changed)
    assert not is_noticed_in(5, **SETTINGS), "the check of the whole keeps damage out"
    assert damages_left == 0
    damages_left = 1_000_000
    monkeypatch.setattr(SnapshotStore, "check_incoming", believe)
    monkeypatch.setattr(SnapshotReader, "_is_intact", lambda self, crc, expected: True)
    assert is_noticed(**SETTINGS)


def test_reads_without_the_word_of_a_quorum_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """C2: a leader that trusts its lease alone reads what is old, once leadership is handed on."""
    monkeypatch.setattr(Leading, "quorum_answered", lambda self, sequence: True)
    assert is_noticed(PROFILES["links"])


def test_reads_before_all_is_applied_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A leader whose first entry is not committed yet does not know what was."""
    monkeypatch.setattr(Applying, "applied_term", property(lambda self: self._wal.term))
    assert is_noticed()


@pytest.mark.parametrize("profile", ["mixed", "links", "stale"])
@pytest.mark.parametrize("seed", [3, 4, 6])
def test_a_state_that_goes_astray_is_noticed_by_the_replicas_themselves(
    profile: str, seed: int
) -> None:
    """R12: whatever else happens, that replica stops each time, and no other.

    Not in every story: where the one that went astray leads one other for long and the third is
    away, that other one stops too. One seed in nine tells of that; these do not.
    """
    with simulated(seed) as world:
        world.replicas["c"].is_astray = True
        with pytest.raises(Violation):
            Story(world, trouble_s=15.0, profile=PROFILES[profile]).tell()
        ends = {name: fatal.cause for name, fatal in world.ledger.fatal}
    assert ends.pop("c") is FatalCause.STATE_DIVERGED
    assert FatalCause.STATE_DIVERGED not in ends.values()


def test_rot_that_is_taken_for_a_torn_write_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wal, "check_nothing_promised", lambda *args, **words: None)
    assert is_noticed(PROFILES["rot"])


def test_a_vote_by_name_instead_of_by_disk_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """N13: an emptied disk that votes loses what was acknowledged, together with one crash."""
    monkeypatch.setattr(Configuration, "is_voter", lambda self, name, disk_id: name in self.members)
    with pytest.raises(AssertionError):
        story_of_a_forgetful_disk(old_copy=False)


def test_an_old_copy_that_nobody_knows_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MembershipStore, "newest_life", lambda self, peer, standing: None)
    monkeypatch.setattr(Promises, "are_forgotten", lambda self, peer, standing: False)
    with pytest.raises(AssertionError):
        story_of_a_forgetful_disk(old_copy=True)
