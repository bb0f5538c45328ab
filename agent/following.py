"""Whom to obey: nobody who leads an earlier epoch, and nobody before their epoch is on disk."""

from typing import assert_never

from agent.checkpoints.records import EpochSeen
from agent.effects import AgentEffect, RefusalOfOrder, RefuseOrder, SendPong
from agent.events import (
    KeepVolumes,
    KillTasks,
    MasterSaid,
    PassToExecutor,
    PauseTasks,
    Ping,
    RunTasks,
    ShutExecutorDown,
    TakeReports,
    TurnedAway,
    Welcome,
)
from agent.executors.passing_on import on_pass_to_executor, on_shut_executor_down
from agent.journaling import write
from agent.killing import on_kill_tasks
from agent.launching import on_run_tasks
from agent.pausing import on_pause_tasks
from agent.registering import close_link, on_welcome
from agent.reporting import on_reports_taken
from agent.state import AgentState, EpochWritten, Stamps
from agent.stopping import begin_stopping
from agent.volumes.passing_on import on_keep_volumes


def on_master_said(
    state: AgentState, event: MasterSaid, stamps: Stamps, now_ms: int
) -> list[AgentEffect]:
    link = state.link
    if link is None or link.link_id != event.link_id:
        return []  # Said before the link was closed, heard after.
    if event.epoch < state.epoch_seen:
        why = f"epoch {event.epoch} is over, {state.epoch_seen} has begun"
        refusal = RefuseOrder(RefusalOfOrder.STALE_EPOCH, event.epoch)
        return [refusal, *close_link(state, why)]

    link.heard_ms = now_ms
    effects: list[AgentEffect] = []
    if event.epoch > state.epoch_seen:
        state.epoch_seen = event.epoch
        effects.append(write(state, [EpochSeen(event.epoch)], [EpochWritten(event.epoch)]))
    if event.epoch == state.epoch_written and not state.held_orders:
        return effects + _obey(state, event, stamps, now_ms)
    if len(state.held_orders) >= state.rules.held_orders_max:
        return effects + close_link(state, "more orders than can be kept until the disk is done")
    state.held_orders.append(event)
    return effects


def on_epoch_written(
    state: AgentState, written: EpochWritten, stamps: Stamps, now_ms: int
) -> list[AgentEffect]:
    state.epoch_written = max(state.epoch_written, written.epoch)
    effects: list[AgentEffect] = []
    while state.held_orders and state.held_orders[0].epoch <= state.epoch_written:
        effects += _obey(state, state.held_orders.popleft(), stamps, now_ms)
    return effects


def _obey(state: AgentState, event: MasterSaid, stamps: Stamps, now_ms: int) -> list[AgentEffect]:
    link = state.link
    if link is None or link.link_id != event.link_id:
        return []
    is_welcome = link.master_id is not None
    match event.order:
        case Ping():
            return [SendPong(link.link_id)]
        case Welcome() as order:
            return on_welcome(state, order, event.epoch, now_ms)
        case TurnedAway() as order:
            return _on_turned_away(state, order, stamps, now_ms)
        case TakeReports() as order:
            return on_reports_taken(state, order)
        case RunTasks() | KillTasks() | PauseTasks() if not is_welcome:
            return [RefuseOrder(RefusalOfOrder.NOT_WELCOMED, event.epoch)]
        case RunTasks() as order:
            return on_run_tasks(state, order, event.epoch, stamps)
        case KillTasks() as order:
            return on_kill_tasks(state, order, event.epoch, stamps, now_ms)
        case PauseTasks() as order:
            return on_pause_tasks(state, order, event.epoch)
        case PassToExecutor() | ShutExecutorDown() | KeepVolumes() if not is_welcome:
            return [RefuseOrder(RefusalOfOrder.NOT_WELCOMED, event.epoch)]
        case KeepVolumes() as order:
            return on_keep_volumes(order)
        case PassToExecutor() as order:
            return on_pass_to_executor(state, order)
        case ShutExecutorDown() as order:
            return on_shut_executor_down(state, order, now_ms)
        case _:
            assert_never(event.order)


def _on_turned_away(
    state: AgentState, order: TurnedAway, stamps: Stamps, now_ms: int
) -> list[AgentEffect]:
    why = f"turned away by the master: {order.reason}"
    effects = close_link(state, why)
    if order.for_ever:
        effects += begin_stopping(state, stamps, now_ms, exit_code=1, why=why, end_tasks=False)
    return effects
