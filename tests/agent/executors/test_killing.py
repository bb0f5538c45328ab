"""Tasks of an executor are ended by it."""

from agent.effects import KillProcess, TerminateProcess
from agent.events import KillTask, KillTasks
from agent.executors.effects import EndTask
from tests.agent.executors.one_executor import agent_with_executor, told
from tests.agent.one_agent import KEY, of_type, said


def test_the_executor_is_asked_with_the_time_that_the_order_gives() -> None:
    agent = agent_with_executor()
    effects = said(agent, KillTasks((KillTask(KEY, 500),)))
    assert told(effects) == [EndTask(KEY.task_id, 500)]
    assert of_type(effects, TerminateProcess, KillProcess) == []
    assert told(said(agent, KillTasks((KillTask(KEY, None),)))) == [EndTask(KEY.task_id, None)]
