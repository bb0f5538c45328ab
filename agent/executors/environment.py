"""What an executor finds in its environment, beside what every process does."""

from agent.executors.executor import Executor
from agent.state import AgentState

RECOVERY_TIMEOUT = "15mins"
"""How long an executor should look for an agent that has gone."""
SUBSCRIPTION_BACKOFF_MAX = "2secs"


def executor_environment(state: AgentState, executor: Executor) -> tuple[tuple[str, str], ...]:
    """As the executors of Mesos expect it; ids and sandbox are there for every process."""
    notes = executor.notes
    variables = [
        ("MESOS_AGENT_ENDPOINT", state.endpoint),
        ("MESOS_SLAVE_PID", f"slave(1)@{state.endpoint}"),
        ("MESOS_FRAMEWORK_ID", executor.key.framework_id),
        ("MESOS_EXECUTOR_ID", executor.executor_id),
        ("MESOS_CHECKPOINT", "1" if notes.framework.checkpoint else "0"),
        ("MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD", duration_text(shutdown_grace_ms(state, executor))),
        ("MESOS_EXECUTOR_AUTHENTICATION_TOKEN", notes.token),
        ("MESOS_HTTP_COMMAND_EXECUTOR", "0"),
        ("LIBPROCESS_IP", state.endpoint.rpartition(":")[0]),
        ("LIBPROCESS_PORT", "0"),
    ]
    if notes.framework.checkpoint:
        variables += [
            ("MESOS_RECOVERY_TIMEOUT", RECOVERY_TIMEOUT),
            ("MESOS_SUBSCRIPTION_BACKOFF_MAX", SUBSCRIPTION_BACKOFF_MAX),
        ]
    return tuple(variables)


def shutdown_grace_ms(state: AgentState, executor: Executor) -> int:
    own_ms = executor.notes.info.shutdown_grace_ms
    return state.rules.executor_shutdown_grace_ms if own_ms is None else own_ms


def duration_text(milliseconds: int) -> str:
    """As Mesos writes durations: in the largest unit that it is a whole number of."""
    for unit_ms, unit in (
        (86_400_000, "days"),
        (3_600_000, "hrs"),
        (60_000, "mins"),
        (1000, "secs"),
    ):
        if milliseconds and milliseconds % unit_ms == 0:
            return f"{milliseconds // unit_ms}{unit}"
    return f"{milliseconds}ms"
