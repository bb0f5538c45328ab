"""Tasks are held and go on, and say so."""

from dataclasses import replace

import pytest

from agent.dispatch import Agent
from agent.effects import PauseProcess, RefusalOfOrder, RefuseOrder, SendReports
from agent.events import KillTask, KillTasks, PauseTask, PauseTasks, ProcessPaused
from agent.tasks import TaskKey
from tests.agent.one_agent import (
    EPOCH,
    KEY,
    LINK,
    OTHER,
    agent_with_running_task,
    on_disk,
    report,
    run_order,
    said,
    welcomed_agent,
)
from trimast.model.task_lifecycle import TaskState


def pause(paused: bool = True, key: TaskKey = KEY) -> PauseTasks:
    return PauseTasks((PauseTask(key, paused),))


def told(agent: Agent, paused: bool) -> list[object]:
    """What comes of it once it is so."""
    effects = agent.handle(ProcessPaused(KEY, 7, paused), 0)
    return [*effects[1:], *on_disk(agent)] if effects else []


def test_a_task_that_runs_is_paused_and_says_so_once_it_is() -> None:
    agent = agent_with_running_task()
    assert said(agent, pause()) == [PauseProcess(KEY, 7, True)]
    paused = replace(report(3, TaskState.RUNNING, message="Paused"), is_paused=True)
    assert told(agent, True) == [SendReports(LINK, (paused,))]
    assert told(agent, True) == []
    assert said(agent, pause(False)) == [PauseProcess(KEY, 7, False)]
    goes_on = report(4, TaskState.RUNNING, message="Goes on after a pause")
    assert told(agent, False) == [SendReports(LINK, (goes_on,))]


def test_what_is_not_there_is_not_paused() -> None:
    agent = welcomed_agent()
    unknown = RefuseOrder(RefusalOfOrder.TASK_UNKNOWN, EPOCH, OTHER)
    assert said(agent, pause(key=OTHER)) == [unknown]
    said(agent, run_order())
    assert said(agent, pause()) == [RefuseOrder(RefusalOfOrder.NOT_RUNNING, EPOCH, KEY, 7)]


@pytest.mark.parametrize("paused", [True, False])
def test_what_is_to_end_is_not_paused_any_more(paused: bool) -> None:
    agent = agent_with_running_task()
    said(agent, KillTasks((KillTask(KEY, None),)))
    assert said(agent, pause(paused)) == [RefuseOrder(RefusalOfOrder.NOT_RUNNING, EPOCH, KEY, 7)]
