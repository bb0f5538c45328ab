"""What can happen to a leading master. An event is a fact, named in the past tense."""

from dataclasses import dataclass

from master.presence.agents import LinkId
from master.presence.frameworks import StreamId
from master.registry.commands import Decision
from master.registry.outcome import Outcome
from trimast.model.agent import AgentInfo
from trimast.model.framework import FrameworkInfo
from trimast.model.ids import AgentId, ExecutorId, FrameworkId, OfferId, OperationId, TaskId
from trimast.model.inventory import HeldTask
from trimast.model.operation import Operation
from trimast.model.status_update import StatusUpdate
from trimast.model.task import TaskInfo
from trimast.model.volume import HeldVolume

# Agents


@dataclass(frozen=True, slots=True)
class AgentConnected:
    """
    Attributes:
        agent_id: None if it has never been admitted.
        digest: of what it holds, see `trimast.model.inventory`.
        epoch_seen: the highest it has taken an order of.
    """

    link_id: LinkId
    agent_id: AgentId | None
    info: AgentInfo
    digest: bytes
    epoch_seen: int


@dataclass(frozen=True, slots=True)
class AgentTookStock:
    link_id: LinkId
    held: tuple[HeldTask, ...]


@dataclass(frozen=True, slots=True)
class AgentReported:
    link_id: LinkId
    updates: tuple[StatusUpdate, ...]


@dataclass(frozen=True, slots=True)
class ExecutorSaid:
    """Bytes for its framework."""

    link_id: LinkId
    framework_id: FrameworkId
    executor_id: ExecutorId
    data: bytes


@dataclass(frozen=True, slots=True)
class ExecutorEnded:
    """
    Attributes:
        status: as wait(2) has it.
    """

    link_id: LinkId
    framework_id: FrameworkId
    executor_id: ExecutorId
    status: int


@dataclass(frozen=True, slots=True)
class VolumesDestroyed:
    """They are not there any more."""

    link_id: LinkId
    volumes: tuple[HeldVolume, ...]


@dataclass(frozen=True, slots=True)
class AgentAnswered:
    """A sign of life."""

    link_id: LinkId


@dataclass(frozen=True, slots=True)
class AgentDisconnected:
    link_id: LinkId


# Frameworks


@dataclass(frozen=True, slots=True)
class FrameworkSubscribed:
    """
    Attributes:
        framework_id: None if it wants a new one.
        starts_suppressed: it wants no offers until it revives.
    """

    stream_id: StreamId
    framework_id: FrameworkId | None
    info: FrameworkInfo
    starts_suppressed: bool = False


@dataclass(frozen=True, slots=True)
class FrameworkUpdateRequested:
    """It wants to be described otherwise, without a new subscription.

    Attributes:
        request: names the answer; 0 if nobody waits for one.
        suppressed: it wants no offers until it revives; else it wants them again.
    """

    stream_id: StreamId
    info: FrameworkInfo
    suppressed: bool = False
    request: int = 0


@dataclass(frozen=True, slots=True)
class FrameworkDisconnected:
    stream_id: StreamId


@dataclass(frozen=True, slots=True)
class InvalidTask:
    """A task that cannot be read; it is answered, and the others with it are launched."""

    task_id: TaskId
    fault: str


@dataclass(frozen=True, slots=True)
class TaskGroup:
    """Launched together, or not at all. All have the same executor."""

    tasks: tuple[TaskInfo, ...]


@dataclass(frozen=True, slots=True)
class InvalidGroup:
    """One that cannot be read; all of its tasks are answered."""

    task_ids: tuple[TaskId, ...]
    fault: str


@dataclass(frozen=True, slots=True)
class InvalidOperation:
    """One that cannot be read."""

    kind: str
    fault: str
    operation_id: OperationId | None = None


Step = TaskInfo | InvalidTask | TaskGroup | InvalidGroup | Operation | InvalidOperation
"""What is done with accepted offers, one after the other."""


@dataclass(frozen=True, slots=True)
class OffersAccepted:
    """
    Attributes:
        launches: and operations between them, in their order.
        refuse_ms: how long not to offer again what is left over.
    """

    stream_id: StreamId
    offer_ids: tuple[OfferId, ...]
    launches: tuple[Step, ...]
    refuse_ms: int


@dataclass(frozen=True, slots=True)
class OffersDeclined:
    stream_id: StreamId
    offer_ids: tuple[OfferId, ...]
    refuse_ms: int


@dataclass(frozen=True, slots=True)
class OffersRevived:
    """
    Attributes:
        roles: of the framework's, those that it is about; empty: all of them.
    """

    stream_id: StreamId
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OffersSuppressed:
    """As above."""

    stream_id: StreamId
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KillRequested:
    """
    Attributes:
        agent_id: None if the framework does not say.
        grace_ms: None: the task's own.
    """

    stream_id: StreamId
    task_id: TaskId
    agent_id: AgentId | None
    grace_ms: int | None


@dataclass(frozen=True, slots=True)
class FrameworkSaid:
    """Bytes for one of its executors."""

    stream_id: StreamId
    agent_id: AgentId
    executor_id: ExecutorId
    data: bytes


@dataclass(frozen=True, slots=True)
class ExecutorShutdownRequested:
    stream_id: StreamId
    agent_id: AgentId
    executor_id: ExecutorId


@dataclass(frozen=True, slots=True)
class ReportAcknowledged:
    stream_id: StreamId
    task_id: TaskId
    uuid: bytes


@dataclass(frozen=True, slots=True)
class ReconciliationRequested:
    """
    Attributes:
        tasks: with the agent each should be on, if known; none at all means all that are alive.
    """

    stream_id: StreamId
    tasks: tuple[tuple[TaskId, AgentId | None], ...]


@dataclass(frozen=True, slots=True)
class OperationAcknowledged:
    stream_id: StreamId
    operation_id: OperationId
    uuid: bytes


@dataclass(frozen=True, slots=True)
class OperationsAsked:
    """
    Attributes:
        operations: with the agent each should be on, if known; none at all means all that wait to
            be acknowledged.
    """

    stream_id: StreamId
    operations: tuple[tuple[OperationId, AgentId | None], ...]


@dataclass(frozen=True, slots=True)
class TeardownRequested:
    stream_id: StreamId


# Operators


@dataclass(frozen=True, slots=True)
class OperatorAsked:
    """
    Attributes:
        request: names the answer.
        decision: what is to be decided.
    """

    request: int
    decision: Decision


@dataclass(frozen=True, slots=True)
class PauseAsked:
    """
    Attributes:
        request: names the answer.
        paused: False: the task is to go on.
    """

    request: int
    framework_id: FrameworkId
    task_id: TaskId
    paused: bool


@dataclass(frozen=True, slots=True)
class ConversionAsked:
    """An operator wants to reserve, or to make or destroy volumes.

    Attributes:
        request: names the answer.
    """

    request: int
    agent_id: AgentId
    operation: Operation


# Ourselves


@dataclass(frozen=True, slots=True)
class CommandDecided:
    """The log has committed a command, and the registry has taken or refused it; or the log has
    refused it, and it never will be committed.

    Attributes:
        index: in the log; 0 if the log refused it.
        regards: what `Propose` named: the link, stream or request the command is for; 0 if none.
    """

    decision: Decision
    index: int
    outcome: Outcome
    regards: int


@dataclass(frozen=True, slots=True)
class DeadlinePassed:
    """The moment last named by `next_deadline_ms` has come."""


LeaderEvent = (
    AgentConnected
    | AgentTookStock
    | AgentReported
    | ExecutorSaid
    | ExecutorEnded
    | VolumesDestroyed
    | AgentAnswered
    | AgentDisconnected
    | FrameworkSubscribed
    | FrameworkUpdateRequested
    | FrameworkDisconnected
    | OffersAccepted
    | OffersDeclined
    | OffersRevived
    | OffersSuppressed
    | KillRequested
    | FrameworkSaid
    | ExecutorShutdownRequested
    | ReportAcknowledged
    | ReconciliationRequested
    | OperationAcknowledged
    | OperationsAsked
    | TeardownRequested
    | OperatorAsked
    | PauseAsked
    | ConversionAsked
    | CommandDecided
    | DeadlinePassed
)
