"""ContainerStatus <-> mesos.v1.ContainerStatus."""

from protos.mesos.v1 import mesos_pb2
from trimast.model.container_status import ContainerStatus


def container_status_to_proto(status: ContainerStatus, message: mesos_pb2.ContainerStatus) -> None:
    message.container_id.value = status.container_id
    if status.pid:
        message.executor_pid = status.pid
    if status.ip_address:
        message.network_infos.add().ip_addresses.add(ip_address=status.ip_address)


def container_status_from_proto(message: mesos_pb2.ContainerStatus) -> ContainerStatus:
    addresses = [
        address.ip_address for info in message.network_infos for address in info.ip_addresses
    ]
    return ContainerStatus(
        message.container_id.value, message.executor_pid, addresses[0] if addresses else ""
    )
