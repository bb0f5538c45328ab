"""Operators who watch the cluster: each hears how it is, and then all that changes."""

import asyncio
import itertools
from collections.abc import Callable
from typing import Final

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge

from master.edge.mesos.operator_events import event_of
from master.edge.outbox import Outbox
from master.leader.effects import LeaderEffect, WelcomeAgent
from master.leader.state import LeaderState
from master.registry.commands import AdmitAgent, Decision
from master.registry.outcome import Outcome
from master.views.happening import (
    AgentAdded,
    Happening,
    happenings,
)
from protos.mesos.v1.master import master_pb2
from trimast.edge.clock import wall_ms
from trimast.edge.mesos_http import encoded
from trimast.edge.recordio import to_record

log = structlog.get_logger()

LISTENERS_MAX: Final = 1_000
"""One more, and the one that has listened longest is sent away, as with Mesos."""
BACKLOG_MAX: Final = 10_000
"""Events that one may not have read yet. They are shared, so that a thousand cost little more."""


class News:
    """An event, encoded once for all who hear it."""

    def __init__(self, event: master_pb2.Event) -> None:
        self._event = event
        self._records: dict[str, bytes] = {}

    def record(self, content_type: str) -> bytes:
        record = self._records.get(content_type)
        if record is None:
            record = to_record(encoded(self._event, content_type))
            self._records[content_type] = record
        return record


HEARTBEAT: Final = News(master_pb2.Event(type=master_pb2.Event.HEARTBEAT))


class Listener:
    """
    Attributes:
        hears: False until it is told how things are: what happens before that is part of it.
    """

    def __init__(self, content_type: str) -> None:
        self.content_type: Final = content_type
        self.outbox: Final[Outbox[News]] = Outbox(BACKLOG_MAX)
        self.hears = False


class ClusterWatch:
    """
    Args:
        leader: None while this master does not lead.
    """

    def __init__(
        self, leader: Callable[[], LeaderState | None], registry: CollectorRegistry
    ) -> None:
        self._leader = leader
        self._listeners: dict[int, Listener] = {}
        self._numbers = itertools.count(1)
        self._beating: asyncio.TimerHandle | None = None
        self._events = Counter(
            "trimast_master_watch_events",
            "Events told to operators who watch, each counted once for all of them.",
            registry=registry,
        )
        self._cut_off = Counter(
            "trimast_master_watchers_cut_off",
            "Operators who read too slowly, or were too many.",
            ["cause"],
            registry=registry,
        )
        for cause in ("slow", "too_many"):
            self._cut_off.labels(cause)
        gauge = Gauge(
            "trimast_master_watchers", "Operators who watch the cluster.", registry=registry
        )
        gauge.set_function(lambda: len(self._listeners))

    # Those who listen.

    def join(self, content_type: str) -> tuple[int, Listener]:
        if len(self._listeners) >= LISTENERS_MAX:
            self._send_oldest_away()
        listener, number = Listener(content_type), next(self._numbers)
        self._listeners[number] = listener
        return number, listener

    def leave(self, number: int) -> None:
        self._listeners.pop(number, None)

    def count_slow(self) -> None:
        self._cut_off.labels("slow").inc()

    def begin_hearing(self, content_type: str) -> None:
        """How things are is told to these from the present moment."""
        for listener in self._listeners.values():
            if listener.content_type == content_type:
                listener.hears = True

    def close_all(self) -> None:
        for listener in self._listeners.values():
            listener.outbox.close()
        if self._beating is not None:
            self._beating.cancel()
            self._beating = None

    def beat(self, every_s: float) -> None:
        """A sign of life for all, again and again while anybody listens."""
        if self._beating is None:
            loop = asyncio.get_running_loop()
            self._beating = loop.call_later(every_s, self._beat, every_s)

    def _beat(self, every_s: float) -> None:
        self._beating = None
        if self._listeners:
            self._put(HEARTBEAT)
            self.beat(every_s)

    def _send_oldest_away(self) -> None:
        number = next(iter(self._listeners))
        self._listeners.pop(number).outbox.close()
        self._cut_off.labels("too_many").inc()
        log.warning("watcher_sent_away", watchers=len(self._listeners))

    # What they hear.

    def decided(self, decision: Decision, outcome: Outcome) -> None:
        """Call just after the leader has dealt with it."""
        leader = self._leader()
        if not self._listeners or leader is None:
            return
        if isinstance(decision, AdmitAgent) and decision.agent_id not in leader.agents.link_of:
            self._tell(leader, AgentAdded(decision.agent_id))
        for happening in happenings(leader.registry, decision, outcome, wall_ms()):
            self._tell(leader, happening)

    def performed(self, effect: LeaderEffect) -> None:
        if not self._listeners or not isinstance(effect, WelcomeAgent):
            return
        leader = self._leader()
        if leader is not None:
            self._tell(leader, AgentAdded(effect.agent_id))

    def _tell(self, leader: LeaderState, happening: Happening) -> None:
        event = event_of(leader, happening)
        if event is not None:
            self._events.inc()
            self._put(News(event))

    def _put(self, news: News) -> None:
        for listener in self._listeners.values():
            if listener.hears:
                listener.outbox.put(news)
