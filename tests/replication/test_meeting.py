"""Who knows the newer configuration tells it; only equals speak Raft; all together found."""

from pathlib import Path
from random import Random

import pytest

from replication.config import PeerAddress, ReplicationConfig
from replication.engine.identity import IdentityFile
from replication.engine.meeting import Meeting
from replication.engine.membership_store import MembershipStore
from replication.engine.messages import ConfigurationNews, DiskNews, Envelope, Matched, Standing
from replication.membership import Configuration, Member
from tests.simulation.raft.disk import SimDisk

PEERS = {name: PeerAddress("localhost", port) for name, port in (("a", 1), ("b", 2), ("c", 3))}
NOTES = {name: f"note of {name}" for name in PEERS}


def meeting(name: str = "a", known: Configuration | None = None, names: str = "abc") -> Meeting:
    disk = SimDisk(Random(0))
    identity = IdentityFile.begin_life(disk, "blue", name, new_disk_id=lambda: f"{name}1")
    store = MembershipStore(disk, identity, incarnation=1)
    if known is not None:
        store.adopt(known)
    config = ReplicationConfig(
        cluster_id="blue",
        replica_id=name,
        data_directory=Path("nowhere"),
        listen_port=PEERS[name].port,
        advertised=PEERS[name],
        peers={other: PEERS[other] for other in names if other != name},
        notes=NOTES,
    )
    return Meeting(config, store)


def configuration(number: int, names: str = "abc", departed: str = "") -> Configuration:
    def members(of: str) -> dict[str, Member]:
        return {n: Member(f"{n}1", PEERS[n]) for n in of}

    return Configuration(number, members(names), members(departed))


def standing(name: str, number: int, *, disk: int = 1, life: int = 1, last: int = 0) -> Standing:
    return Standing(number, f"{name}{disk}", life, incarnation=life, last_index=last)


def test_those_that_know_the_same_speak_raft_at_once() -> None:
    met = meeting(known=configuration(2))
    assert met.opened("b", standing("b", 2)) is None
    assert met.speaks_raft("b")
    assert not met.is_learner("b")


def test_who_knows_an_older_one_is_told_and_not_spoken_to() -> None:
    met = meeting(known=configuration(2))
    for number in (0, 1):
        assert met.opened("b", standing("b", number)) == ConfigurationNews(configuration(2))
        assert not met.speaks_raft("b")


def test_who_knows_a_newer_one_will_tell() -> None:
    met = meeting(known=configuration(2))
    assert met.opened("b", standing("b", 3)) is None
    assert not met.speaks_raft("b")


def test_nobody_speaks_raft_before_there_is_a_configuration() -> None:
    met = meeting()
    assert met.opened("b", standing("b", 0)) is None
    assert not met.speaks_raft("b")
    assert not met.speaks_raft("c"), "there is no session with it"


def test_another_disk_is_a_learner() -> None:
    met = meeting(known=configuration(2))
    met.opened("b", standing("b", 2, disk=2))
    assert met.speaks_raft("b")
    assert met.is_learner("b")


def test_an_older_life_is_told_so_whatever_else_it_knows() -> None:
    met = meeting(known=configuration(2))
    met.opened("b", standing("b", 2, life=7))
    for number in (1, 2, 3):
        assert met.opened("b", standing("b", number, life=6)) == DiskNews("b1", 7)
        assert not met.speaks_raft("b")
    assert met.opened("b", standing("b", 2, disk=2)) is None
    assert met.speaks_raft("b")


def test_who_has_forgotten_what_it_promised_is_told_so() -> None:
    met = meeting(known=configuration(2))
    met.opened("b", standing("b", 2, last=20))
    met.promises.note("b", Envelope(0, 0, Matched(21)))
    assert met.opened("b", standing("b", 2, life=2, last=19)) == DiskNews("b1", 2)


def test_the_first_by_name_founds_when_all_are_there() -> None:
    met = meeting("a")
    met.opened("c", standing("c", 0))
    assert met.founded() is None
    met.opened("b", standing("b", 0))
    members = {n: Member(f"{n}1", PEERS[n], NOTES[n]) for n in "abc"}
    assert met.founded() == Configuration(1, members)


def test_no_other_founds() -> None:
    met = meeting("b")
    for name in "ac":
        met.opened(name, standing(name, 0))
    assert met.founded() is None


def test_nothing_is_founded_where_one_knows_of_a_cluster() -> None:
    """So emptied disks found no second cluster beside the old one."""
    met = meeting("a")
    met.opened("b", standing("b", 0))
    met.opened("c", standing("c", 1))
    assert met.founded() is None


def test_one_alone_founds_at_once_and_only_once() -> None:
    assert meeting("a", names="a").founded() is not None
    assert meeting("a", configuration(1, "a"), names="a").founded() is None


@pytest.mark.parametrize(
    ("known", "contacts"),
    [
        (configuration(1, "ab"), "b"),
        (configuration(2, "ab", departed="c"), "bc"),
        # One that is no member itself wants to hear what becomes of it.
        (configuration(2, "bc", departed="a"), "bc"),
    ],
)
def test_there_is_a_session_with_members_and_with_those_that_left(
    known: Configuration, contacts: str
) -> None:
    met = meeting("a", known, names="a")
    assert met.contacts({}) == {name: PEERS[name] for name in contacts}


@pytest.mark.parametrize("known", [None, configuration(1, "ab")])
def test_there_is_one_with_whom_the_settings_name_too(known: Configuration | None) -> None:
    """Who was away for long may know nobody else of those that are members by now."""
    assert meeting("a", known).contacts({}) == {"b": PEERS["b"], "c": PEERS["c"]}


def test_a_configuration_knows_better_than_the_settings_where_a_member_is() -> None:
    moved = Configuration(2, {"b": Member("b1", PeerAddress("elsewhere", 9))})
    contacts = meeting("a", moved).contacts({})
    assert contacts == {"b": PeerAddress("elsewhere", 9), "c": PEERS["c"]}


def test_who_is_brought_up_to_date_is_a_contact_where_it_is_said_to_be() -> None:
    moved = PeerAddress("elsewhere", 9)
    met = meeting("a", configuration(1, "ab"))
    assert met.contacts({"b": moved, "c": PEERS["c"]}) == {"b": moved, "c": PEERS["c"]}


def test_members_from_before_addresses_were_kept_are_where_the_settings_say() -> None:
    nowhere = PeerAddress("", 0)
    known = Configuration(1, {name: Member("", nowhere) for name in "abd"})
    assert meeting("a", known, names="ab").contacts({}) == {"b": PEERS["b"]}
