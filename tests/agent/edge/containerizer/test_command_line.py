import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.edge.containerizer.command_line import (
    CannotStart,
    environment,
    program_and_arguments,
    user_of,
)
from agent.effects import StartProcess
from tests.agent.one_agent import AGENT, KEY, task_info
from trimast.model.ids import ExecutorId
from trimast.model.task import CommandInfo


def order(user: str = "", **command: Any) -> StartProcess:
    task = replace(task_info(), command=CommandInfo(**{"value": "true", **command}))
    return StartProcess(AGENT, KEY, 7, task, user)


def test_a_shell_line_goes_to_the_shell() -> None:
    command = CommandInfo("echo $X", arguments=("ignored",))
    assert program_and_arguments(command) == ("/bin/sh", ["sh", "-c", "echo $X"])


def test_a_program_sees_the_first_argument_as_its_name() -> None:
    command = CommandInfo("/bin/busybox", shell=False, arguments=("echo", "$X"))
    assert program_and_arguments(command) == ("/bin/busybox", ["echo", "$X"])


def test_a_program_without_arguments_sees_its_own_name() -> None:
    assert program_and_arguments(CommandInfo("ls", shell=False)) == ("ls", ["ls"])


def test_the_environment_tells_a_task_who_it_is_and_nothing_of_the_agent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SECRET_OF_THE_AGENT", "x")
    found = environment(order(), Path("/box"), None)
    assert found["MESOS_TASK_ID"] == found["TRIMAST_TASK_ID"] == "t"
    assert found["MESOS_SANDBOX"] == found["HOME"] == "/box"
    assert (found["MESOS_FRAMEWORK_ID"], found["MESOS_AGENT_ID"]) == ("f", "agent-1")
    assert "SECRET_OF_THE_AGENT" not in found


def test_what_the_task_names_wins() -> None:
    named = order(environment=(("PATH", "/x"), ("A", "1")))
    found = environment(named, Path("/box"), None)
    assert (found["PATH"], found["A"]) == ("/x", "1")


def test_without_a_user_it_is_the_agent_s_own() -> None:
    assert user_of(order()) is None


def test_a_user_nobody_knows_is_refused() -> None:
    with pytest.raises(CannotStart, match="user 'nobody-knows' is unknown on this machine"):
        user_of(order(user="nobody-knows"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_the_command_s_user_comes_before_the_framework_s() -> None:
    found = user_of(order(user="daemon"))
    assert found is not None
    assert found.name == "daemon"
    task = replace(task_info(), command=CommandInfo("true", user="nobody"))
    found = user_of(StartProcess(AGENT, KEY, 7, task, "daemon"))
    assert found is not None
    assert found.name == "nobody"


def test_only_root_can_run_as_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with pytest.raises(CannotStart, match="only an agent that runs as root"):
        user_of(order(user="daemon"))


def test_a_task_of_a_group_finds_the_group_s_executor_in_its_environment() -> None:
    one = replace(order(), group=ExecutorId("together"))
    assert environment(one, Path("/box"), None)["MESOS_EXECUTOR_ID"] == "together"
    assert environment(order(), Path("/box"), None)["MESOS_EXECUTOR_ID"] == "t"
