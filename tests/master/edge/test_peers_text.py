"""The peers setting: read, or refused by name."""

import pytest

from master.edge.directory import MasterAddress
from master.edge.peers_text import peers_from_text


def test_every_master_has_three_addresses() -> None:
    peers = ["m1=a:1/a:2/a:3", "m2=b:1/b:2/b:3"]
    assert peers_from_text(peers) == {
        "m1": MasterAddress("a:1", "a:2", "a:3"),
        "m2": MasterAddress("b:1", "b:2", "b:3"),
    }


@pytest.mark.parametrize(
    ("peer", "fault"),
    [
        ("m1", "id=raft/grpc/http"),
        ("m1=a:1/a:2", "id=raft/grpc/http"),
        ("=a:1/a:2/a:3", "id=raft/grpc/http"),
        ("m1=a:1/a:2/a:x", "'a:x' should be host:port"),
        ("m1=a:1/a:2/a:70000", "'a:70000' should be host:port"),
    ],
)
def test_what_cannot_be_read_is_named(peer: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        peers_from_text([peer])


def test_a_master_is_named_once() -> None:
    with pytest.raises(ValueError, match="names m1 twice"):
        peers_from_text(["m1=a:1/a:2/a:3"] * 2)
