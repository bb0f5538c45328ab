"""Offer <-> mesos.v1.Offer."""

from protos.mesos.v1 import mesos_pb2
from trimast.edge.wire.resources_codec import (
    attributes_from_proto,
    attributes_to_proto,
    resources_from_proto,
    resources_to_proto,
)
from trimast.model.ids import AgentId, FrameworkId, OfferId
from trimast.model.offer import Offer

AGENT_PATH = "/slave(1)"


def offer_to_proto(offer: Offer) -> mesos_pb2.Offer:
    message = mesos_pb2.Offer(
        id=mesos_pb2.OfferID(value=offer.offer_id),
        framework_id=mesos_pb2.FrameworkID(value=offer.framework_id),
        agent_id=mesos_pb2.AgentID(value=offer.agent_id),
        hostname=offer.hostname,
        resources=resources_to_proto(offer.resources),
        attributes=attributes_to_proto(offer.attributes),
    )
    message.allocation_info.role = offer.role
    for resource in message.resources:
        resource.allocation_info.role = offer.role
    message.url.scheme = "http"
    message.url.address.hostname = offer.hostname
    message.url.address.port = offer.http_port
    message.url.path = AGENT_PATH
    return message


def offer_from_proto(message: mesos_pb2.Offer) -> Offer:
    return Offer(
        offer_id=OfferId(message.id.value),
        framework_id=FrameworkId(message.framework_id.value),
        agent_id=AgentId(message.agent_id.value),
        resources=resources_from_proto(message.resources),
        hostname=message.hostname,
        http_port=message.url.address.port,
        attributes=attributes_from_proto(message.attributes),
        role=message.allocation_info.role,
    )
