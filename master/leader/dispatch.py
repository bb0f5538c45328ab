"""Everything a leading master reacts to, on one screen."""

from dataclasses import dataclass
from typing import assert_never

from master.leader import events as ev
from master.leader.accepting import on_offers_accepted
from master.leader.converting import on_volumes_destroyed
from master.leader.deciding import on_command_decided, on_operator_asked
from master.leader.declining import on_offers_declined, on_offers_revived, on_offers_suppressed
from master.leader.effects import LeaderEffect
from master.leader.keeping_time import next_deadline_ms, on_deadline_passed
from master.leader.killing import on_kill_requested
from master.leader.losing import on_agent_answered, on_agent_disconnected
from master.leader.operating import on_conversion_asked
from master.leader.passing_on import (
    on_executor_ended,
    on_executor_said,
    on_executor_shutdown_requested,
    on_framework_said,
)
from master.leader.pausing import on_pause_asked
from master.leader.reconciling import on_reconciliation_requested
from master.leader.reconciling_operations import on_operations_asked
from master.leader.registering import on_agent_connected, on_agent_took_stock
from master.leader.reporting import on_agent_reported, on_report_acknowledged
from master.leader.state import LeaderState
from master.leader.subscribing import on_framework_disconnected, on_framework_subscribed
from master.leader.tearing_down import on_teardown_requested
from master.leader.telling_operations import on_operation_acknowledged
from master.leader.updating import on_framework_update_requested


@dataclass(slots=True)
class Leader:
    state: LeaderState

    def handle(self, event: ev.LeaderEvent, now_ms: int) -> list[LeaderEffect]:
        state = self.state
        match event:
            case ev.CommandDecided():
                return on_command_decided(state, event, now_ms)
            case ev.AgentReported():
                return on_agent_reported(state, event, now_ms)
            case ev.ReportAcknowledged():
                return on_report_acknowledged(state, event, now_ms)
            case ev.DeadlinePassed():
                return on_deadline_passed(state, now_ms)
            case ev.OffersAccepted():
                return on_offers_accepted(state, event, now_ms)
            case ev.OffersDeclined():
                return on_offers_declined(state, event, now_ms)
            case ev.OffersRevived():
                return on_offers_revived(state, event, now_ms)
            case ev.OffersSuppressed():
                return on_offers_suppressed(state, event)
            case ev.KillRequested():
                return on_kill_requested(state, event, now_ms)
            case ev.ReconciliationRequested():
                return on_reconciliation_requested(state, event, now_ms)
            case ev.OperationAcknowledged():
                return on_operation_acknowledged(state, event, now_ms)
            case ev.OperationsAsked():
                return on_operations_asked(state, event)
            case ev.TeardownRequested():
                return on_teardown_requested(state, event, now_ms)
            case ev.FrameworkSubscribed():
                return on_framework_subscribed(state, event, now_ms)
            case ev.FrameworkUpdateRequested():
                return on_framework_update_requested(state, event, now_ms)
            case ev.FrameworkDisconnected():
                return on_framework_disconnected(state, event, now_ms)
            case ev.AgentConnected():
                return on_agent_connected(state, event, now_ms)
            case ev.AgentTookStock():
                return on_agent_took_stock(state, event, now_ms)
            case ev.ExecutorSaid():
                return on_executor_said(state, event, now_ms)
            case ev.ExecutorEnded():
                return on_executor_ended(state, event, now_ms)
            case ev.FrameworkSaid():
                return on_framework_said(state, event)
            case ev.ExecutorShutdownRequested():
                return on_executor_shutdown_requested(state, event)
            case ev.VolumesDestroyed():
                return on_volumes_destroyed(state, event, now_ms)
            case ev.AgentAnswered():
                return on_agent_answered(state, event, now_ms)
            case ev.AgentDisconnected():
                return on_agent_disconnected(state, event, now_ms)
            case ev.OperatorAsked():
                return on_operator_asked(state, event, now_ms)
            case ev.PauseAsked():
                return on_pause_asked(state, event)
            case ev.ConversionAsked():
                return on_conversion_asked(state, event, now_ms)
            case _:
                assert_never(event)

    def next_deadline_ms(self) -> int | None:
        """When to send `DeadlinePassed`. In milliseconds of the clock that `handle` is given."""
        return next_deadline_ms(self.state)
