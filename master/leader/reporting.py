"""What agents report of tasks: committed first, then taken from the agent and passed on."""

from master.leader.delivering import deliver
from master.leader.effects import CloseAgentLink, LeaderEffect, TakeReport
from master.leader.events import AgentReported, ReportAcknowledged
from master.leader.proposing import propose
from master.leader.state import LeaderState
from master.registry.commands import AcknowledgeReport, ReportTask
from master.registry.outcome import Applied, Outcome
from trimast.model.refusal import RefusalReason, Refused
from trimast.model.status_update import StatusUpdate

_NEWS_TO_NOBODY = {RefusalReason.NOTHING_TO_DO, RefusalReason.TASK_UNKNOWN}


def on_agent_reported(state: LeaderState, event: AgentReported, now_ms: int) -> list[LeaderEffect]:
    link = state.agents.links.get(event.link_id)
    if link is None:
        return []
    link.heard_ms = now_ms
    if any(update.agent_id != link.agent_id for update in event.updates):
        reason = f"{link.agent_id} reported in the name of another agent"
        return [CloseAgentLink(link.link_id, reason)]
    return [propose(state, ReportTask(update), now_ms) for update in event.updates]


def on_report_decided(
    state: LeaderState, decision: ReportTask, outcome: Outcome, now_ms: int
) -> list[LeaderEffect]:
    if isinstance(outcome, Refused):
        return _take(state, decision.update) if outcome.reason in _NEWS_TO_NOBODY else []
    return _take(state, decision.update) + _settle(state, outcome, now_ms)


def on_task_given_up(state: LeaderState, outcome: Outcome, now_ms: int) -> list[LeaderEffect]:
    return [] if isinstance(outcome, Refused) else _settle(state, outcome, now_ms)


def on_report_acknowledged(
    state: LeaderState, event: ReportAcknowledged, now_ms: int
) -> list[LeaderEffect]:
    stream = state.frameworks.subscribed(event.stream_id)
    if stream is None or event.uuid not in state.deliveries:
        return []  # Acknowledged before, or never sent: nothing waits for this.
    acknowledged = AcknowledgeReport(stream.framework_id, event.task_id, event.uuid)
    return [propose(state, acknowledged, now_ms)]


def on_acknowledgement_decided(
    state: LeaderState, decision: AcknowledgeReport, outcome: Outcome
) -> list[LeaderEffect]:
    """If the log was too busy, the report is sent once more, and acknowledged once more."""
    is_refused = isinstance(outcome, Refused) and outcome.reason is RefusalReason.OVERLOADED
    if not is_refused:
        state.deliveries.pop(decision.uuid, None)
    return []


def _take(state: LeaderState, update: StatusUpdate) -> list[LeaderEffect]:
    link = state.agents.link_of.get(update.agent_id)
    return [TakeReport(link.link_id, update.uuid)] if link is not None else []


def _settle(state: LeaderState, applied: Applied, now_ms: int) -> list[LeaderEffect]:
    """The registry has a new state of a task: free what it no longer holds, tell its framework."""
    task = applied.task
    assert task is not None
    assert task.latest is not None
    if not task.holds_resources:
        state.ledger.release(task.agent_id, task.framework_id, applied.freed)
        state.want_offers(now_ms)
    return deliver(state, task.latest, now_ms)
