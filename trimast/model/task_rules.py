"""What a task may not ask for together, though each of it alone is fine.

Asked of what frameworks launch, and not of what is in the log: that was decided by the rules of
its time.
"""

from trimast.model.checks import ProbeKind
from trimast.model.container import Network
from trimast.model.task import TaskInfo, network_of


def fault_of_task(task: TaskInfo) -> str | None:
    """None if there is none."""
    health = None if task.health_check is None else task.health_check.check
    checks = [check for check in (task.check, health) if check is not None]
    if network_of(task) is Network.NONE and any(
        check.probe.kind is not ProbeKind.COMMAND for check in checks
    ):
        return "Task in a network of its own cannot be checked by HTTP or TCP from outside of it"
    return None
