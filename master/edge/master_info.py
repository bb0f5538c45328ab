"""This master as Mesos clients know masters."""

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
        ip=0,  # Of no use since there is `address`, but required.
        port=port,
        pid=f"master@{address}",
        hostname=host,
        version=MESOS_VERSION,
    )
    info.address.hostname = host
    info.address.port = port
    return info
