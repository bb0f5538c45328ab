"""An agent comes: admit it, or let it resume; then settle what it should run, and does."""

from master.leader.answering import masters_update
from master.leader.effects import (
    CloseAgentLink,
    KeepVolumes,
    KillTask,
    LeaderEffect,
    RunTask,
    SendUpdate,
    TurnAgentAway,
    WelcomeAgent,
)
from master.leader.events import AgentConnected, AgentTookStock, CommandDecided
from master.leader.giving_up import give_up_missing_task
from master.leader.offering import withdraw_offers_of_agent
from master.leader.proposing import propose
from master.leader.state import LeaderState
from master.presence.agents import AgentLink, LinkId, LinkStage
from master.registry.commands import AdmitAgent
from master.registry.records import AgentState, TaskRecord
from trimast.model.ids import AgentId
from trimast.model.inventory import HeldTask, inventory_digest
from trimast.model.refusal import RefusalReason, Refused
from trimast.model.status_update import StatusReason
from trimast.model.task_lifecycle import TaskState


def on_agent_connected(
    state: LeaderState, event: AgentConnected, now_ms: int
) -> list[LeaderEffect]:
    if event.epoch_seen > state.epoch:
        reason = (
            f"the agent has seen epoch {event.epoch_seen}, and this master leads epoch "
            f"{state.epoch}: it is of another cluster, or no longer leads"
        )
        return [TurnAgentAway(event.link_id, reason)]
    agent_id = event.agent_id or state.new_agent_id()
    link = AgentLink(
        event.link_id, agent_id, event.info, event.digest, LinkStage.ADMITTING, now_ms, now_ms
    )
    effects: list[LeaderEffect] = []
    former = state.agents.connect(link)
    if former is not None:
        effects += withdraw_offers_of_agent(state, agent_id)
        effects.append(CloseAgentLink(former.link_id, f"{agent_id} has connected again"))
    record = state.registry.agents.get(agent_id)
    is_marked = agent_id in state.agents.marking
    link.was_unreachable = is_marked or (
        record is not None and record.state is AgentState.UNREACHABLE
    )
    if record is not None and record.info == event.info and not link.was_unreachable:
        return effects + _welcome(state, link, now_ms)
    return [*effects, propose(state, AdmitAgent(agent_id, event.info), now_ms, event.link_id)]


def on_agent_admitted(
    state: LeaderState, decision: AdmitAgent, event: CommandDecided, now_ms: int
) -> list[LeaderEffect]:
    link = state.agents.links.get(LinkId(event.regards))
    if isinstance(event.outcome, Refused):
        if link is None:
            return []
        state.agents.disconnect(link.link_id, now_ms + state.settings.agent_silence_max_ms)
        if event.outcome.reason is RefusalReason.OVERLOADED:
            return [CloseAgentLink(link.link_id, event.outcome.detail)]
        return [TurnAgentAway(link.link_id, event.outcome.detail)]
    effects = _fit_account(state, decision)
    if link is None:  # It went away in between; it may come back, or be given up in time.
        lost_at_ms = now_ms + state.settings.agent_silence_max_ms
        if decision.agent_id not in state.agents.link_of:
            state.agents.lost_at_ms.setdefault(decision.agent_id, lost_at_ms)
        return effects
    return effects + _welcome(state, link, now_ms)


def on_agent_took_stock(
    state: LeaderState, event: AgentTookStock, now_ms: int
) -> list[LeaderEffect]:
    """Only the differences matter: what it lacks is sent or given up, what it has too much ends."""
    link = state.agents.links.get(event.link_id)
    if link is None or link.stage is not LinkStage.TAKING_STOCK:
        return []
    link.heard_ms = now_ms
    held = set(event.held)
    effects: list[LeaderEffect] = []
    for task in _tasks_due(state, link.agent_id):
        expected = _held_task(task)
        if expected in held:
            held.discard(expected)
        elif task.state is TaskState.STAGING:
            effects.append(run_task(state, link.link_id, task))
        else:
            effects.append(give_up_missing_task(state, task, now_ms))
    effects += [
        KillTask(link.link_id, extra.framework_id, extra.task_id, grace_ms=None)
        for extra in sorted(held)
        if not _is_over(state, extra)
    ]
    return effects + _activate(state, link, now_ms)


def run_task(state: LeaderState, link_id: LinkId, task: TaskRecord) -> RunTask:
    framework = state.registry.frameworks.get(task.framework_id)
    user = framework.info.user if framework is not None else ""
    ends_with_agent = framework is not None and not framework.info.checkpoint
    told = framework.info if framework is not None and task.info.executor is not None else None
    return RunTask(
        link_id,
        task.framework_id,
        task.info,
        task.fence,
        user,
        ends_with_agent,
        told,
        task.group_size,
        framework.info.roles[0] if framework is not None else "",
    )


def _welcome(state: LeaderState, link: AgentLink, now_ms: int) -> list[LeaderEffect]:
    expected = inventory_digest(_held_task(t) for t in _tasks_due(state, link.agent_id))
    differs = link.digest != expected
    link.stage = LinkStage.TAKING_STOCK
    effects: list[LeaderEffect] = [WelcomeAgent(link.link_id, link.agent_id, differs)]
    volumes = state.registry.volumes.get(link.agent_id)
    if volumes is not None:
        # Before any task that wants one of them.
        effects.append(KeepVolumes(link.link_id, volumes))
    return effects if differs else effects + _activate(state, link, now_ms)


def _activate(state: LeaderState, link: AgentLink, now_ms: int) -> list[LeaderEffect]:
    link.stage = LinkStage.ACTIVE
    state.want_offers(now_ms)
    effects: list[LeaderEffect] = [
        KillTask(link.link_id, task.framework_id, task.info.task_id, task.kill.grace_ms)
        for task in _tasks_due(state, link.agent_id)
        if task.kill is not None
    ]
    if link.was_unreachable:
        link.was_unreachable = False
        effects += _announce_return(state, link.agent_id, now_ms)
    return effects


def _announce_return(state: LeaderState, agent_id: AgentId, now_ms: int) -> list[LeaderEffect]:
    effects: list[LeaderEffect] = []
    for task in _tasks_due(state, agent_id):
        stream = state.frameworks.stream_of.get(task.framework_id)
        if stream is None:
            continue
        update = masters_update(
            state,
            now_ms,
            task.framework_id,
            task.info.task_id,
            agent_id,
            task.state,
            StatusReason.AGENT_REREGISTERED,
            "The agent that was unreachable is back",
        )
        effects.append(SendUpdate(stream.stream_id, update))
    return effects


def _fit_account(state: LeaderState, decision: AdmitAgent) -> list[LeaderEffect]:
    account = state.ledger.accounts.get(decision.agent_id)
    total = state.registry.total_on(decision.agent_id)
    if account is None:
        state.ledger.add_agent(decision.agent_id, total)
        return []
    if account.total == total:
        return []
    effects = withdraw_offers_of_agent(state, decision.agent_id)
    state.ledger.set_total(decision.agent_id, total)
    return effects


def _tasks_due(state: LeaderState, agent_id: AgentId) -> list[TaskRecord]:
    """What the agent should be running."""
    return [t for t in state.registry.tasks_of_agent(agent_id) if not t.state.is_terminal]


def _held_task(task: TaskRecord) -> HeldTask:
    return HeldTask(task.framework_id, task.info.task_id, task.fence)


def _is_over(state: LeaderState, held: HeldTask) -> bool:
    """The registry knows that this task has ended: nothing is left to kill."""
    key = held.framework_id, held.task_id
    task = state.registry.tasks.get(key)
    if task is not None and task.fence == held.fence:
        return task.state.is_terminal
    return (key, held.fence) in state.registry.completed_tasks
