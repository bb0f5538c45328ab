"""This master as Mesos clients know masters."""

import socket
from typing import Final

from master.edge.directory import Directory
from master.edge.peers_text import host_and_port
from protos.mesos.v1 import mesos_pb2

MESOS_VERSION: Final = "1.11.0"
"""The Mesos release whose v1 API is spoken: clients compare it."""


def master_info(directory: Directory) -> mesos_pb2.MasterInfo:
    address = directory.own.http
    host, port = host_and_port(address)
    info = mesos_pb2.MasterInfo(
        id=directory.own_id,
        ip=_as_number(host),
        port=port,
        pid=f"master@{address}",
        hostname=host,
        version=MESOS_VERSION,
    )
    info.address.hostname = host
    info.address.port = port
    if info.ip:
        info.address.ip = host
    return info


def _as_number(host: str) -> int:
    """The bytes of an IPv4 address as they travel, read as a number of a small-endian machine: as
    Mesos has it since before there was `address`. 0 for a name, or IPv6: the field is required."""
    try:
        return int.from_bytes(socket.inet_aton(host), "little")
    except OSError:
        return 0
