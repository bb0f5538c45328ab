"""A task of an executor is told of when its volumes are there."""

from dataclasses import replace

import pytest

from agent.dispatch import Agent
from agent.effects import AgentEffect, StartProcess
from agent.events import KillTask, KillTasks, RunTasks, VolumesLinked
from agent.executors.effects import Launch, LaunchGroup, LinkVolumes
from agent.tasks import TaskKey
from tests.agent.executors.one_executor import (
    EXECUTOR,
    FENCE,
    INFO,
    agent_with_executor,
    run_by,
    subscribes,
    told,
)
from tests.agent.one_agent import AGENT, KEY, OTHER, of_type, on_disk, said, welcomed_agent
from trimast.framework.reserving import create_volume
from trimast.model.ids import TaskId
from trimast.model.resource_kind import volumes_in
from trimast.model.status_update import StatusReason
from trimast.model.task_lifecycle import TaskState

VOLUME = create_volume("db", "files", "data", disk_mib=64).resources
WANTED = tuple(volumes_in(VOLUME))
THIRD = TaskKey(KEY.framework_id, TaskId("third"))


def with_volume(key: TaskKey, fence: int = 8, group_size: int = 0) -> RunTasks:
    [run] = run_by(key, fence=fence).tasks
    task = replace(run.task, resources=run.task.resources + VOLUME)
    return RunTasks((replace(run, task=task, group_size=group_size),))


def agent_with_waiting_task() -> tuple[Agent, list[AgentEffect]]:
    agent = agent_with_executor()
    said(agent, with_volume(OTHER))
    return agent, on_disk(agent)


def link(key: TaskKey = OTHER) -> LinkVolumes:
    return LinkVolumes(AGENT, key, 8, EXECUTOR, FENCE, WANTED)


def test_the_executor_hears_of_it_when_they_are_linked() -> None:
    agent, effects = agent_with_waiting_task()
    assert of_type(effects, LinkVolumes) == [link()]
    assert told(effects) == []
    assert of_type(subscribes(agent, 2), LinkVolumes) == [], "they are on their way"
    info = agent.state.tasks[OTHER].info
    assert info is not None
    linked = VolumesLinked(OTHER, 8)
    assert told(agent.handle(linked, 0)) == [Launch(info)]
    assert agent.handle(linked, 0) == []


def test_a_task_whose_volumes_are_not_there_has_failed() -> None:
    agent, _ = agent_with_waiting_task()
    agent.handle(VolumesLinked(OTHER, 8, "it is gone"), 0)
    end = agent.state.tasks[OTHER].stream.untaken[-1]
    assert (end.state, end.message) == (TaskState.FAILED, "it is gone")
    assert end.reason is StatusReason.CONTAINER_LAUNCH_FAILED


@pytest.mark.parametrize("fence", [7, 8])
def test_one_that_was_killed_meanwhile_is_told_to_nobody(fence: int) -> None:
    agent, _ = agent_with_waiting_task()
    said(agent, KillTasks((KillTask(OTHER, None),)))
    assert told(agent.handle(VolumesLinked(OTHER, fence), 0)) == []


def test_a_group_waits_for_the_last_of_them() -> None:
    agent = agent_with_executor()
    said(agent, RunTasks(with_volume(OTHER, group_size=2).tasks + in_group(THIRD).tasks))
    assert told(on_disk(agent)) == []
    [news] = told(agent.handle(VolumesLinked(OTHER, 8), 0))
    assert isinstance(news, LaunchGroup)
    assert [task.task_id for task in news.tasks] == [OTHER.task_id, THIRD.task_id]


def test_its_own_are_there_when_it_starts() -> None:
    agent = welcomed_agent()
    agent.state.endpoint = "127.0.0.1:5051"
    said(agent, run_by(info=replace(INFO, resources=INFO.resources + VOLUME)))
    [start] = of_type(on_disk(agent), StartProcess)
    assert isinstance(start, StartProcess)
    assert tuple(volumes_in(start.task.resources)) == WANTED


def in_group(key: TaskKey) -> RunTasks:
    [run] = run_by(key, fence=8).tasks
    return RunTasks((replace(run, group_size=2),))
