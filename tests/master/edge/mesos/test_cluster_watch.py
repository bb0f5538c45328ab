"""Watchers: all hear the same, none delays another, and none is waited for."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from master.edge.mesos import cluster_watch
from master.edge.mesos.cluster_watch import (
    BACKLOG_MAX,
    ClusterWatch,
    Listener,
)
from master.leader.effects import WelcomeAgent
from master.leader.events import AgentDisconnected
from master.presence.frameworks import StreamId
from master.registry.commands import (
    AdmitAgent,
    AdmitFramework,
    MarkAgentUnreachable,
    RemoveFramework,
)
from master.registry.outcome import APPLIED
from protos.mesos.v1.master import master_pb2
from tests.master.led_cluster import (
    AGENT,
    AGENT_INFO,
    FRAMEWORK,
    FRAMEWORK_INFO,
    LINK,
    a_cluster_with_agent_and_framework,
)
from tests.virtual_time_loop import run_in_virtual_time
from trimast.edge.mesos_http import JSON, PROTOBUF


class Watched:
    def __init__(self) -> None:
        self.cluster = a_cluster_with_agent_and_framework()
        self.registry = CollectorRegistry()
        self.watch = ClusterWatch(lambda: self.cluster.leader.state, self.registry)

    def listen(self, content_type: str = JSON) -> Listener:
        _, listener = self.watch.join(content_type)
        self.watch.begin_hearing(content_type)
        return listener

    def count(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(f"trimast_master_{name}", labels)


async def heard(listener: Listener) -> list[dict[str, Any]]:
    listener.outbox.close()
    return [
        json.loads(news.record(JSON).partition(b"\n")[2])
        async for batch in listener.outbox.batches()
        for news in batch
    ]


def told(story: Callable[[Watched], Awaitable[None]]) -> None:
    async def tell() -> None:
        await story(Watched())

    asyncio.run(tell())


def test_what_is_seen_and_what_is_decided_is_heard_in_order() -> None:
    async def story(watched: Watched) -> None:
        listener = watched.listen()
        admitted = AdmitFramework(FRAMEWORK, FRAMEWORK_INFO)
        watched.watch.decided(admitted, APPLIED)
        watched.watch.performed(WelcomeAgent(LINK, AGENT, False))
        watched.watch.decided(MarkAgentUnreachable(AGENT), APPLIED)
        watched.cluster.framework_comes(stream_id=StreamId(2))
        watched.watch.decided(admitted, APPLIED)
        events = await heard(listener)
        assert [event["type"] for event in events] == [
            "FRAMEWORK_ADDED",
            "AGENT_ADDED",
            "AGENT_REMOVED",
            "FRAMEWORK_UPDATED",
        ]
        agent = events[1]["agent_added"]["agent"]
        assert (agent["active"], agent["agent_info"]["id"]) == (True, {"value": AGENT})
        assert watched.count("watch_events_total") == 4

    told(story)


def test_nothing_is_heard_before_one_is_told_how_things_are() -> None:
    async def story(watched: Watched) -> None:
        _, early = watched.watch.join(JSON)
        _, other = watched.watch.join(PROTOBUF)
        watched.watch.performed(WelcomeAgent(LINK, AGENT, False))
        watched.watch.begin_hearing(JSON)
        watched.watch.performed(WelcomeAgent(LINK, AGENT, False))
        assert len(await heard(early)) == 1
        assert await heard(other) == []

    told(story)


def test_an_agent_that_is_admitted_without_being_there_is_told_too() -> None:
    async def story(watched: Watched) -> None:
        watched.cluster.feed(AgentDisconnected(LINK))
        listener = watched.listen()
        watched.watch.decided(AdmitAgent(AGENT, AGENT_INFO), APPLIED)
        [event] = await heard(listener)
        assert (event["type"], event["agent_added"]["agent"]["active"]) == ("AGENT_ADDED", False)

    told(story)


def test_both_encodings_are_of_the_same_event() -> None:
    async def story(watched: Watched) -> None:
        listener = watched.listen(PROTOBUF)
        watched.watch.decided(MarkAgentUnreachable(AGENT), APPLIED)
        listener.outbox.close()
        [[news]] = [batch async for batch in listener.outbox.batches()]
        event = master_pb2.Event.FromString(news.record(PROTOBUF).partition(b"\n")[2])
        assert event.agent_removed.agent_id.value == AGENT
        assert news.record(PROTOBUF) is news.record(PROTOBUF)

    told(story)


def test_what_has_gone_meanwhile_is_not_told() -> None:
    async def story(watched: Watched) -> None:
        listener = watched.listen()
        watched.watch.decided(RemoveFramework(FRAMEWORK, None), APPLIED)
        assert await heard(listener) == []

    told(story)


def test_one_that_reads_nothing_overflows_and_the_others_go_on() -> None:
    async def story(watched: Watched) -> None:
        slow = watched.listen()
        for _ in range(BACKLOG_MAX + 1):
            watched.watch.decided(MarkAgentUnreachable(AGENT), APPLIED)
        assert slow.outbox.overflowed
        quick = watched.listen()
        watched.watch.decided(MarkAgentUnreachable(AGENT), APPLIED)
        assert len(await heard(quick)) == 1

    told(story)


def test_one_too_many_sends_the_oldest_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_watch, "LISTENERS_MAX", 2)

    async def story(watched: Watched) -> None:
        oldest, second, newest = (watched.listen() for _ in range(3))
        watched.watch.decided(MarkAgentUnreachable(AGENT), APPLIED)
        assert await heard(oldest) == []
        assert len(await heard(second)) == len(await heard(newest)) == 1
        assert watched.count("watchers") == 2
        assert watched.count("watchers_cut_off_total", cause="too_many") == 1

    told(story)


def test_there_is_a_sign_of_life_as_long_as_anybody_listens() -> None:
    async def story() -> None:
        watched = Watched()
        number, listener = watched.watch.join(JSON)
        watched.watch.begin_hearing(JSON)
        for _ in range(3):
            watched.watch.beat(2.0)
        await asyncio.sleep(5.0)
        assert await heard(listener) == [{"type": "HEARTBEAT"}] * 2
        watched.watch.leave(number)
        await asyncio.sleep(5.0)
        assert watched.watch._beating is None

    run_in_virtual_time(story())


def test_when_a_reign_ends_all_streams_end() -> None:
    async def story(watched: Watched) -> None:
        listener = watched.listen()
        watched.watch.beat(60.0)
        watched.watch.close_all()
        assert [batch async for batch in listener.outbox.batches()] == []

    told(story)


def test_what_happened_before_one_is_told_how_things_are_is_not_told_again() -> None:
    async def story(watched: Watched) -> None:
        early = watched.listen()
        watched.watch.decided(MarkAgentUnreachable(AGENT), APPLIED)
        late = watched.listen()  # It is part of how things are, and on its way to others.
        watched.watch.decided(MarkAgentUnreachable(AGENT), APPLIED)
        assert (len(await heard(early)), len(await heard(late))) == (2, 1)

    told(story)
