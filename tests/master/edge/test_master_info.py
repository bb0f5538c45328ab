"""A master as its clients know it: the address in every way in which they read it."""

import pytest

from master.edge.directory import Directory, MasterAddress
from master.edge.master_info import master_info
from replication.membership import BLANK
from trimast.model.ids import MasterId


def a_directory(http: str) -> Directory:
    named = {MasterId("m1"): MasterAddress("h:1", "h:2", http)}
    return Directory(MasterId("m1"), named, lambda: BLANK)


@pytest.mark.parametrize(
    ("http", "number", "ip"),
    [
        ("127.0.0.1:5050", 16777343, "127.0.0.1"),
        ("10.0.0.2:80", 33554442, "10.0.0.2"),
        ("master.example:5050", 0, ""),
    ],
)
def test_an_address_is_written_as_a_number_too(http: str, number: int, ip: str) -> None:
    info = master_info(a_directory(http))
    assert (info.ip, info.address.ip) == (number, ip)
    assert (info.pid, info.hostname) == (f"master@{http}", http.rpartition(":")[0])
    assert info.port == info.address.port == int(http.rpartition(":")[2])
    assert info.IsInitialized()
