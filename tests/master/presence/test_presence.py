"""Presence: one link an agent, one stream a framework, and when to give up on the rest."""

from master.presence.agents import AgentLink, AgentPresence, LinkId, LinkStage
from master.presence.frameworks import FrameworkPresence, FrameworkStream, StreamId
from tests.master.led_cluster import AGENT, AGENT_INFO, FRAMEWORK


def a_link(number: int, stage: LinkStage = LinkStage.ACTIVE) -> AgentLink:
    return AgentLink(LinkId(number), AGENT, AGENT_INFO, b"", stage, heard_ms=0, pinged_ms=0)


def test_a_newer_link_replaces_the_older() -> None:
    presence = AgentPresence()
    first, second = a_link(1), a_link(2)
    assert presence.connect(first) is None
    assert presence.connect(second) is first
    assert presence.disconnect(LinkId(1), lost_at_ms=9) is None
    assert presence.active_link(AGENT) is second


def test_an_agent_without_a_link_has_until_its_time() -> None:
    presence = AgentPresence()
    presence.connect(a_link(1))
    presence.disconnect(LinkId(1), lost_at_ms=9)
    assert presence.lost_at_ms == {AGENT: 9}
    presence.connect(a_link(2, LinkStage.ADMITTING))
    assert presence.lost_at_ms == {}
    assert presence.active_link(AGENT) is None


def test_only_the_subscribed_stream_speaks_for_its_framework() -> None:
    presence = FrameworkPresence()
    streams = [FrameworkStream(StreamId(n), FRAMEWORK, False, 0) for n in (1, 2)]
    for stream in streams:
        presence.streams[stream.stream_id] = stream
    assert presence.subscribed(StreamId(1)) is None
    presence.subscribe(streams[0])
    assert presence.subscribed(StreamId(1)) is streams[0]
    assert presence.subscribe(streams[1]) is streams[0]
    assert presence.subscribed(StreamId(1)) is None
    assert presence.disconnect(StreamId(2)) is streams[1]
    assert presence.stream_of == {}
