"""This master as Mesos clients know masters."""

import socket
import struct
from typing import Final

from master.edge.directory import Directory
from master.edge.peers_text import host_and_port
from protos.mesos.v1 import mesos_pb2
from trimast.model.addresses import address_in

MESOS_VERSION: Final = "1.11.0"
"""The Mesos release whose v1 API is spoken: clients compare it."""


def master_info(directory: Directory) -> mesos_pb2.MasterInfo:
    address = directory.own.http
    host, port = host_and_port(address)
    info = mesos_pb2.MasterInfo(
        id=directory.own_id,
        ip=_number_of(host),
        port=port,
        pid=f"master@{address}",
        hostname=host,
        version=MESOS_VERSION,
    )
    info.address.hostname = host
    if address_in(host) is not None:
        info.address.ip = host
    info.address.port = port
    return info


def _number_of(host: str) -> int:
    """An IPv4 address as its bytes lie in memory; 0 for anything else, as there is `address`."""
    if ":" in host or address_in(host) is None:
        return 0
    number: int = struct.unpack("<I", socket.inet_aton(host))[0]
    return number
