"""What is to be tried."""

from dataclasses import dataclass

from agent.tasks import ProbeOf, TaskKey
from trimast.model.checks import Probe
from trimast.model.ids import AgentId, ExecutorId


@dataclass(frozen=True, slots=True)
class RunProbe:
    """Ends in `ProbeEnded`, at the latest when its time is up.

    Attributes:
        environment, user, group: for a command.
    """

    agent_id: AgentId
    key: TaskKey
    fence: int
    of: ProbeOf
    number: int
    probe: Probe
    timeout_ms: int
    environment: tuple[tuple[str, str], ...] = ()
    user: str = ""
    group: ExecutorId | None = None
