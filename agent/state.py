"""All that an agent holds in memory."""

from collections import deque
from dataclasses import dataclass, field
from typing import Protocol

from agent.alarms import Alarms
from agent.checkpoints.records import AgentDescribed
from agent.events import MasterSaid
from agent.executors.executor import Executor
from agent.tasks import GroupName, Task, TaskKey
from trimast.model.agent import AgentInfo
from trimast.model.ids import AgentId, MasterId


class Stamps(Protocol):
    """What a report carries beside what happened. A test, or a simulation, brings its own."""

    def report_uuid(self) -> bytes:
        """16 bytes that no other report has."""

    def token(self) -> str:
        """What nobody can guess."""

    def wall_ms(self) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRules:
    """The part of the settings that decisions depend on; see `config.py`."""

    kill_grace_ms: int = 3_000
    silence_max_ms: int = 10_000
    resend_first_ms: int = 10_000
    resend_most_ms: int = 600_000
    stop_flush_ms: int = 2_000
    ended_max: int = 10_000
    held_orders_max: int = 1_000
    executor_registration_ms: int = 60_000
    executor_return_ms: int = 2_000
    executor_shutdown_grace_ms: int = 5_000
    executor_idle_ms: int = 60_000


@dataclass(slots=True)
class Link:
    """
    Attributes:
        heard_ms: when the master last said something.
        master_id: set once it has welcomed the agent.
    """

    link_id: int
    heard_ms: int
    silence_max_ms: int
    master_id: MasterId | None = None


@dataclass(slots=True)
class Stopping:
    """
    Attributes:
        end_tasks: and not the agent alone.
        flush_until_ms: set once no task lives; until then the last reports may still be taken.
    """

    exit_code: int
    why: str
    end_tasks: bool
    give_up_ms: int
    flush_until_ms: int | None = None
    is_done: bool = False


@dataclass(frozen=True, slots=True)
class EpochWritten:
    epoch: int


@dataclass(frozen=True, slots=True)
class StartAllowed:
    key: TaskKey
    fence: int


@dataclass(frozen=True, slots=True)
class ReportsWritten:
    key: TaskKey
    fence: int
    sequence: int


@dataclass(frozen=True, slots=True)
class ExecutorEndWritten:
    key: TaskKey
    fence: int


Consequence = EpochWritten | StartAllowed | ReportsWritten | ExecutorEndWritten
"""What follows once a batch of records is on disk."""


@dataclass(slots=True)
class AgentState:
    """
    Attributes:
        described: as it is written down.
        epoch_seen, epoch_written: the highest epoch heard of, and the highest that is on disk.
        held_orders: came with an epoch that is not on disk yet.
        tasks: every task with a report that no master has taken, in order of acceptance.
        executors: by framework and their own id, see `executor_key`.
        endpoint: where executors reach the agent, `ip:port`; "" until it listens.
        address: of the machine, as others reach it; "" if that is not known.
        broken_groups: of which a task has ended otherwise than well; the rest is about to.
        by_uuid: whose report it is.
        ended: tasks that are settled, with the fence of each; bounded, oldest first.
        unwritten: batches of records on their way to the disk, oldest first.
    """

    rules: AgentRules
    info: AgentInfo
    agent_id: AgentId | None = None
    described: AgentDescribed | None = None
    epoch_seen: int = 0
    epoch_written: int = 0
    link: Link | None = None
    held_orders: deque[MasterSaid] = field(default_factory=deque)
    tasks: dict[TaskKey, Task] = field(default_factory=dict)
    executors: dict[TaskKey, Executor] = field(default_factory=dict)
    endpoint: str = ""
    address: str = ""
    broken_groups: list[GroupName] = field(default_factory=list)
    by_uuid: dict[bytes, TaskKey] = field(default_factory=dict)
    ended: dict[TaskKey, int] = field(default_factory=dict)
    unwritten: deque[tuple[int, tuple[Consequence, ...]]] = field(default_factory=deque)
    batch_id: int = 0
    alarms: Alarms = field(default_factory=Alarms)
    stopping: Stopping | None = None

    @property
    def is_welcome(self) -> bool:
        """There is a link, and the leader at its other end knows this agent."""
        return self.link is not None and self.link.master_id is not None
