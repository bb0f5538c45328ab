"""Which frameworks are on the line, and how long the others may stay away."""

from collections import deque
from dataclasses import dataclass, field
from typing import NewType

from trimast.model.ids import FrameworkId

StreamId = NewType("StreamId", int)


@dataclass(frozen=True, slots=True)
class ProposedUpdate:
    """
    Attributes:
        request: names the answer.
        suppressed: it wants no offers, from then on.
    """

    request: int
    suppressed: bool


@dataclass(slots=True)
class FrameworkStream:
    """
    Attributes:
        subscription: the registry's count when this stream was subscribed; 0 until then.
        is_leaving: it asked for its own teardown; the end of the stream is no surprise.
        updates: that are proposed and not decided yet, in their order.
    """

    stream_id: StreamId
    framework_id: FrameworkId
    starts_suppressed: bool
    heartbeat_ms: int
    subscription: int = 0
    is_leaving: bool = False
    updates: deque[ProposedUpdate] = field(default_factory=deque)


@dataclass(slots=True)
class FrameworkPresence:
    """
    Attributes:
        streams: every open stream, subscribed or about to be.
        stream_of: the one stream over which a framework is subscribed.
        removed_at_ms: for each framework that is away: when it will be removed.
    """

    streams: dict[StreamId, FrameworkStream] = field(default_factory=dict)
    stream_of: dict[FrameworkId, FrameworkStream] = field(default_factory=dict)
    removed_at_ms: dict[FrameworkId, int] = field(default_factory=dict)

    def subscribed(self, stream_id: StreamId) -> FrameworkStream | None:
        """The stream, if it is the one that speaks for its framework."""
        stream = self.streams.get(stream_id)
        if stream is None or self.stream_of.get(stream.framework_id) is not stream:
            return None
        return stream

    def subscribe(self, stream: FrameworkStream) -> FrameworkStream | None:
        """The stream speaks for its framework from here on; returns the one that did before."""
        former = self.stream_of.get(stream.framework_id)
        if former is not None:
            del self.streams[former.stream_id]
        self.stream_of[stream.framework_id] = stream
        self.removed_at_ms.pop(stream.framework_id, None)
        return former

    def disconnect(self, stream_id: StreamId) -> FrameworkStream | None:
        """Returns the stream if it spoke for its framework."""
        stream = self.streams.pop(stream_id, None)
        if stream is None or self.stream_of.get(stream.framework_id) is not stream:
            return None
        del self.stream_of[stream.framework_id]
        return stream
