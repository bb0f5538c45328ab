"""AgentInfo <-> mesos.v1.AgentInfo."""

from protos.mesos.v1 import mesos_pb2
from trimast.edge.wire.bad_message import BadMessage
from trimast.edge.wire.resources_codec import (
    attributes_from_proto,
    attributes_to_proto,
    resources_from_proto,
    resources_to_proto,
)
from trimast.model.agent import AgentInfo

_PORT_MAX = 65_535


def agent_info_from_proto(message: mesos_pb2.AgentInfo, *, boot_id: str, version: str) -> AgentInfo:
    if not message.hostname:
        raise BadMessage("an agent must name its hostname")
    if not 0 <= message.port <= _PORT_MAX:
        raise BadMessage(f"an agent's port is between 0 and {_PORT_MAX}, not {message.port}")
    return AgentInfo(
        hostname=message.hostname,
        http_port=message.port,
        resources=resources_from_proto(message.resources),
        attributes=attributes_from_proto(message.attributes),
        boot_id=boot_id,
        version=version,
    )


def agent_info_to_proto(info: AgentInfo) -> mesos_pb2.AgentInfo:
    return mesos_pb2.AgentInfo(
        hostname=info.hostname,
        port=info.http_port,
        resources=resources_to_proto(info.resources),
        attributes=attributes_to_proto(info.attributes),
    )
