"""What a task may not ask for together."""

from dataclasses import replace

import pytest

from trimast.framework import command_task
from trimast.model.checks import Check, HealthCheck, Probe, ProbeKind
from trimast.model.command import CommandInfo
from trimast.model.container import ContainerInfo, ImageInfo, Network
from trimast.model.task import TaskInfo
from trimast.model.task_rules import fault_of_task

ALONE = command_task("t", "true", container=ContainerInfo(network=Network.NONE))
ALONE_WITH_IMAGE = replace(
    ALONE, container=ContainerInfo(image=ImageInfo("alpine", network=Network.NONE))
)
BY_TCP = Check(Probe(ProbeKind.TCP, port=80))
BY_COMMAND = Check(Probe(ProbeKind.COMMAND, CommandInfo("true")))


@pytest.mark.parametrize("task", [ALONE, ALONE_WITH_IMAGE])
def test_nobody_can_knock_from_outside(task: TaskInfo) -> None:
    for checked in (replace(task, check=BY_TCP), replace(task, health_check=HealthCheck(BY_TCP))):
        fault = fault_of_task(checked)
        assert fault is not None
        assert "cannot be checked by HTTP or TCP" in fault


@pytest.mark.parametrize(
    "task",
    [
        ALONE,
        replace(ALONE, check=BY_COMMAND),
        replace(ALONE, container=None, check=BY_TCP),
        replace(ALONE, container=ContainerInfo(image=ImageInfo("alpine")), check=BY_TCP),
    ],
)
def test_the_rest_is_fine(task: TaskInfo) -> None:
    assert fault_of_task(task) is None
