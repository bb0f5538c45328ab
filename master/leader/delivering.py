"""Reports reach their framework: sent, and sent again until it acknowledges."""

from dataclasses import replace

from master.leader.answering import known_to
from master.leader.effects import LeaderEffect, SendUpdate
from master.leader.state import Delivery, LeaderState
from trimast.model.ids import FrameworkId
from trimast.model.status_update import StatusUpdate


def deliver(state: LeaderState, update: StatusUpdate, now_ms: int) -> list[LeaderEffect]:
    """Send a committed report to its framework, if it is there; else it waits for it."""
    stream = state.frameworks.stream_of.get(update.framework_id)
    if stream is None:
        return []
    key = (update.framework_id, update.task_id)
    again_ms = now_ms + state.settings.report_retry_first_ms
    state.deliveries[update.uuid] = Delivery(key, update.uuid, again_ms)
    return [SendUpdate(stream.stream_id, _as_known(state, update))]


def deliver_all(state: LeaderState, framework_id: FrameworkId, now_ms: int) -> list[LeaderEffect]:
    """A framework is there (again): what it has not acknowledged goes out at once."""
    return [
        effect
        for task in list(state.registry.tasks_of_framework(framework_id))
        for report in task.reports
        for effect in deliver(state, report, now_ms)
    ]


def deliver_again(state: LeaderState, now_ms: int) -> list[LeaderEffect]:
    """Repeat what is overdue, with growing patience; forget what is acknowledged."""
    overdue = [d for d in state.deliveries.values() if d.again_ms <= now_ms]
    effects: list[LeaderEffect] = []
    for delivery in overdue:
        report = _waiting_report(state, delivery)
        stream = state.frameworks.stream_of.get(delivery.key[0])
        if report is None or stream is None:
            del state.deliveries[delivery.uuid]
            continue
        wait_ms = state.settings.report_retry_first_ms << min(delivery.attempts, 30)
        delivery.again_ms = now_ms + min(wait_ms, state.settings.report_retry_max_ms)
        delivery.attempts += 1
        effects.append(SendUpdate(stream.stream_id, _as_known(state, report), is_repeat=True))
    return effects


def _waiting_report(state: LeaderState, delivery: Delivery) -> StatusUpdate | None:
    task = state.registry.tasks.get(delivery.key)
    reports = task.reports if task is not None else ()
    return next((report for report in reports if report.uuid == delivery.uuid), None)


def _as_known(state: LeaderState, update: StatusUpdate) -> StatusUpdate:
    known = known_to(state, update.framework_id, update.state)
    return update if known is update.state else replace(update, state=known)
