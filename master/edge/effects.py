"""Carries out what the leader orders: each effect goes to the door behind which it is awaited."""

from dataclasses import dataclass
from typing import assert_never

import structlog

from master.edge.agent_link_codec import AgentOrder
from master.edge.mesos.cluster_watch import ClusterWatch
from master.edge.metrics import MasterMetrics
from master.edge.operator_questions import OperatorQuestions
from master.edge.scheduler_codec import FrameworkNews
from master.edge.streams import Streams
from master.leader.effects import (
    AnnounceAgentFailure,
    AnnounceExecutorEnd,
    AnswerOperator,
    CloseAgentLink,
    CloseFrameworkStream,
    ConfirmSubscription,
    CountOffers,
    KeepVolumes,
    KillTask,
    LeaderEffect,
    NoteOperation,
    PassToExecutor,
    PauseTask,
    PingAgent,
    Propose,
    RescindOffer,
    RunTask,
    SendExecutorMessage,
    SendHeartbeat,
    SendOffers,
    SendOperationUpdate,
    SendUpdate,
    ShutExecutorDown,
    TakeReport,
    TurnAgentAway,
    WelcomeAgent,
)
from master.registry.commands import Decision
from master.registry.outcome import Outcome

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class EffectPerformer:
    links: Streams[AgentOrder]
    streams: Streams[FrameworkNews | CloseFrameworkStream]
    questions: OperatorQuestions
    watch: ClusterWatch
    metrics: MasterMetrics

    def perform(self, effect: LeaderEffect) -> None:
        self.metrics.performed(effect)
        self.watch.performed(effect)
        match effect:
            case RunTask() | TakeReport() | KillTask() | PauseTask() | PingAgent():
                self.links.put(effect.link_id, effect)
            case PassToExecutor() | ShutExecutorDown():
                self.links.put(effect.link_id, effect)
            case KeepVolumes():
                self.links.put(effect.link_id, effect)
            case NoteOperation():
                say = log.warning if effect.fault else log.info
                say(
                    "operation_refused" if effect.fault else "operation_done",
                    framework_id=effect.framework_id,
                    agent_id=effect.agent_id,
                    kind=effect.kind,
                    resources=effect.resources,
                    why=effect.fault,
                )
            case WelcomeAgent():
                log.info("agent_welcomed", agent_id=effect.agent_id)
                self.links.put(effect.link_id, effect)
            case TurnAgentAway():
                log.warning("agent_turned_away", reason=effect.reason)
                self.links.put(effect.link_id, effect)
                self.links.close(effect.link_id)
            case CloseAgentLink():
                log.info("agent_link_closed", reason=effect.reason)
                self.links.close(effect.link_id)
            case SendUpdate() | SendOffers() | RescindOffer() | SendHeartbeat():
                self.streams.put(effect.stream_id, effect)
            case SendOperationUpdate():
                self.streams.put(effect.stream_id, effect)
            case AnnounceAgentFailure() | AnnounceExecutorEnd() | SendExecutorMessage():
                self.streams.put(effect.stream_id, effect)
            case ConfirmSubscription():
                log.info("framework_subscribed", framework_id=effect.framework_id)
                self.streams.put(effect.stream_id, effect)
            case CloseFrameworkStream():
                log.info("framework_stream_closed", error=effect.error)
                self.streams.put(effect.stream_id, effect)
                self.streams.close(effect.stream_id)
            case AnswerOperator():
                self.questions.answer(effect)
            case CountOffers():
                pass  # For the metrics alone.
            case Propose():
                raise AssertionError("proposals go to the log, not through a door")
            case _:
                assert_never(effect)

    def decided(self, decision: Decision, outcome: Outcome) -> None:
        self.watch.decided(decision, outcome)

    def close_all(self) -> None:
        """This master does not lead any more: whoever relies on it must look for who does."""
        self.links.close_all()
        self.streams.close_all()
        self.questions.give_up()
        self.watch.close_all()
