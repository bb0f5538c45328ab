"""Agents in the older JSON of Mesos."""

from collections.abc import Iterator
from typing import Any

from master.registry.records import AgentRecord
from master.views.mesos.amounts import (
    amounts_document,
    full_documents,
    full_reserved_documents,
    reserved_document,
    unreserved_document,
)
from master.views.picture import Picture
from trimast.model.ids import AgentId
from trimast.model.resource_kind import selected
from trimast.model.resources import NOTHING, Resources

CAPABILITIES = (
    "MULTI_ROLE",
    "HIERARCHICAL_ROLE",
    "RESERVATION_REFINEMENT",
    "TASK_RESOURCE_LIMITS",
)
AGENT_PROCESS = "slave(1)"


def offered_by_agent(picture: Picture) -> dict[AgentId, Resources]:
    offered: dict[AgentId, Resources] = {}
    for offer in picture.offers:
        offered[offer.agent_id] = offered.get(offer.agent_id, NOTHING) + offer.resources
    return offered


def agent_documents(picture: Picture, *, full: bool) -> Iterator[dict[str, Any]]:
    """
    Args:
        full: with all resources one by one, as well.
    """
    offered = offered_by_agent(picture)
    for agent in picture.known_agents:
        document = _agent_document(picture, agent, offered.get(agent.agent_id, NOTHING))
        if full:
            document |= _full(picture, agent, offered.get(agent.agent_id, NOTHING))
        yield document


def _agent_document(picture: Picture, agent: AgentRecord, offered: Resources) -> dict[str, Any]:
    info = agent.info
    total = picture.total_on(agent)
    document = {
        "id": agent.agent_id,
        "hostname": info.hostname,
        "port": info.http_port,
        "attributes": {attribute.name: _value(attribute.text) for attribute in info.attributes},
        "pid": f"{AGENT_PROCESS}@{info.hostname}:{info.http_port}",
        "registered_time": agent.admitted_at_ms / 1000,
        "resources": amounts_document(total),
        "used_resources": amounts_document(picture.used_on(agent)),
        "offered_resources": amounts_document(offered),
        "reserved_resources": reserved_document(total),
        "unreserved_resources": unreserved_document(total),
        "active": agent.agent_id in picture.linked,
        "deactivated": False,
        "version": info.version,
        "capabilities": CAPABILITIES,
    }
    if agent.changed_at_ms != agent.admitted_at_ms:
        document["reregistered_time"] = agent.changed_at_ms / 1000
    return document


def _full(picture: Picture, agent: AgentRecord, offered: Resources) -> dict[str, Any]:
    total, used = picture.total_on(agent), picture.used_on(agent)
    unreserved = selected(total, lambda kind: not kind.role)
    return {
        "reserved_resources_full": full_reserved_documents(total),
        "unreserved_resources_full": full_documents(unreserved),
        "used_resources_full": full_documents(used),
        "offered_resources_full": full_documents(offered),
    }


def _value(text: str) -> str | float:
    """Numbers are numbers to Mesos; an agent here knows only texts."""
    try:
        number = float(text)
    except ValueError:
        return text
    return number if text[:1] in "-0123456789" and abs(number) < 1e15 else text
