"""Tasks are told what tasks of Mesos are told."""

from dataclasses import replace

import pytest

from agent.effects import StartProcess
from agent.events import RunTask, RunTasks
from agent.task_environment import task_environment
from tests.agent.one_agent import (
    ADDRESS,
    KEY,
    agent_with_running_task,
    new_agent,
    of_type,
    on_disk,
    said,
    task_info,
    welcomed_agent,
)
from trimast.model.checks import Check, HealthCheck, Probe, ProbeKind
from trimast.model.command import CommandInfo
from trimast.model.container import ContainerInfo, ImageInfo, Network
from trimast.model.executor import ExecutorInfo, ExecutorKind
from trimast.model.ids import ExecutorId
from trimast.model.task import TaskInfo

OF_GROUP = replace(task_info(), executor=ExecutorInfo(ExecutorId("g"), ExecutorKind.DEFAULT))
ROLE = ("MESOS_ALLOCATION_ROLE", "web/api")
IP = ("MESOS_CONTAINER_IP", ADDRESS)
IN_A_NETWORK = [
    ContainerInfo(network=Network.NONE),
    ContainerInfo(image=ImageInfo("busybox", network=Network.NONE)),
]


@pytest.mark.parametrize(
    ("info", "role", "told"),
    [
        (task_info(), "web/api", (ROLE,)),
        (task_info(), "", ()),
        (OF_GROUP, "web/api", (ROLE, IP)),
        (replace(OF_GROUP, container=ContainerInfo(image=ImageInfo("busybox"))), "", (IP,)),
        *((replace(OF_GROUP, container=each), "web/api", (ROLE,)) for each in IN_A_NETWORK),
    ],
)
def test_a_task_is_told_its_role_and_one_of_a_group_its_address(
    info: TaskInfo, role: str, told: tuple[tuple[str, str], ...]
) -> None:
    assert task_environment(new_agent().state, info, role) == told


def test_an_address_that_nobody_knows_is_not_told() -> None:
    state = new_agent().state
    state.address = ""
    assert task_environment(state, OF_GROUP, "") == ()


def test_what_the_task_names_wins() -> None:
    own = ("MESOS_ALLOCATION_ROLE", "mine")
    info = replace(task_info(), command=CommandInfo("true", environment=(own,)))
    assert dict(task_environment(new_agent().state, info, "web/api")) == dict([own])


def test_its_process_and_the_commands_of_its_checks_have_it() -> None:
    check = HealthCheck(Check(Probe(ProbeKind.COMMAND, command=CommandInfo("true"))))
    agent = welcomed_agent()
    info = replace(OF_GROUP, health_check=check)
    said(agent, RunTasks((RunTask(KEY, info, 7, "user", role="web/api"),)))
    [order] = of_type(on_disk(agent), StartProcess)
    assert isinstance(order, StartProcess)
    assert order.task == replace(info, command=replace(info.command, environment=(ROLE, IP)))
    watch = agent.state.tasks[KEY].notes.watch
    assert watch is not None
    assert watch.environment == (ROLE, IP)
    # As it was launched: that is what pages show, and what a master may send again.
    assert agent.state.tasks[KEY].info == info


def test_of_a_master_that_does_not_say_the_role_nothing_is_told() -> None:
    task = agent_with_running_task().state.tasks[KEY]
    assert task.info is not None
    assert (task.role, task.info.command.environment) == ("", ())
