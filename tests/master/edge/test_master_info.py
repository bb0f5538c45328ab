"""Masters as Mesos clients know them."""

import pytest

from master.edge.directory import Directory, MasterAddress
from master.edge.master_info import master_info
from replication.membership import Configuration
from trimast.model.ids import MasterId


def info_of(http: str) -> tuple[int, str, str, int, str]:
    own = MasterId("m1")
    directory = Directory(
        own, {own: MasterAddress("127.0.0.1:1", "127.0.0.1:2", http)}, lambda: Configuration(0, {})
    )
    info = master_info(directory)
    return info.ip, info.address.ip, info.hostname, info.port, info.pid


@pytest.mark.parametrize(
    ("http", "expected"),
    [
        ("127.0.0.1:5050", (16777343, "127.0.0.1", "127.0.0.1", 5050, "master@127.0.0.1:5050")),
        ("m1.prod:5050", (0, "", "m1.prod", 5050, "master@m1.prod:5050")),
    ],
)
def test_an_address_is_said_in_every_way_that_clients_read(
    http: str, expected: tuple[int, str, str, int, str]
) -> None:
    assert info_of(http) == expected
