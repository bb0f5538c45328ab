"""Under which address a task is reached: clients of Mesos look for it in what is said of it."""

from master.registry.state import RegistryState
from protos.mesos.v1 import mesos_pb2
from protos.mesos.v1.scheduler import scheduler_pb2
from trimast.model.addresses import address_in
from trimast.model.ids import AgentId

_IP = mesos_pb2.NetworkInfo


def add_address(event: scheduler_pb2.Event, registry: RegistryState) -> None:
    """Tasks have the network of their agent. If that goes by a name, its address is not known."""
    if event.type != scheduler_pb2.Event.UPDATE or not event.update.status.uuid:
        return
    status = event.update.status
    agent = registry.agents.get(AgentId(status.agent_id.value))
    address = address_in(agent.info.hostname) if agent is not None else None
    if address is None or status.container_status.network_infos:
        return
    network = status.container_status.network_infos.add()
    network.ip_addresses.add(ip_address=address, protocol=_IP.IPv6 if ":" in address else _IP.IPv4)
