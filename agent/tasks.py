"""A task as its agent holds it, from the order to run it until its last report is taken."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

from agent.updates.stream import UpdateStream
from trimast.model.checks import Check, CheckResult, HealthCheck
from trimast.model.ids import ExecutorId, FrameworkId, TaskId
from trimast.model.status_update import StatusReason
from trimast.model.task import Limits, TaskInfo
from trimast.model.task_lifecycle import TaskState


class TaskKey(NamedTuple):
    framework_id: FrameworkId
    task_id: TaskId


GroupName = tuple[FrameworkId, ExecutorId, int]
"""The last is the fence, which all tasks of a group have in common."""


class Phase(StrEnum):
    ACCEPTED = "accepted"
    """Being written down; may not start before it is."""
    STARTING = "starting"
    """Its process was ordered; it may be there or not."""
    RECOVERING = "recovering"
    """It lived when an earlier life of the agent ended; what became of it is being asked."""
    RUNNING = "running"
    ENDED = "ended"
    """Its last report is made; held until a master takes that."""


@dataclass(slots=True)
class Kill:
    """
    Attributes:
        due_ms: when whatever is left of the task is ended by force.
        by_order: a framework wanted it; else it is the agent that stops.
        verdict: the agent ends it because it has failed, and this is why.
    """

    due_ms: int
    by_order: bool
    verdict: StatusReason | None = None


@dataclass(frozen=True, slots=True)
class WatchNotes:
    """What the agent watches a task for, beside its end.

    Attributes:
        environment, user: the task's, for the commands of its checks.
    """

    check: Check | None = None
    health_check: HealthCheck | None = None
    max_completion_ms: int | None = None
    environment: tuple[tuple[str, str], ...] = ()
    user: str = ""


@dataclass(frozen=True, slots=True)
class OverDisk:
    """What a task's files take, and what it asked for."""

    used_bytes: int
    limit_bytes: int


@dataclass(frozen=True, slots=True)
class TaskNotes:
    """What is kept of a task's description for the next life of the agent.

    Attributes:
        boot_id: of the kernel it was accepted under; "" if that was not noted.
        kill_grace_ms: its own; None if it names none.
        resources: as text, for people.
        ends_with_agent: its framework does not checkpoint.
        group: that it was launched with, by the name of the group's executor; it is a process of
            its own all the same.
        watch: None if there is nothing to watch it for.
        executor_id: of the executor that runs it; None if it is a process of its own.
        limits: of a task that an executor runs.
        has_own_network: nobody reaches it from outside.
        group_size: of how many of its fence the executor that runs it is to hear at once; 0 for one
            that is alone.
    """

    boot_id: str = ""
    kill_grace_ms: int | None = None
    name: str = ""
    resources: str = ""
    ends_with_agent: bool = False
    executor_id: ExecutorId | None = None
    watch: WatchNotes | None = None
    group: ExecutorId | None = None
    limits: Limits = ()
    has_own_network: bool = False
    group_size: int = 0


NO_NOTES: Final = TaskNotes()
ACKNOWLEDGED_MAX: Final = 1_000
"""Statuses of one task that masters have, and that its executor may still repeat: more than it can
have sent in the moment in which a connection breaks."""


class ProbeOf(StrEnum):
    HEALTH = "health"
    CHECK = "check"


@dataclass(slots=True)
class Probing:
    """
    Attributes:
        tries: how many were begun.
        failures: in a row.
        was_healthy: at any time.
    """

    began_ms: int
    tries: int = 0
    failures: int = 0
    was_healthy: bool = False


@dataclass(slots=True)
class Task:
    """
    Attributes:
        fence: log index of the accept that launched it.
        state: as in the newest report.
        notes: are written down with it.
        info: what to run; None for a task of an earlier life of the agent.
        user: runs it.
        role: that its resources were offered to; "" if that is not known.
        over_disk: why the agent ends it.
        wants_links, has_volumes: of one that an executor runs: its volumes are to be in the sandbox
            of that, and are.
        healthy, check: as its checks have it.
        probes: how far its checks are.
        acknowledged: statuses of its executor that masters have, and the executor may not know it.
        pid, start_ticks, boot_id: of the leader of its process group; 0 while there is none.
    """

    key: TaskKey
    fence: int
    phase: Phase
    state: TaskState = TaskState.STAGING
    notes: TaskNotes = NO_NOTES
    info: TaskInfo | None = None
    user: str = ""
    role: str = ""
    pid: int = 0
    start_ticks: int = 0
    boot_id: str = ""
    kill: Kill | None = None
    is_paused: bool = False
    over_disk: OverDisk | None = None
    wants_links: bool = False
    has_volumes: bool = False
    healthy: bool | None = None
    check: CheckResult | None = None
    probes: dict[ProbeOf, Probing] = field(default_factory=dict)
    stream: UpdateStream = field(default_factory=UpdateStream)
    acknowledged: dict[bytes, None] = field(default_factory=dict)

    def note_acknowledged(self, uuid: bytes) -> None:
        self.acknowledged[uuid] = None
        while len(self.acknowledged) > ACKNOWLEDGED_MAX:
            del self.acknowledged[next(iter(self.acknowledged))]

    @property
    def group(self) -> GroupName | None:
        if self.notes.group is None:
            return None
        return self.key.framework_id, self.notes.group, self.fence

    @property
    def launched_with(self) -> GroupName | None:
        """What its executor is to hear of together with it: after that, they are on their own."""
        if self.notes.executor_id is None or not self.notes.group_size:
            return None
        return self.key.framework_id, self.notes.executor_id, self.fence

    @property
    def is_handed_over(self) -> bool:
        """To its process or its executor; or it may have been."""
        return self.phase not in {Phase.ACCEPTED, Phase.STARTING}

    @property
    def is_live(self) -> bool:
        return self.phase is not Phase.ENDED
