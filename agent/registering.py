"""The link to the leader: hello, welcome, silence, and being turned away."""

from agent.alarms import Alarm, AlarmKind
from agent.checkpoints.records import AgentAdmitted
from agent.effects import AgentEffect, CloseLink, NoteAdmitted, OpenLink, SayHello, SendInventory
from agent.events import LinkClosed, LinkOpened, Welcome
from agent.journaling import write
from agent.reporting import send_all_again
from agent.state import AgentState, Link
from trimast.model.inventory import HeldTask, inventory_digest


def on_link_opened(state: AgentState, event: LinkOpened, now_ms: int) -> list[AgentEffect]:
    silence_max_ms = state.rules.silence_max_ms
    state.link = Link(event.link_id, heard_ms=now_ms, silence_max_ms=silence_max_ms)
    state.alarms.set(Alarm(AlarmKind.SILENCE), now_ms + silence_max_ms)
    digest = inventory_digest(inventory(state))
    return [SayHello(event.link_id, state.agent_id, state.info, state.epoch_seen, digest)]


def on_link_closed(state: AgentState, event: LinkClosed) -> list[AgentEffect]:
    if state.link is None or state.link.link_id != event.link_id:
        return []  # We closed it ourselves.
    return _without_link(state)


def on_welcome(state: AgentState, order: Welcome, epoch: int, now_ms: int) -> list[AgentEffect]:
    link = state.link
    assert link is not None
    if state.agent_id not in {None, order.agent_id}:
        # The tasks, sandboxes and reports here are another agent's: never mix the two.
        return close_link(state, f"welcomed as {order.agent_id}, but this is {state.agent_id}")
    effects: list[AgentEffect] = []
    if state.agent_id is None:
        state.agent_id = order.agent_id
        effects.append(write(state, [AgentAdmitted(order.agent_id)]))
    link.master_id = order.master_id
    link.silence_max_ms = order.silence_max_ms
    state.alarms.set(Alarm(AlarmKind.SILENCE), now_ms + order.silence_max_ms)
    effects.append(NoteAdmitted(order.agent_id, order.master_id, epoch))
    if order.send_inventory:
        effects.append(SendInventory(link.link_id, inventory(state)))
    return effects + send_all_again(state, now_ms)


def on_silence_due(state: AgentState, now_ms: int) -> list[AgentEffect]:
    """The alarm is set once a while, not with every word that is heard."""
    link = state.link
    if link is None:
        return []
    silent_ms = now_ms - link.heard_ms
    if silent_ms < link.silence_max_ms:
        state.alarms.set(Alarm(AlarmKind.SILENCE), link.heard_ms + link.silence_max_ms)
        return []
    return close_link(state, f"the master has been silent for {silent_ms} ms")


def close_link(state: AgentState, why: str) -> list[AgentEffect]:
    assert state.link is not None
    return [CloseLink(state.link.link_id, why), *_without_link(state)]


def inventory(state: AgentState) -> tuple[HeldTask, ...]:
    return tuple(
        HeldTask(task.key.framework_id, task.key.task_id, task.fence)
        for task in state.tasks.values()
    )


def _without_link(state: AgentState) -> list[AgentEffect]:
    state.link = None
    state.held_orders.clear()
    state.alarms.cancel(Alarm(AlarmKind.SILENCE))
    return [OpenLink(epoch_min=state.epoch_seen)]
