"""A damaged log is set aside, and its disk counts as another one, if others have what it had."""

from random import Random

import pytest

from replication.config import PeerAddress
from replication.engine.healing import open_log
from replication.engine.identity import IdentityFile
from replication.engine.membership_store import MembershipStore
from replication.engine.term_file import COPIES, TermFileDamaged
from replication.engine.wal import Wal, WalDamaged
from replication.engine.wal_flush import flush_now
from replication.membership import Configuration, Member
from tests.simulation.raft.disk import PowerLoss, SimDisk, losing_power_at

Opened = tuple[MembershipStore, Wal]


def membership_on(disk: SimDisk) -> MembershipStore:
    identity = IdentityFile.begin_life(disk, "blue", "a", new_disk_id=lambda: "a1")
    return MembershipStore(disk, identity, incarnation=1)


def opened(disk: SimDisk) -> Opened:
    membership = membership_on(disk)
    _, wal = open_log(
        disk, membership, segment_bytes_max=65_536, new_disk_id=lambda: f"new{len(disk.names())}"
    )
    return membership, wal


def disk_of_a_member(names: str = "abc") -> SimDisk:
    """With a vote and three synced entries."""
    disk = SimDisk(Random(0))
    membership, wal = opened(disk)
    members = {name: Member(f"{name}1", PeerAddress("", 0)) for name in names}
    membership.adopt(Configuration(1, members))
    wal.setCurrentTerm(5, "b")
    wal.make_term_durable()
    for index in range(1, 4):
        wal.add(b"\x01%d" % index, index, 5)
        flush_now(wal)
    return disk


def log_of(disk: SimDisk) -> str:
    [name] = [name for name in disk.names() if name.endswith(".wal")]
    return name


def damage(disk: SimDisk, name: str) -> None:
    data = bytearray(disk.read(name))
    # The newest file of the log ends in zeros.
    data[len(data.rstrip(b"\0")) // 2] ^= 1
    disk.overwrite(name, bytes(data))


def test_a_sound_disk_stays_what_it_is() -> None:
    membership, wal = opened(disk_of_a_member())
    assert (membership.disk_id, membership.is_voter) == ("a1", True)
    assert (wal.last_index, wal.term, wal.getVotedForNodeId()) == (3, 5, "b")


def test_a_damaged_log_makes_it_another_disk() -> None:
    disk = disk_of_a_member()
    name = log_of(disk)
    damage(disk, name)
    damaged = disk.read(name)
    membership, wal = opened(disk)
    assert membership.disk_id.startswith("new")
    assert not membership.is_voter
    assert membership.configuration.number == 1, "it knows whom to ask"
    assert (wal.last_index, wal.term, wal.getVotedForNodeId()) == (0, 0, None)
    assert disk.read(name + ".damaged") == damaged


def test_damaged_terms_make_it_another_disk_too() -> None:
    disk = disk_of_a_member()
    for name in COPIES:
        damage(disk, name)
    membership, _ = opened(disk)
    assert not membership.is_voter


def test_one_that_belongs_to_no_cluster_has_promised_nothing() -> None:
    disk = disk_of_a_member("")
    damage(disk, log_of(disk))
    membership, _ = opened(disk)
    assert not membership.is_voter


def test_one_alone_has_nobody_to_ask() -> None:
    disk = disk_of_a_member("a")
    name = log_of(disk)
    damage(disk, name)
    before = disk.copy()
    with pytest.raises(WalDamaged):
        opened(disk)
    assert {n: disk.read(n) for n in before if n != "identity"} == {
        n: data for n, data in before.items() if n != "identity"
    }


def test_one_alone_does_not_invent_a_term() -> None:
    disk = disk_of_a_member("a")
    for name in COPIES:
        damage(disk, name)
    with pytest.raises(TermFileDamaged):
        opened(disk)


def test_of_an_earlier_damage_nothing_is_kept() -> None:
    disk = disk_of_a_member()
    disk.overwrite("0000000000000999.wal.damaged", b"old")
    damage(disk, log_of(disk))
    opened(disk)
    assert "0000000000000999.wal.damaged" not in disk.names()


def test_a_stop_at_any_moment_never_leaves_a_voter_without_its_log() -> None:
    for operations in range(1, 30):
        disk = disk_of_a_member()
        damage(disk, log_of(disk))
        disk.fault = losing_power_at(operations)
        try:
            opened(disk)
            is_done = True
        except PowerLoss:
            is_done = False
        disk.lose_power()
        membership, wal = opened(disk)
        assert (membership.is_voter, wal.last_index) == (False, 0)
        if is_done:
            return
    raise AssertionError("it never came to its end")
