"""The agents' door: one gRPC stream a link, reports in, orders out."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import grpc.aio

from master.edge.agent_link_codec import AgentOrder, event_from_message, messages_from_orders
from master.edge.doors import Doorkeeper
from master.edge.leadership import Reign
from master.edge.streams import Streams
from master.leader.events import AgentConnected, AgentDisconnected
from master.presence.agents import LinkId
from protos.trimast.v1 import agent_link_pb2, agent_link_pb2_grpc
from trimast.edge.wire.bad_message import BadMessage

_Context = grpc.aio.ServicerContext[Any, Any]


class AgentService(agent_link_pb2_grpc.AgentLinkServicer):
    def __init__(self, doorkeeper: Doorkeeper, links: Streams[AgentOrder]) -> None:
        self._doorkeeper = doorkeeper
        self._links = links

    async def Connect(  # noqa: N802 - gRPC's name
        self, request_iterator: AsyncIterator[agent_link_pb2.AgentMessage], context: _Context
    ) -> AsyncIterator[agent_link_pb2.MasterMessage]:
        reign = await self._doorkeeper.reign_or_redirect(context)
        link_id = LinkId(self._links.new_number())
        listener = _Listener(reign, link_id)
        talk = self._doorkeeper.converse(
            self._links, link_id, reign, request_iterator, listener.hear, context
        )
        try:
            async with aclosing(talk) as batches:
                async for batch in batches:
                    for message in self._messages(reign, batch):
                        yield message
        finally:
            reign.submit(AgentDisconnected(link_id))

    def _messages(
        self, reign: Reign, orders: list[AgentOrder]
    ) -> list[agent_link_pb2.MasterMessage]:
        return messages_from_orders(
            orders,
            epoch=reign.state.epoch,
            master_id=self._doorkeeper.directory.own_id,
            settings=reign.state.settings,
        )


class _Listener:
    """An agent says hello first, and once."""

    def __init__(self, reign: Reign, link_id: LinkId) -> None:
        self._reign = reign
        self._link_id = link_id
        self._has_said_hello = False

    def hear(self, message: agent_link_pb2.AgentMessage) -> None:
        event = event_from_message(self._link_id, message)
        is_hello = isinstance(event, AgentConnected)
        if is_hello is self._has_said_hello:
            raise BadMessage("the first message of an agent is its hello, and there is only one")
        self._has_said_hello = True
        self._reign.submit(event)
