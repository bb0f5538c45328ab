"""The smallest agent worth testing, and a few words to tell stories about it with."""

from collections.abc import Iterable
from dataclasses import dataclass

from agent.checkpoints.records import Record, TaskAccepted
from agent.container_names import container_id
from agent.dispatch import Agent
from agent.effects import AgentEffect, WriteRecords
from agent.events import (
    AgentEvent,
    LinkOpened,
    MasterSaid,
    Order,
    ProcessStarted,
    RecordsWritten,
    RunTask,
    RunTasks,
    Welcome,
)
from agent.recovering import recover
from agent.state import AgentRules
from agent.tasks import TaskKey, TaskNotes
from trimast.model.agent import AgentInfo
from trimast.model.container_status import ContainerStatus
from trimast.model.ids import AgentId, FrameworkId, MasterId, TaskId
from trimast.model.resources import Resources
from trimast.model.status_update import StatusReason, StatusSource, StatusUpdate
from trimast.model.task import CommandInfo, TaskInfo
from trimast.model.task_lifecycle import TaskState

AGENT = AgentId("agent-1")
MASTER = MasterId("m-1")
FRAMEWORK = FrameworkId("f")
KEY = TaskKey(FRAMEWORK, TaskId("t"))
OTHER = TaskKey(FRAMEWORK, TaskId("u"))
INFO = AgentInfo("host", 5051, Resources.of({"cpus": 4000}), boot_id="boot-1", version="1")
RULES = AgentRules()
ADDRESS = "10.0.0.1"
EPOCH = 3
LINK = 1
WALL_MS = 1_000
SILENCE_MS = 10_000


@dataclass(slots=True)
class CountedStamps:
    """The first report has the uuid of number 1, and so on."""

    made: int = 0

    def report_uuid(self) -> bytes:
        self.made += 1
        return uuid(self.made)

    def token(self) -> str:
        return "token"

    def wall_ms(self) -> int:
        return WALL_MS


def uuid(number: int) -> bytes:
    return number.to_bytes(16, "big")


def new_agent(rules: AgentRules = RULES) -> Agent:
    stamps = CountedStamps()
    state, _ = recover([], rules, INFO)
    state.address = ADDRESS
    return Agent(state, stamps)


def welcome(send_inventory: bool = False, agent_id: AgentId = AGENT) -> Welcome:
    return Welcome(agent_id, MASTER, SILENCE_MS, send_inventory)


def welcomed_agent(rules: AgentRules = RULES) -> Agent:
    """Its id and the epoch are on disk: batches 1 and 2."""
    agent = new_agent(rules)
    agent.handle(LinkOpened(LINK), 0)
    said(agent, welcome())
    on_disk(agent)
    on_disk(agent)
    return agent


def said(agent: Agent, order: Order, *, epoch: int = EPOCH, now_ms: int = 0) -> list[AgentEffect]:
    assert agent.state.link is not None
    return agent.handle(MasterSaid(agent.state.link.link_id, epoch, order), now_ms)


def on_disk(agent: Agent, now_ms: int = 0) -> list[AgentEffect]:
    """Everything that was to be written is."""
    return agent.handle(RecordsWritten(agent.state.batch_id), now_ms)


def task_info(key: TaskKey = KEY, kill_grace_ms: int | None = None) -> TaskInfo:
    cpus = Resources.of({"cpus": 100})
    return TaskInfo(key.task_id, "name", AGENT, cpus, CommandInfo("true"), kill_grace_ms)


def run_order(key: TaskKey = KEY, fence: int = 7, kill_grace_ms: int | None = None) -> RunTasks:
    return RunTasks((RunTask(key, task_info(key, kill_grace_ms), fence, "user"),))


def accepted(
    key: TaskKey = KEY,
    fence: int = 7,
    *,
    settled: int = 0,
    kill_grace_ms: int | None = None,
    boot_id: str = "boot-1",
) -> TaskAccepted:
    """The record of it."""
    notes = TaskNotes(boot_id, kill_grace_ms, "name", str(task_info().resources))
    return TaskAccepted(key, fence, settled, notes)


def started(key: TaskKey = KEY, fence: int = 7) -> ProcessStarted:
    return ProcessStarted(key, fence, pid=42, start_ticks=99)


def agent_with_running_task(rules: AgentRules = RULES, kill_grace_ms: int | None = None) -> Agent:
    """Reports 1 (STARTING) and 2 (RUNNING) are on disk and sent."""
    agent = welcomed_agent(rules)
    said(agent, run_order(kill_grace_ms=kill_grace_ms))
    on_disk(agent)
    agent.handle(started(), 0)
    on_disk(agent)
    return agent


def report(
    number: int,
    state: TaskState,
    *,
    key: TaskKey = KEY,
    fence: int = 7,
    sequence: int | None = None,
    source: StatusSource = StatusSource.EXECUTOR,
    reason: StatusReason | None = None,
    message: str = "",
    exit_code: int | None = None,
    signal: int | None = None,
) -> StatusUpdate:
    return StatusUpdate(
        framework_id=key.framework_id,
        task_id=key.task_id,
        agent_id=AGENT,
        state=state,
        source=source,
        timestamp_ms=WALL_MS,
        uuid=uuid(number),
        sequence=number if sequence is None else sequence,
        fence=fence,
        reason=reason,
        message=message,
        exit_code=exit_code,
        signal=signal,
        container=(
            ContainerStatus(container_id(key, fence), 42, ADDRESS)
            if state is TaskState.RUNNING
            else None
        ),
    )


STARTING = report(1, TaskState.STARTING)
RUNNING = report(2, TaskState.RUNNING)
FINISHED = report(3, TaskState.FINISHED, message="Command exited with status 0", exit_code=0)


def of_type(effects: Iterable[AgentEffect], *kinds: type) -> list[AgentEffect]:
    return [effect for effect in effects if isinstance(effect, kinds)]


def records_in(effects: Iterable[AgentEffect]) -> list[Record]:
    return [r for e in effects if isinstance(e, WriteRecords) for r in e.records]


def feed(agent: Agent, *events: AgentEvent, now_ms: int = 0) -> list[AgentEffect]:
    return [effect for event in events for effect in agent.handle(event, now_ms)]
