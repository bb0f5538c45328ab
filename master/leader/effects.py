"""What a leading master asks of the world. An effect is an order, named in the imperative."""

from dataclasses import dataclass

from master.presence.agents import LinkId
from master.presence.frameworks import StreamId
from master.registry.commands import Command
from master.registry.outcome import Outcome
from trimast.model.framework import FrameworkInfo
from trimast.model.ids import AgentId, ExecutorId, FrameworkId, OfferId, TaskId
from trimast.model.offer import Offer
from trimast.model.operation_update import OperationUpdate
from trimast.model.status_update import StatusUpdate
from trimast.model.task import TaskInfo
from trimast.model.volume import VolumeRecord


@dataclass(frozen=True, slots=True)
class Propose:
    """
    Attributes:
        regards: comes back with `CommandDecided`; 0 if nothing waits for it.
    """

    command: Command
    regards: int = 0


# To agents


@dataclass(frozen=True, slots=True)
class WelcomeAgent:
    link_id: LinkId
    agent_id: AgentId
    send_inventory: bool


@dataclass(frozen=True, slots=True)
class RunTask:
    """
    Attributes:
        user: the framework's, for a command that names none.
        ends_with_agent: the framework does not checkpoint.
        framework: for a task with an executor, which is told for whom it works.
        group_size: how many of this fence its executor is to hear of at once; 0 for one alone.
        role: that its resources were offered to; "" if its framework is not known any more.
    """

    link_id: LinkId
    framework_id: FrameworkId
    task: TaskInfo
    fence: int
    user: str
    ends_with_agent: bool = False
    framework: FrameworkInfo | None = None
    group_size: int = 0
    role: str = ""


@dataclass(frozen=True, slots=True)
class KillTask:
    link_id: LinkId
    framework_id: FrameworkId
    task_id: TaskId
    grace_ms: int | None


@dataclass(frozen=True, slots=True)
class PauseTask:
    """
    Attributes:
        paused: False for one that is to go on.
    """

    link_id: LinkId
    framework_id: FrameworkId
    task_id: TaskId
    paused: bool


@dataclass(frozen=True, slots=True)
class PassToExecutor:
    link_id: LinkId
    framework_id: FrameworkId
    executor_id: ExecutorId
    data: bytes


@dataclass(frozen=True, slots=True)
class ShutExecutorDown:
    link_id: LinkId
    framework_id: FrameworkId
    executor_id: ExecutorId


@dataclass(frozen=True, slots=True)
class KeepVolumes:
    """All that the agent is to have, or to destroy."""

    link_id: LinkId
    volumes: tuple[VolumeRecord, ...]


@dataclass(frozen=True, slots=True)
class TakeReport:
    """The agent may forget this report: it is committed, or of no interest to anyone."""

    link_id: LinkId
    uuid: bytes


@dataclass(frozen=True, slots=True)
class PingAgent:
    link_id: LinkId


@dataclass(frozen=True, slots=True)
class TurnAgentAway:
    """The link ends after this."""

    link_id: LinkId
    reason: str


@dataclass(frozen=True, slots=True)
class CloseAgentLink:
    link_id: LinkId
    reason: str


# To frameworks


@dataclass(frozen=True, slots=True)
class ConfirmSubscription:
    stream_id: StreamId
    framework_id: FrameworkId


@dataclass(frozen=True, slots=True)
class SendOffers:
    stream_id: StreamId
    offers: tuple[Offer, ...]


@dataclass(frozen=True, slots=True)
class RescindOffer:
    stream_id: StreamId
    offer_id: OfferId


@dataclass(frozen=True, slots=True)
class SendUpdate:
    """
    Attributes:
        is_repeat: it was sent before, and not acknowledged.
    """

    stream_id: StreamId
    update: StatusUpdate
    is_repeat: bool = False


@dataclass(frozen=True, slots=True)
class SendOperationUpdate:
    """
    Attributes:
        is_repeat: it was sent before, and not acknowledged.
    """

    stream_id: StreamId
    update: OperationUpdate
    is_repeat: bool = False


@dataclass(frozen=True, slots=True)
class AnnounceAgentFailure:
    stream_id: StreamId
    agent_id: AgentId


@dataclass(frozen=True, slots=True)
class AnnounceExecutorEnd:
    """
    Attributes:
        status: as wait(2) has it.
    """

    stream_id: StreamId
    agent_id: AgentId
    executor_id: ExecutorId
    status: int


@dataclass(frozen=True, slots=True)
class SendExecutorMessage:
    """What an executor says to its framework."""

    stream_id: StreamId
    agent_id: AgentId
    executor_id: ExecutorId
    data: bytes


@dataclass(frozen=True, slots=True)
class SendHeartbeat:
    stream_id: StreamId


@dataclass(frozen=True, slots=True)
class CloseFrameworkStream:
    """
    Attributes:
        error: told to the framework before the stream ends; "" if there is nothing to tell.
    """

    stream_id: StreamId
    error: str = ""


# To operators, and for the record


@dataclass(frozen=True, slots=True)
class AnswerOperator:
    request: int
    outcome: Outcome
    index: int


@dataclass(frozen=True, slots=True)
class NoteOperation:
    """For the log: a framework is told of one without an id only by what it is offered.

    Attributes:
        fault: why it was not done; "" if it was.
    """

    framework_id: FrameworkId
    agent_id: AgentId
    kind: str
    resources: str
    fault: str = ""


@dataclass(frozen=True, slots=True)
class CountOffers:
    """What became of offers, for the metrics.

    Attributes:
        fate: "accepted", "declined" or "rescinded".
    """

    fate: str
    offers: int = 1


LeaderEffect = (
    Propose
    | WelcomeAgent
    | RunTask
    | KillTask
    | PauseTask
    | PassToExecutor
    | ShutExecutorDown
    | TakeReport
    | PingAgent
    | TurnAgentAway
    | CloseAgentLink
    | ConfirmSubscription
    | SendOffers
    | RescindOffer
    | SendUpdate
    | SendOperationUpdate
    | AnnounceAgentFailure
    | AnnounceExecutorEnd
    | SendExecutorMessage
    | SendHeartbeat
    | CloseFrameworkStream
    | AnswerOperator
    | CountOffers
    | KeepVolumes
    | NoteOperation
)
