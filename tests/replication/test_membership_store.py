"""What a replica is, and the lives of the disks it met, outlive a restart."""

from random import Random

import pytest

from replication.config import PeerAddress
from replication.engine.checked_file import CheckedFileDamaged
from replication.engine.configuration_codec import CONFIGURATION_FILE
from replication.engine.identity import IdentityFile
from replication.engine.membership_store import LIVES_FILE, MembershipStore
from replication.engine.messages import Standing
from replication.membership import BLANK, Configuration, Member
from tests.simulation.raft.disk import SimDisk

NOWHERE = PeerAddress("", 0)


def opened(disk: SimDisk, *, incarnation: int = 5) -> MembershipStore:
    identity = IdentityFile.begin_life(disk, "blue", "a", new_disk_id=lambda: "a1")
    return MembershipStore(disk, identity, incarnation=incarnation)


def new_disk() -> SimDisk:
    return SimDisk(Random(0))


def configuration(number: int, **disks: str) -> Configuration:
    return Configuration(number, {name: Member(disk, NOWHERE) for name, disk in disks.items()})


def life(number: int, incarnation: int = 1, disk_id: str = "b1") -> Standing:
    return Standing(1, disk_id, number, incarnation)


def test_a_new_directory_knows_nothing_and_votes_nowhere() -> None:
    store = opened(new_disk())
    assert store.configuration == BLANK
    assert not store.is_voter
    assert store.standing == Standing(0, "a1", 1, 5)


def test_a_configuration_is_known_again_after_a_restart() -> None:
    disk = new_disk()
    opened(disk).adopt(configuration(3, a="a1", b="b1"))
    again = opened(disk, incarnation=6)
    assert again.configuration == configuration(3, a="a1", b="b1")
    assert again.is_voter
    assert again.standing == Standing(3, "a1", 2, 6)


@pytest.mark.parametrize("number", [1, 2])
def test_an_older_configuration_is_never_adopted(number: int) -> None:
    store = opened(new_disk())
    store.adopt(configuration(2, a="a1"))
    with pytest.raises(AssertionError):
        store.adopt(configuration(number, a="a1"))


def test_another_disk_under_the_same_name_does_not_vote() -> None:
    disk = new_disk()
    store = opened(disk)
    store.adopt(configuration(1, a="a1"))
    store.become_another_disk("a2")
    assert not store.is_voter
    assert not opened(disk).is_voter
    assert opened(disk).disk_id == "a2"


def test_a_configuration_that_cannot_be_read_is_refused() -> None:
    disk = new_disk()
    opened(disk).adopt(configuration(1, a="a1"))
    disk.overwrite(CONFIGURATION_FILE, b"X")
    with pytest.raises(CheckedFileDamaged, match=CONFIGURATION_FILE):
        opened(disk)


@pytest.mark.parametrize(
    ("met", "newest"),
    [
        (life(3, 1), None),
        (life(4, 2), None),
        (life(2, 1), 3),
        (life(2, 2), 3),
        # Two starts from two copies: each counted the same life.
        (life(3, 2), 3),
        # Another disk may be as young as it likes.
        (life(1, 1, "b2"), None),
    ],
)
def test_an_older_life_of_a_disk_is_known(met: Standing, newest: int | None) -> None:
    disk = new_disk()
    opened(disk).note_life("b", life(3, 1))
    assert opened(disk).newest_life("b", met) == newest


def test_nothing_is_known_of_who_was_never_met() -> None:
    assert opened(new_disk()).newest_life("b", life(1)) is None


def test_disks_without_an_id_are_not_told_apart() -> None:
    """From before disks had ids."""
    store = opened(new_disk())
    store.note_life("b", life(3, 1, ""))
    assert store.newest_life("b", life(1, 1, "")) is None


def test_a_damaged_file_of_lives_keeps_nobody_away() -> None:
    disk = new_disk()
    opened(disk).note_life("b", life(3))
    disk.overwrite(LIVES_FILE, b"X")
    again = opened(disk)
    assert again.newest_life("b", life(1)) is None
    again.note_life("b", life(4))
    assert opened(disk).newest_life("b", life(1)) == 4
