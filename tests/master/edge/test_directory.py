"""Where the masters are: by the configuration, and before there is one by the settings."""

from master.edge.directory import Directory, MasterAddress
from replication.config import PeerAddress
from replication.membership import BLANK, Configuration, Member
from trimast.model.ids import MasterId

M1, M2, M3 = (MasterId(name) for name in ("m1", "m2", "m3"))


def address(host: str) -> MasterAddress:
    return MasterAddress(f"{host}:5053", f"{host}:5052", f"{host}:5050")


def member(host: str) -> Member:
    return Member("disk", PeerAddress(host, 5053), address(host).note)


class Known:
    """Master m1, whose settings name m1 and m2."""

    def __init__(self, configuration: Configuration = BLANK) -> None:
        self.configuration = configuration
        named = {M1: address("one"), M2: address("two")}
        self.directory = Directory(M1, named, lambda: self.configuration)


def test_before_there_is_a_configuration_the_settings_count() -> None:
    assert Known().directory.masters == {M1: address("one"), M2: address("two")}


def test_the_newest_configuration_counts_as_soon_as_it_is_known() -> None:
    known = Known()
    known.configuration = Configuration(2, {"m1": member("one"), "m3": member("three")})
    assert known.directory.masters == {M1: address("one"), M3: address("three")}
    assert known.directory.find("m2") is None
    assert known.directory.find("m3") == address("three")
    assert known.directory.find(None) is None


def test_a_master_that_is_no_member_still_knows_where_it_is() -> None:
    known = Known(Configuration(2, {"m2": member("two"), "m3": member("three")}))
    assert list(known.directory.masters) == [M2, M3, M1]
    assert known.directory.masters[M1] == address("one")


def test_a_master_knows_better_than_the_configuration_where_it_is() -> None:
    known = Known(Configuration(2, {"m1": member("elsewhere")}))
    assert known.directory.masters == {M1: address("one")}


def test_ports_that_were_picked_are_told() -> None:
    known = Known()
    known.directory.listens(grpc="one:7", http="one:8")
    assert known.directory.own == MasterAddress("one:5053", "one:7", "one:8")


def test_members_from_before_addresses_were_kept_are_where_the_settings_say() -> None:
    nowhere = Member("", PeerAddress("", 0))
    known = Known(Configuration(1, {"m1": nowhere, "m2": nowhere, "m3": nowhere}))
    assert known.directory.masters == {
        M1: address("one"),
        M2: address("two"),
        M3: MasterAddress("", "", ""),
    }
