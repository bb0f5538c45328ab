"""An executor comes, leaves, and comes back."""

from agent.checkpoints.compacting import records_of
from agent.dispatch import Agent
from agent.effects import FindProcess
from agent.events import DeadlinePassed, KillTask, KillTasks, LinkOpened, TakeReports
from agent.executors.effects import (
    Acknowledged,
    CloseExecutorStream,
    EndTask,
    Launch,
    Shutdown,
    Subscribed,
)
from agent.executors.events import ExecutorSubscribed, ExecutorUnsubscribed
from agent.recovering import recover
from tests.agent.executors.one_executor import (
    EXECUTOR,
    FENCE,
    NOTES,
    agent_with_executor,
    agent_with_starting_executor,
    executor_started,
    reports,
    status,
    subscribes,
    task_of,
    told,
)
from tests.agent.one_agent import (
    AGENT,
    FRAMEWORK,
    INFO,
    KEY,
    LINK,
    RULES,
    CountedStamps,
    of_type,
    on_disk,
    said,
    uuid,
    welcome,
)
from trimast.model.status_update import StatusReason
from trimast.model.task_lifecycle import TaskState


def restarted(agent: Agent) -> tuple[Agent, list[object]]:
    """Killed, and back with what a compacted journal says; its executor is found, and is silent."""
    state, effects = recover(records_of(agent.state), RULES, INFO)
    again = Agent(state, CountedStamps(made=100))
    again.handle(LinkOpened(LINK), 0)
    said(again, welcome())
    on_disk(again)
    on_disk(again)
    again.handle(executor_started(), 0)
    return again, list(effects)


def test_whom_it_works_for_comes_first_then_its_tasks() -> None:
    agent = agent_with_starting_executor()
    assert told(subscribes(agent)) == [Subscribed(FRAMEWORK, NOTES, FENCE), Launch(task_of())]


def test_a_second_stream_closes_the_first_and_repeats_no_task() -> None:
    agent = agent_with_executor()
    effects = subscribes(agent, stream_id=2)
    assert of_type(effects, CloseExecutorStream) == [CloseExecutorStream(EXECUTOR, 1)]
    assert told(effects) == [Subscribed(FRAMEWORK, NOTES, FENCE)]
    assert agent.handle(ExecutorUnsubscribed(EXECUTOR, 1), 0) == []


def test_one_that_is_not_known_is_hung_up_on() -> None:
    agent = agent_with_executor()
    del agent.state.executors[EXECUTOR]
    assert subscribes(agent, stream_id=2) == [CloseExecutorStream(EXECUTOR, 2)]


def test_one_whose_task_was_killed_meanwhile_is_told_to_end() -> None:
    agent = agent_with_starting_executor()
    said(agent, KillTasks((KillTask(KEY, None),)))
    assert Shutdown() in told(subscribes(agent))
    assert agent.state.tasks[KEY].state is TaskState.KILLED


def test_a_restarted_agent_looks_for_the_process() -> None:
    _, effects = restarted(agent_with_executor())
    assert FindProcess(AGENT, EXECUTOR, FENCE, 42, 99, "boot-1") in effects


def test_after_a_restart_one_that_has_nothing_to_do_still_has_its_time() -> None:
    agent = agent_with_executor()
    reports(agent, 50, TaskState.FINISHED)
    on_disk(agent)
    said(agent, TakeReports((uuid(50),)))
    agent, _ = restarted(agent)
    effects = agent.handle(ExecutorSubscribed(EXECUTOR, 9), 0)
    assert told(effects) == [Subscribed(FRAMEWORK, NOTES, FENCE)]
    assert told(agent.handle(DeadlinePassed(), RULES.executor_idle_ms)) == [Shutdown()]


def test_after_a_restart_a_task_that_the_executor_has_goes_on() -> None:
    agent, _ = restarted(agent_with_executor())
    event = ExecutorSubscribed(EXECUTOR, 9, frozenset({KEY.task_id}))
    assert told(agent.handle(event, 0)) == [Subscribed(FRAMEWORK, NOTES, FENCE)]
    assert agent.state.tasks[KEY].is_live


def test_after_a_restart_a_task_that_it_never_heard_of_is_dropped() -> None:
    agent, _ = restarted(agent_with_executor())
    agent.handle(ExecutorSubscribed(EXECUTOR, 9), 0)
    last = agent.state.tasks[KEY].stream.untaken[-1]
    assert (last.state, last.reason) == (TaskState.DROPPED, StatusReason.AGENT_RESTARTED)


def test_after_a_restart_a_status_is_reported_once() -> None:
    agent = agent_with_executor()
    reports(agent, 50, TaskState.STARTING)
    on_disk(agent)
    agent, _ = restarted(agent)
    statuses = (status(50, TaskState.STARTING), status(51, TaskState.RUNNING))
    agent.handle(ExecutorSubscribed(EXECUTOR, 9, statuses=statuses), 0)
    assert [u.uuid for u in agent.state.tasks[KEY].stream.untaken] == [uuid(50), uuid(51)]


def test_after_a_restart_a_status_that_was_taken_is_only_acknowledged() -> None:
    agent = agent_with_executor()
    reports(agent, 50, TaskState.RUNNING)
    on_disk(agent)
    said(agent, TakeReports((uuid(50),)))
    agent, _ = restarted(agent)
    event = ExecutorSubscribed(EXECUTOR, 9, statuses=(status(50, TaskState.RUNNING),))
    assert Acknowledged(KEY.task_id, uuid(50)) in told(agent.handle(event, 0))
    assert agent.state.tasks[KEY].stream.untaken == []
    assert agent.state.tasks[KEY].is_live


def test_a_kill_that_it_may_not_have_heard_is_repeated() -> None:
    agent = agent_with_executor()
    agent.handle(ExecutorUnsubscribed(EXECUTOR, 1), 0)
    assert told(said(agent, KillTasks((KillTask(KEY, None),)))) == []
    assert EndTask(KEY.task_id, None) in told(subscribes(agent, stream_id=2))
