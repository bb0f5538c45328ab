"""What listings show: one row a thing, plain values, in the order of the registry."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

from master.offers.ledger import OfferLedger
from master.registry.records import AgentRecord, FrameworkRecord, TaskRecord
from master.registry.state import RegistryState
from trimast.model.ids import AgentId, FrameworkId, OfferId, TaskId
from trimast.model.resources import Resources
from trimast.model.task_lifecycle import TaskState

RecordT = TypeVar("RecordT")


@dataclass(frozen=True, slots=True)
class AgentRow:
    """
    Attributes:
        http: `host:port`, "" if it serves nothing.
        tasks: how many hold resources there.
    """

    id: AgentId
    state: str
    hostname: str
    http: str
    resources: str
    used: str
    tasks: int
    version: str
    attributes: str


@dataclass(frozen=True, slots=True)
class FrameworkRow:
    """
    Attributes:
        tasks: how many hold resources.
        used: by them and their executors; of ports and the like each agent has its own.
    """

    id: FrameworkId
    state: str
    name: str
    user: str
    tasks: int
    used: str
    failover_timeout_ms: int


@dataclass(frozen=True, slots=True)
class TaskRow:
    """
    Attributes:
        exit_code: None while it runs, or if a signal ended it.
        message: of its latest report.
        paused: as its agent has said last.
        unacknowledged: reports that its framework has not acknowledged.
    """

    id: TaskId
    state: str
    name: str
    framework_id: FrameworkId
    agent_id: AgentId
    resources: str
    fence: int
    launched_at_ms: int
    exit_code: int | None
    message: str
    unacknowledged: int
    paused: bool


@dataclass(frozen=True, slots=True)
class OfferRow:
    id: OfferId
    state: str
    framework_id: FrameworkId
    agent_id: AgentId
    resources: str


def agent_rows(registry: RegistryState) -> Iterator[AgentRow]:
    """As all of these: of the records that are there when it is called, whenever a row is made."""
    agents = _one_by_one([*registry.agents.values()])
    return (_agent_row(registry, agent) for agent in agents)


def framework_rows(registry: RegistryState, *, completed: bool) -> Iterator[FrameworkRow]:
    kept = registry.completed_frameworks.values() if completed else ()
    frameworks = _one_by_one([*kept, *registry.frameworks.values()])
    return (_framework_row(registry, framework) for framework in frameworks)


def task_rows(
    registry: RegistryState, framework_id: FrameworkId | None, *, completed: bool
) -> Iterator[TaskRow | None]:
    """Tasks that have ended but whose end nobody has acknowledged yet count as not completed.

    Returns:
        None for each task of another framework: to pass over a million takes long too, and whoever
        reads may do something else in between.
    """
    kept = registry.completed_tasks.values() if completed else ()
    tasks = _one_by_one([*kept, *registry.tasks.values()])
    if framework_id is None:
        return (_task_row(registry, task) for task in tasks)
    return (
        _task_row(registry, task) if task.framework_id == framework_id else None for task in tasks
    )


def _one_by_one(records: list[RecordT]) -> Iterator[RecordT]:
    """Holds on to none that it has given: those that are replaced meanwhile can go."""
    records.reverse()
    while records:
        yield records.pop()


def offer_rows(ledger: OfferLedger) -> Iterator[OfferRow]:
    for opened in ledger.open_offers.values():
        offer = opened.offer
        yield OfferRow(
            offer.offer_id,
            "outstanding",
            offer.framework_id,
            offer.agent_id,
            str(offer.resources),
        )


def _agent_row(registry: RegistryState, agent: AgentRecord) -> AgentRow:
    info = agent.info
    return AgentRow(
        id=agent.agent_id,
        state=agent.state.value,
        hostname=info.hostname,
        http=f"{info.hostname}:{info.http_port}" if info.http_port else "",
        resources=str(_total_on(registry, agent)),
        used=str(registry.used_on(agent.agent_id)),
        tasks=registry.number_holding_on(agent.agent_id),
        version=info.version,
        attributes=";".join(f"{a.name}:{a.text}" for a in info.attributes),
    )


def _total_on(registry: RegistryState, agent: AgentRecord) -> Resources:
    """Of one that has been forgotten since, nothing is reserved any more."""
    is_known = agent.agent_id in registry.agents
    return registry.total_on(agent.agent_id) if is_known else agent.info.resources


def _framework_row(registry: RegistryState, framework: FrameworkRecord) -> FrameworkRow:
    return FrameworkRow(
        id=framework.framework_id,
        state=framework.state.value,
        name=framework.info.name,
        user=framework.info.user,
        tasks=registry.number_holding_of(framework.framework_id),
        used=str(registry.held_by(framework.framework_id)),
        failover_timeout_ms=framework.info.failover_timeout_ms,
    )


def _task_row(registry: RegistryState, task: TaskRecord) -> TaskRow:
    latest, state = task.latest, registry.state_of(task)
    return TaskRow(
        id=task.info.task_id,
        state=state.value,
        name=task.info.name,
        framework_id=task.framework_id,
        agent_id=task.agent_id,
        resources=str(task.info.resources),
        fence=task.fence,
        launched_at_ms=task.launched_at_ms,
        exit_code=latest.exit_code if latest is not None else None,
        message=latest.message if latest is not None else "",
        unacknowledged=len(task.reports),
        paused=state is TaskState.RUNNING and latest is not None and latest.is_paused,
    )
