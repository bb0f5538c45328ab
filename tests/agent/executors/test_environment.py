"""The environment that executors of Mesos rely on."""

import pytest

from agent.executors.environment import duration_text, executor_environment
from tests.agent.executors.one_executor import EXECUTOR, agent_with_executor


def test_it_names_the_agent_the_executor_and_the_times() -> None:
    agent = agent_with_executor()
    assert dict(executor_environment(agent.state, agent.state.executors[EXECUTOR])) == {
        "MESOS_AGENT_ENDPOINT": "127.0.0.1:5051",
        "MESOS_SLAVE_PID": "slave(1)@127.0.0.1:5051",
        "MESOS_FRAMEWORK_ID": "f",
        "MESOS_EXECUTOR_ID": "x",
        "MESOS_CHECKPOINT": "1",
        "MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD": "5secs",
        "MESOS_EXECUTOR_AUTHENTICATION_TOKEN": "token",
        "MESOS_HTTP_COMMAND_EXECUTOR": "0",
        "LIBPROCESS_IP": "127.0.0.1",
        "LIBPROCESS_PORT": "0",
        "MESOS_RECOVERY_TIMEOUT": "15mins",
        "MESOS_SUBSCRIPTION_BACKOFF_MAX": "2secs",
    }


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0, "0ms"),
        (1, "1ms"),
        (1500, "1500ms"),
        (5000, "5secs"),
        (120_000, "2mins"),
        (3_600_000, "1hrs"),
        (172_800_000, "2days"),
    ],
)
def test_durations_are_as_mesos_writes_them(milliseconds: int, text: str) -> None:
    assert duration_text(milliseconds) == text
