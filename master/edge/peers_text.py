"""The `peers` setting, read: `m1=10.0.0.1:5053/10.0.0.1:5052/10.0.0.1:5050`, one a master."""

from collections.abc import Iterable

from master.edge.directory import MasterAddress
from trimast.model.ids import MasterId

_SHAPE = "id=raft/grpc/http with host:port each"


def peers_from_text(peers: Iterable[str]) -> dict[MasterId, MasterAddress]:
    """
    Raises:
        ValueError: names the entry that cannot be read, and how it should look.
    """
    masters: dict[MasterId, MasterAddress] = {}
    for peer in peers:
        master_id, equals, addresses = peer.partition("=")
        parts = addresses.split("/")
        if not (master_id and equals) or len(parts) != 3:
            raise ValueError(f"peer {peer!r} should be {_SHAPE}")
        for part in parts:
            host_and_port(part)
        if master_id in masters:
            raise ValueError(f"peers names {master_id} twice")
        masters[MasterId(master_id)] = MasterAddress(*parts)
    return masters


def host_and_port(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not (host and colon) or not port.isdigit() or not 0 < int(port) < 65_536:
        raise ValueError(f"{text!r} should be host:port")
    return host, int(port)
