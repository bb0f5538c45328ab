"""From one configuration to the next: nothing behind the seal stays, then the next begins."""

from random import Random

import pytest

from replication.config import PeerAddress
from replication.engine.identity import IdentityFile
from replication.engine.membership_store import MembershipStore
from replication.engine.reconfiguring import Reconfiguring
from replication.engine.wal import Wal
from replication.engine.wal_flush import flush_now
from replication.membership import Configuration, Member
from tests.simulation.raft.disk import SimDisk


class Disk:
    """A replica's disk with configuration 1 and a log of six entries, all taken for committed."""

    def __init__(self) -> None:
        self.disk = SimDisk(Random(0))
        self.open()
        self.membership.adopt(configuration(1))
        for index in range(1, 7):
            self.wal.add(b"\x01%d" % index, index, 1)
        self.wal.setRaftCommitIndex(6)
        self.flush()

    def open(self) -> None:
        identity = IdentityFile.begin_life(self.disk, "blue", "a", new_disk_id=lambda: "a1")
        self.membership = MembershipStore(self.disk, identity, incarnation=1)
        self.wal = Wal(self.disk, segment_bytes_max=65_536)
        self.reconfiguring = Reconfiguring(self.membership, self.wal)

    def flush(self) -> None:
        assert not self.wal.is_flushed
        flush_now(self.wal)


def configuration(number: int, *, base_index: int = 1) -> Configuration:
    member = Member("a1", PeerAddress("", 0))
    return Configuration(number, {"a": member}, {}, base_index, base_term=1)


def test_what_follows_the_seal_is_void() -> None:
    here = Disk()
    assert here.reconfiguring.begin(configuration(2, base_index=4), applied_index=4)
    assert (here.wal.last_index, here.wal.getRaftCommitIndex()) == (4, 4)
    assert here.reconfiguring.is_under_way


def test_the_next_begins_when_what_is_void_is_gone_from_the_disk() -> None:
    here = Disk()
    here.reconfiguring.begin(configuration(2, base_index=4), applied_index=4)
    assert not here.reconfiguring.run()
    assert here.membership.configuration.number == 1
    here.flush()
    assert here.reconfiguring.run()
    assert here.membership.configuration.number == 2
    assert not here.reconfiguring.is_under_way
    here.open()
    assert (here.membership.configuration.number, here.wal.last_index) == (2, 4)


@pytest.mark.parametrize("number", [0, 1])
def test_an_older_one_is_no_news(number: int) -> None:
    here = Disk()
    assert not here.reconfiguring.begin(configuration(number), applied_index=6)
    assert (here.reconfiguring.is_under_way, here.wal.last_index) == (False, 6)


def test_one_that_is_under_way_is_no_news_twice() -> None:
    here = Disk()
    assert here.reconfiguring.begin(configuration(2, base_index=4), applied_index=4)
    assert not here.reconfiguring.begin(configuration(2, base_index=4), applied_index=4)
    assert here.reconfiguring.begin(configuration(3, base_index=9), applied_index=4)


def test_behind_a_configuration_that_was_missed_only_what_was_applied_is_sure() -> None:
    here = Disk()
    assert here.reconfiguring.begin(configuration(3, base_index=5), applied_index=3)
    assert here.wal.last_index == 3


def test_a_stop_in_between_repeats_it() -> None:
    here = Disk()
    here.reconfiguring.begin(configuration(2, base_index=4), applied_index=4)
    here.disk.lose_power()
    here.open()
    assert (here.membership.configuration.number, here.wal.last_index) == (1, 6)
    assert here.reconfiguring.begin(configuration(2, base_index=4), applied_index=1)
    here.flush()
    assert here.reconfiguring.run()
    assert here.wal.last_index == 4


def test_who_lacks_the_base_keeps_all_it_has() -> None:
    here = Disk()
    assert here.reconfiguring.begin(configuration(2, base_index=40), applied_index=2)
    assert here.wal.last_index == 6
    assert here.reconfiguring.run()
