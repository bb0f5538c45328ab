"""An executor as its agent holds it, from the first task for it until its process is gone."""

from dataclasses import dataclass, field

from agent.tasks import Kill, Phase, TaskKey
from trimast.model.executor import ExecutorInfo
from trimast.model.framework import FrameworkInfo
from trimast.model.ids import ExecutorId, FrameworkId, TaskId
from trimast.model.status_update import StatusReason


def executor_key(framework_id: FrameworkId, executor_id: ExecutorId) -> TaskKey:
    """What its process is called by: as a task's is, with its own id in the place of the task's.

    The fence tells it from a task that happens to be called the same.
    """
    return TaskKey(framework_id, TaskId(executor_id))


@dataclass(frozen=True, slots=True)
class ExecutorNotes:
    """What is written down of an executor.

    Attributes:
        user: runs it.
        token: whoever says it is this executor must know it.
        boot_id: of the kernel it was accepted under.
        ends_with_agent: its framework does not checkpoint.
    """

    info: ExecutorInfo
    framework: FrameworkInfo
    user: str
    token: str
    boot_id: str = ""
    ends_with_agent: bool = False


@dataclass(slots=True)
class Executor:
    """
    Attributes:
        fence: of the task that it was started for.
        tasks: that have not ended.
        stream_id: over which it is told things; None while it is not subscribed.
        was_subscribed: in this life of the agent.
        is_of_earlier_life: it has not come back since the agent has.
        ending: it was asked to end.
        is_resized: its tasks are not those that it was last bounded for.
        verdict: why its tasks fail, if it ends for a reason of its own.
    """

    key: TaskKey
    fence: int
    phase: Phase
    notes: ExecutorNotes
    tasks: dict[TaskKey, None] = field(default_factory=dict)
    stream_id: int | None = None
    was_subscribed: bool = False
    is_of_earlier_life: bool = False
    is_resized: bool = True
    ending: Kill | None = None
    verdict: StatusReason | None = None
    pid: int = 0
    start_ticks: int = 0
    boot_id: str = ""

    @property
    def executor_id(self) -> ExecutorId:
        return self.notes.info.executor_id
