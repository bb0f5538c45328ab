"""The stream of the operators' API: how the cluster is, and then what changes, as it changes."""

import asyncio
from collections.abc import Iterator
from typing import Final

import structlog
from aiohttp import web

from master.edge.doors import Doorkeeper
from master.edge.leadership import Reign
from master.edge.mesos.cluster_watch import HEARTBEAT, ClusterWatch, Listener
from master.edge.mesos.leading import NO_LEADER
from master.edge.mesos.live_stream import LiveStream
from master.edge.mesos.operator_answers import fill_state
from master.edge.streams import SlowReader
from master.views.picture import take_picture
from protos.mesos.v1.master import master_pb2
from trimast.edge.mesos_http import Refusal, in_slices
from trimast.edge.recordio import to_record
from trimast.edge.rendering import Renderer
from trimast.edge.turns import Turns

log = structlog.get_logger()

STATES_WRITTEN_MAX: Final = 16
"""How the cluster is may be a lot, and a slow reader's copy of it is kept until it has read it."""
STATE_PATIENCE_S: Final = 30.0


class OperatorStream:
    def __init__(
        self, doorkeeper: Doorkeeper, renderer: Renderer, watch: ClusterWatch, turns: Turns
    ) -> None:
        self._doorkeeper = doorkeeper
        self._turns = turns
        self._renderer = renderer
        self._watch = watch
        self._writing_states = asyncio.Semaphore(STATES_WRITTEN_MAX)

    async def serve(
        self, request: web.Request, reign: Reign, content_type: str
    ) -> web.StreamResponse:
        """Until either side has enough.

        Raises:
            Refusal: it cannot be begun now.
        """
        number, listener = self._watch.join(content_type)
        stream = LiveStream(request, content_type, self._turns, listener.outbox.close)
        try:
            state = await self._renderer.render(
                ("SUBSCRIBED", content_type), lambda: self._state(reign, content_type)
            )
            async with self._writing_states:
                # Many are told at once how it is: others have their turn in between.
                await self._turns.mine()
                await stream.begin()
                await stream.send_record(to_record(state), taken_within_s=STATE_PATIENCE_S)
            await self._tell(stream, listener)
        except ConnectionError:
            pass  # It has hung up.
        except SlowReader:
            log.warning("slow_watcher_cut_off", peer=request.remote)
            self._watch.count_slow()
            stream.break_off()
        finally:
            stream.end()
            self._watch.leave(number)
        return stream.response

    def _state(self, reign: Reign, content_type: str) -> Iterator[bytes]:
        """How it is now, for all who wait for it; what happens from now on they hear after it."""
        if self._doorkeeper.leadership.reign is not reign:
            raise Refusal(503, NO_LEADER)
        self._watch.begin_hearing(content_type)
        heartbeat_s = reign.state.settings.heartbeat_ms / 1000
        self._watch.beat(heartbeat_s)
        event = master_pb2.Event(type=master_pb2.Event.SUBSCRIBED)
        event.subscribed.heartbeat_interval_seconds = heartbeat_s
        event.subscribed.get_state.SetInParent()
        steps = fill_state(event.subscribed.get_state, take_picture(reign.state))
        return in_slices(event, steps, content_type)

    async def _tell(self, stream: LiveStream, listener: Listener) -> None:
        await stream.send_record(HEARTBEAT.record(listener.content_type))
        async for batch in listener.outbox.batches():
            for news in batch:
                await stream.send_record(news.record(listener.content_type))
        if listener.outbox.overflowed:
            raise SlowReader
