"""Which network a task is in <-> mesos.v1.ContainerInfo.network_infos."""

from typing import Final

from protos.mesos.v1 import mesos_pb2
from trimast.edge.wire.bad_message import BadMessage
from trimast.model.container import Network

_NETWORKS: Final = {"": Network.HOST, "host": Network.HOST, "none": Network.NONE}


def network_from_proto(message: mesos_pb2.ContainerInfo) -> Network:
    """Raises BadMessage."""
    if not message.network_infos:
        return Network.HOST
    if len(message.network_infos) > 1:
        raise BadMessage("Task's container is in more than one network, which is not supported yet")
    [info] = message.network_infos
    for field, _ in info.ListFields():
        if field.name != "name":
            raise BadMessage(f"Task's network_infos uses {field.name}, which is not supported yet")
    network = _NETWORKS.get(info.name)
    if network is None:
        raise BadMessage(f"Task's network must be 'host' or 'none', not {info.name!r}")
    return network


def network_to_proto(network: Network, message: mesos_pb2.ContainerInfo) -> None:
    if network is not Network.HOST:
        message.network_infos.add(name=network.value)
