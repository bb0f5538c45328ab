"""The smallest executor worth testing, and a few words to tell stories about it with."""

from agent.dispatch import Agent
from agent.effects import AgentEffect
from agent.events import ProcessStarted, RunTask, RunTasks
from agent.executors.effects import ExecutorNews, TellExecutor
from agent.executors.events import ExecutorReported, ExecutorStatus, ExecutorSubscribed
from agent.executors.executor import ExecutorNotes, executor_key
from agent.tasks import TaskKey
from tests.agent.one_agent import AGENT, FRAMEWORK, KEY, on_disk, said, uuid, welcomed_agent
from trimast.model.command import CommandInfo
from trimast.model.executor import ExecutorInfo
from trimast.model.framework import FrameworkInfo
from trimast.model.ids import ExecutorId
from trimast.model.resources import Resources
from trimast.model.task import NO_COMMAND, TaskInfo
from trimast.model.task_lifecycle import TaskState

NAME = ExecutorId("x")
EXECUTOR = executor_key(FRAMEWORK, NAME)
WHO = FrameworkInfo(name="mine", checkpoint=True)
INFO = ExecutorInfo(NAME, command=CommandInfo("serve"), resources=Resources.of({"cpus": 50}))
NOTES = ExecutorNotes(INFO, WHO, "user", "token", "boot-1")
FENCE = 7


def task_of(key: TaskKey = KEY, info: ExecutorInfo = INFO) -> TaskInfo:
    cpus = Resources.of({"cpus": 100})
    return TaskInfo(key.task_id, "name", AGENT, cpus, NO_COMMAND, executor=info)


def run_by(key: TaskKey = KEY, fence: int = FENCE, info: ExecutorInfo = INFO) -> RunTasks:
    return RunTasks((RunTask(key, task_of(key, info), fence, "user", framework=WHO),))


def status(number: int, state: TaskState, key: TaskKey = KEY) -> ExecutorStatus:
    return ExecutorStatus(key.task_id, state, uuid(number), timestamp_ms=5)


def reports(agent: Agent, number: int, state: TaskState, key: TaskKey = KEY) -> list[AgentEffect]:
    return agent.handle(ExecutorReported(EXECUTOR, status(number, state, key)), 0)


def subscribes(agent: Agent, stream_id: int = 1, now_ms: int = 0) -> list[AgentEffect]:
    return agent.handle(ExecutorSubscribed(EXECUTOR, stream_id), now_ms)


def agent_with_starting_executor() -> Agent:
    agent = welcomed_agent()
    agent.state.endpoint = "127.0.0.1:5051"
    said(agent, run_by())
    on_disk(agent)
    agent.handle(executor_started(), 0)
    return agent


def executor_started() -> ProcessStarted:
    return ProcessStarted(EXECUTOR, FENCE, pid=42, start_ticks=99)


def agent_with_executor() -> Agent:
    """It is subscribed over stream 1, and has been given its task."""
    agent = agent_with_starting_executor()
    subscribes(agent)
    return agent


def told(effects: list[AgentEffect]) -> list[ExecutorNews]:
    return [effect.news for effect in effects if isinstance(effect, TellExecutor)]
